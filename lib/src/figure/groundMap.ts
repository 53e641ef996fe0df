/** An image and its relevance map where they lie on Earth, with the coordinates of their reference system. */
import type { Georeference } from '../dataset/patch.js';
import { createSheet, drawPixels, encodePng } from './canvas.js';
import { magnitude, type Pixels } from './colour.js';
import { escapeText, type Figure, pack, type Trace } from './plotly.js';
import { axis, baseLayout, divergingScale, positiveScale } from './theme.js';

export interface GroundMapOptions {
  readonly title: string;
  /** Pixels of the picture and of the map. */
  readonly width: number;
  readonly height: number;
  /** Where the image lies; default: the axes count pixels. */
  readonly georeference?: Georeference;
  /** True colours, shown left of the map. */
  readonly picture: Pixels;
  /** Whether the colour bar has a negative half; default: where a value is below 0. */
  readonly signed?: boolean;
  /** Quantile of |relevance| at the end of the colour scale; default: 0.99. */
  readonly quantile?: number;
  /** Unit of the map; default: logit. */
  readonly unit?: string;
}

/** Where pixels lie along an axis, in the unit that its title names. */
interface Scale {
  readonly title: string;
  /** Outer edge of the first pixel. */
  readonly start: number;
  /** Signed size of a pixel. */
  readonly step: number;
  readonly format: string;
}

/** Kilometres for projected systems, degrees for geographic ones (EPSG 4000 to 4999), pixels where there is no place. */
function scalesOf(georeference: Georeference | undefined): readonly [x: Scale, y: Scale] {
  if (georeference === undefined) {
    const pixels = { start: -0.5, step: 1, format: 'd' };
    return [
      { title: 'column (pixels)', ...pixels },
      { title: 'row (pixels)', ...pixels },
    ];
  }
  const { left, top, pixelSize, epsg = 0 } = georeference;
  const isGeographic = epsg >= 4000 && epsg < 5000;
  const divisor = isGeographic ? 1 : 1000;
  const format = isGeographic ? '.3f' : '.1f';
  const [x, y] = isGeographic ? ['longitude (°)', 'latitude (°)'] : ['easting (km)', 'northing (km)'];
  return [
    { title: x, start: left / divisor, step: pixelSize[0] / divisor, format },
    { title: y, start: top / divisor, step: -pixelSize[1] / divisor, format },
  ];
}

/**
 * The picture and the map side by side on the same ground.
 * @param map [height x width], row-major
 */
export function groundMap(
  map: ArrayLike<number>,
  {
    title,
    width,
    height,
    georeference,
    picture,
    signed = Array.from(map).some((value) => value < 0),
    quantile = 0.99,
    unit = 'logit',
  }: GroundMapOptions,
): Figure {
  const [x, y] = scalesOf(georeference);
  const limit = magnitude(map, quantile) || 1;
  const sheet = createSheet(width, height);
  drawPixels(sheet, picture, { width, height }, 0, 0);
  const scaleAxis = (scale: Scale, count: number): Record<string, unknown> => ({
    ...axis(scale.title, {
      ...{ tickformat: scale.format, nticks: 6, showgrid: false, zeroline: false, automargin: false },
    }),
    range: [scale.start, scale.start + count * scale.step],
  });
  // Rows are counted from the top, northings from the bottom: plotly.js turns the axis as its range says.
  const xRange = scaleAxis(x, width);
  const yRange = scaleAxis(y, height);
  if (georeference === undefined) yRange.range = [height - 0.5, -0.5];
  else yRange.range = [y.start + height * y.step, y.start];
  const margin = { l: 84, r: 100, t: 88, b: 60 };
  const plotWidth = 850 - margin.l - margin.r;
  const share = 0.48;
  const side = plotWidth * share;
  const data: Trace[] = [
    {
      // An axis without a trace is not drawn, and its picture neither.
      ...{ type: 'scatter', mode: 'markers', x: [x.start], y: [y.start], marker: { opacity: 0 } },
      ...{ hoverinfo: 'skip', showlegend: false },
    },
    {
      ...{ type: 'heatmap', z: pack(Float32Array.from(map), height), xaxis: 'x2', yaxis: 'y2' },
      ...{ x0: x.start + x.step / 2, dx: x.step, y0: y.start + y.step / 2, dy: y.step },
      ...{ zmin: signed ? -limit : 0, zmax: limit, colorscale: signed ? divergingScale : positiveScale },
      colorbar: { title: { text: `relevance (${unit})`, side: 'right', font: { size: 12 } }, thickness: 14 },
      hovertemplate: `%{x}, %{y}: %{z}<extra></extra>`,
    },
  ];
  const system = georeference?.epsg === undefined ? 'no EPSG code' : `EPSG:${georeference.epsg}`;
  const note = `${georeference === undefined ? 'no place on Earth' : system}; relevance cut off at its ${100 * quantile} % quantile`;
  const captions = ['True colour (B04, B03, B02)', 'Relevance'].map((text, i) => ({
    ...{ text, showarrow: false, font: { size: 12 }, xref: 'paper', yref: 'paper' },
    ...{ x: i * (1 - share), y: 1, xanchor: 'left', yanchor: 'bottom' },
  }));
  const layout = {
    ...baseLayout(`${escapeText(title)}<br><span style="font-size:12px">${note}</span>`, {
      height: Math.round(margin.t + margin.b + (side * height) / width),
    }),
    margin,
    xaxis: { ...xRange, domain: [0, share] },
    yaxis: yRange,
    xaxis2: { ...xRange, domain: [1 - share, 1], anchor: 'y2' },
    yaxis2: { ...yRange, anchor: 'x2', showticklabels: false, title: undefined },
    images: [
      {
        source: `data:image/png;base64,${Buffer.from(encodePng(sheet)).toString('base64')}`,
        ...{ xref: 'x', yref: 'y', x: x.start, y: y.start, sizing: 'stretch', layer: 'below' },
        ...{ sizex: Math.abs(width * x.step), sizey: Math.abs(height * y.step) },
      },
    ],
    annotations: captions,
    showlegend: false,
  };
  return { data, layout, description: `${title}: picture and relevance map, ${system}.` };
}
