/** Colour maps for relevance, and the stretch that shows Sentinel-2 bands in true colour. */

/** Red, green, blue in 0 to 255, row-major, three bytes a pixel. */
export type Pixels = Uint8ClampedArray;

/** A colour map from [0, 1] to a colour. */
export type ColourMap = (position: number) => readonly [red: number, green: number, blue: number];

/** Linear interpolation between colours at equal distances. */
function interpolate(...colours: readonly string[]): ColourMap {
  const stops = colours.map((colour) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)));
  return (position) => {
    const scaled = Math.min(1, Math.max(0, position)) * (stops.length - 1);
    const index = Math.min(stops.length - 2, Math.floor(scaled));
    const [low, high] = [stops[index], stops[index + 1]];
    const mix = (channel: number): number => low[channel] + (high[channel] - low[channel]) * (scaled - index);
    return [mix(0), mix(1), mix(2)];
  };
}

/** For counts and shares. Perceptually uniform, black to light yellow: 13 samples of matplotlib's "magma". */
export const sequential = interpolate(
  ...['#000004', '#100b2d', '#2c115f', '#51127c', '#721f81', '#932b80', '#b73779'],
  ...['#d8456c', '#f1605d', '#fc8961', '#feb078', '#fed799', '#fcfdbf'],
);

/** For relevance. Blue, white in the middle, red: 13 samples of ColorBrewer's "RdBu", reversed, with a pure white. */
export const diverging = interpolate(
  ...['#053061', '#1c5c9f', '#3783bb', '#6bacd1', '#a7d0e4', '#d7e8f1', '#ffffff'],
  ...['#fcdfcf', '#f7b799', '#e48066', '#c94741', '#a51429', '#67001f'],
);

/** Where a value is not a number. */
const missing = [128, 160, 128] as const;

/**
 * The magnitude that a map's colours end at: the given quantile of its absolute values, so that a few extreme pixels
 * do not hide the rest; their maximum where the quantile is 0. 0 for an all-zero map. Values that are not finite do
 * not count.
 */
export function magnitude(map: ArrayLike<number>, quantile = 0.99): number {
  const sorted = Float64Array.from(Array.from(map).filter(Number.isFinite), Math.abs).sort();
  if (sorted.length === 0) return 0;
  return sorted[Math.floor(quantile * (sorted.length - 1))] || (sorted.at(-1) ?? 0);
}

/**
 * Paints a relevance map, from -limit (blue) over 0 (white) to limit (red), whether the method has negative values or
 * not: one scale for all maps. An all-zero map (limit 0) is white; a value that is not a number is grey-green.
 * @param limit default: the magnitude of the map
 */
export function paintMap(
  map: ArrayLike<number>,
  { limit = magnitude(map) }: { readonly limit?: number } = {},
): Pixels {
  const pixels = new Uint8ClampedArray(3 * map.length);
  for (let i = 0; i < map.length; i++) {
    const value = limit > 0 ? map[i] / limit : Number.isNaN(map[i]) ? Number.NaN : 0;
    const colour = Number.isNaN(value) ? missing : diverging((value + 1) / 2);
    pixels.set(colour, 3 * i);
  }
  return pixels;
}

/** Digital numbers (reflectance x 10,000) that are shown as black and as white. */
export interface Stretch {
  readonly low: number;
  readonly high: number;
}

/**
 * A true-colour picture from the red, green and blue bands, each [height x width]. `gamma` brightens the dark: 1 is
 * linear.
 */
export function paintTrueColour(
  [red, green, blue]: readonly [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>],
  { low, high }: Stretch,
  gamma = 1,
): Pixels {
  const pixels = new Uint8ClampedArray(3 * red.length);
  const shown = (value: number): number =>
    255 * Math.min(1, Math.max(0, (value - low) / (high - low))) ** (1 / gamma);
  for (let i = 0; i < red.length; i++) pixels.set([shown(red[i]), shown(green[i]), shown(blue[i])], 3 * i);
  return pixels;
}

/**
 * Darkens the picture outside a mask and draws the mask's inner edge in yellow.
 * @param mask height x width, not 0 where the class is
 * @param outside brightness that is left outside the mask: 1 draws the edge alone
 */
export function paintMask(
  picture: Pixels,
  mask: ArrayLike<number>,
  width: number,
  { outside = 0.35 }: { readonly outside?: number } = {},
): Pixels {
  const pixels = new Uint8ClampedArray(picture);
  const inside = (i: number): boolean => i >= 0 && i < mask.length && mask[i] !== 0;
  for (let i = 0; i < mask.length; i++) {
    if (!inside(i)) {
      for (let k = 3 * i; k < 3 * i + 3; k++) pixels[k] = picture[k] * outside;
      continue;
    }
    const column = i % width;
    const isEdge =
      (column > 0 && !inside(i - 1)) ||
      (column < width - 1 && !inside(i + 1)) ||
      (i >= width && !inside(i - width)) ||
      (i + width < mask.length && !inside(i + width));
    if (isEdge) pixels.set([255, 225, 60], 3 * i);
  }
  return pixels;
}
