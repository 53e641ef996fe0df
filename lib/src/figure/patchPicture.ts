/** A patch as a picture in true colour. */
import type { Display, Patch } from '../dataset/patch.js';
import { failAt } from '../error.js';
import { magnitude, type Pixels, paintTrueColour } from './colour.js';

export const gamma = 1.4;
const trueColour = ['B04', 'B03', 'B02'] as const;

export type Pictured = Pick<Patch, 'name' | 'bands' | 'image' | 'display'>;

/** The values of one band, [height x width]. @throws InputError where the patch lacks it */
export function bandOf({ name, bands, image }: Pictured, band: string): Float32Array {
  const index = bands.indexOf(band);
  if (index < 0) throw failAt(name)(`no band ${band}`, undefined, bands.join(' '));
  const [, height, width] = image.shape;
  return image.data.subarray(index * height * width, (index + 1) * height * width);
}

/** As the patch says, else from reflectance 0 (black) to that of the brightest half per cent, but at least 0.1 (white). */
export function trueColourStretch(patch: Pictured): Display {
  if (patch.display) return patch.display;
  const brightest = trueColour.map((band) => magnitude(bandOf(patch, band), 0.995));
  return { low: 0, high: Math.max(1000, ...brightest), gamma };
}

export interface PatchPicture {
  readonly pixels: Pixels;
  readonly caption: string;
  readonly note: string;
}

/**
 * The true colours of a patch.
 * @param stretch that of another patch, where the two are to be compared
 */
export function paintPatch(patch: Pictured, stretch = trueColourStretch(patch)): PatchPicture {
  const [red, green, blue] = trueColour.map((band) => bandOf(patch, band));
  const { low, high } = stretch;
  return {
    pixels: paintTrueColour([red, green, blue], stretch, stretch.gamma),
    caption: 'True colour (B04, B03, B02)',
    note: patch.display
      ? `Values ${low} to ${high}`
      : `Reflectance ${low / 10_000} to ${(high / 10_000).toFixed(2)}, gamma ${stretch.gamma}`,
  };
}
