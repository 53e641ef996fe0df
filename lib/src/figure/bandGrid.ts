/** The bands of a patch side by side, each at the resolution that it was taken at. */
import { bandResolution, bandWavelength, type Patch, sentinel2Bands } from '../dataset/patch.js';
import { escapeText, type Figure, pack, type Trace } from './plotly.js';
import { baseLayout } from './theme.js';

interface NativeBand {
  readonly name: string;
  /** Wavelength and resolution, where they are known. */
  readonly caption: string;
  readonly side: number;
  /** [side x side], reflectance x 10,000 */
  readonly values: Float32Array;
}

/** The mean of each block of factor x factor pixels: [side x side] to [side / factor x side / factor]. */
export function blockMean(band: Float32Array, side: number, factor: number): Float32Array {
  const small = Math.floor(side / factor);
  const means = new Float32Array(small * small);
  for (let y = 0; y < small * factor; y++)
    for (let x = 0; x < small * factor; x++)
      means[Math.floor(y / factor) * small + Math.floor(x / factor)] += band[y * side + x] / factor ** 2;
  return means;
}

function nativeBand({ image, bands }: Pick<Patch, 'image' | 'bands'>, index: number): NativeBand {
  const side = image.shape[1];
  const band = image.data.subarray(index * side * side, (index + 1) * side * side);
  const known = sentinel2Bands.find((name) => name === bands[index]);
  if (known === undefined) return { name: bands[index], caption: '', side, values: band };
  const metres = bandResolution[known];
  const factor = metres / 10;
  return {
    name: known,
    caption: `${bandWavelength[known]} nm, ${metres} m`,
    side: Math.floor(side / factor),
    values: blockMean(band, side, factor),
  };
}

/** The reflectances that are drawn black and white: a band's 1 % and 99 % quantiles. */
function stretchOf(values: Float32Array): readonly [low: number, high: number] {
  const sorted = values.toSorted();
  const [low, high] = [0.01, 0.99].map((quantile) => sorted[Math.round(quantile * (sorted.length - 1))]);
  return [low, Math.max(high, low + 1)];
}

/**
 * Bands of 20 m and 60 m are drawn as the mean over each of their own pixels, which the data set had enlarged to 10 m.
 * Black and white are the 1 % and 99 % quantiles of each band, written below its name as reflectance (0 to 1).
 */
export function bandGrid(
  patch: Pick<Patch, 'image' | 'bands'>,
  {
    title,
    columns = 6,
    width = 850,
  }: { readonly title: string; readonly columns?: number; readonly width?: number },
): Figure {
  const bands = patch.bands.map((_, index) => nativeBand(patch, index));
  const rows = Math.ceil(bands.length / columns);
  const margin = { l: 12, r: 12, t: 104, b: 12 };
  const [gapX, gapY] = [10, 56];
  const side = (width - margin.l - margin.r - gapX * (columns - 1)) / columns;
  const plotWidth = width - margin.l - margin.r;
  const plotHeight = rows * side + gapY * (rows - 1);
  const data: Trace[] = [];
  const axes: Record<string, unknown> = {};
  const annotations = bands.map(({ name, caption, side: pixels, values }, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    const suffix = index === 0 ? '' : String(index + 1);
    const left = (column * (side + gapX)) / plotWidth;
    const top = 1 - (row * (side + gapY)) / plotHeight;
    const [low, high] = stretchOf(values);
    axes[`xaxis${suffix}`] = {
      ...{ visible: false, domain: [left, Math.min(1, left + side / plotWidth)], anchor: `y${suffix}` },
      range: [-0.5, pixels - 0.5],
    };
    axes[`yaxis${suffix}`] = {
      ...{ visible: false, domain: [Math.max(0, top - side / plotHeight), top], anchor: `x${suffix}` },
      range: [pixels - 0.5, -0.5],
    };
    data.push({
      type: 'heatmap',
      z: pack(
        Int16Array.from(values, (value) => Math.min(32767, Math.round(value))),
        pixels,
      ),
      ...{ xaxis: `x${suffix}`, yaxis: `y${suffix}`, zmin: low, zmax: high, showscale: false },
      colorscale: [
        [0, '#000000'],
        [1, '#ffffff'],
      ],
      hovertemplate: `column %{x}, row %{y}: %{z} / 10 000<extra>${escapeText(name)}</extra>`,
    });
    return {
      text: `<b>${escapeText(name)}</b><br>${caption}<br>${(low / 10_000).toFixed(3)} to ${(high / 10_000).toFixed(3)}`,
      ...{ showarrow: false, font: { size: 12 }, align: 'left' },
      ...{ xref: 'paper', yref: 'paper', x: left, y: top, xanchor: 'left', yanchor: 'bottom' },
    };
  });
  return {
    data,
    layout: {
      ...baseLayout(
        `${escapeText(title)}<br><span style="font-size:12px">each band at its own resolution; black to white: reflectance at its 1 % to 99 % quantile, as written</span>`,
        { width, height: Math.round(margin.t + margin.b + plotHeight) },
      ),
      ...axes,
      margin,
      annotations,
    },
    description: `${title}. ${bands.map(({ name, caption }) => `${name} ${caption}`).join('; ')}.`,
  };
}
