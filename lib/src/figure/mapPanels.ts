/** Pictures, relevance maps and maps over pictures side by side, the colours of the maps on one scale. */
import type { Patch } from '../dataset/patch.js';
import { failAt } from '../error.js';
import type { Tensor } from '../tensor.js';
import { oneLine } from '../text.js';
import { magnitude, type Pixels, paintMask } from './colour.js';
import { encodeIndexedPng } from './indexedPng.js';
import { paintPatch } from './patchPicture.js';
import { escapeText, type Figure, pack, type Trace, wrapText } from './plotly.js';
import { baseLayout, divergingOverlay, divergingScale } from './theme.js';

/** A picture alone, a map alone, or the map over the picture. */
export interface Panel {
  readonly title: string;
  /** A patch in true colour, or pixels [height x width]. */
  readonly picture?: Patch | Pixels;
  /** Outlined on the picture, which is darker outside: one value per pixel, not 0 inside, as `maskOf` gives it. */
  readonly mask?: ArrayLike<number>;
  /** Relevance as `relevance` gives it, [height, width] or [1, height, width], or its bare values. */
  readonly map?: Tensor | ArrayLike<number>;
  /** Pixels; default: those of the map's or the picture's shape, else of a square. */
  readonly width?: number;
  readonly height?: number;
  /** Whose maps share a colour scale where `scale` is 'method'. */
  readonly method?: string;
}

export interface MapPanelsOptions {
  /** Default: none. */
  readonly title?: string;
  /** Panels per row; default: 4, or as many as there are. */
  readonly columns?: number;
  /**
   * What shares one colour scale, symmetric around 0: all maps (the default), those of one row, those of one method, or
   * each map by itself. The figure says which.
   */
  readonly scale?: 'shared' | 'row' | 'method' | 'each';
  /** Quantile of |relevance| at the end of the colour scale: a few extreme pixels must not hide the rest. Default: 0.99. */
  readonly quantile?: number;
  /** Width of the whole figure in pixels; default: 850, less for a single column. */
  readonly width?: number;
  /** Alternative text; default: the title and those of the panels. */
  readonly description?: string;
}

/** A panel in plain numbers. */
interface DrawnPanel {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly picture?: Pixels;
  readonly map?: ArrayLike<number>;
  readonly method?: string;
}

const isPatch = (picture: Patch | Pixels): picture is Patch => 'image' in picture;
const isTensor = (map: Tensor | ArrayLike<number>): map is Tensor => 'shape' in map;

/** Height and width of a shape whose leading dimensions are 1. */
function sidesOf(shape: readonly number[], where: string): readonly [height: number, width: number] {
  const [height, width] = shape.slice(-2);
  if (shape.length >= 2 && shape.slice(0, -2).every((dimension) => dimension === 1)) return [height, width];
  const fail = failAt(where, 'Give one panel per map: rows(map, 0), rows(map, 1), …');
  throw fail('a panel shows one map', '[height, width] or [1, height, width]', `[${shape.join(', ')}]`);
}

function drawnPanel({ title, picture, mask, map, method, ...given }: Panel): DrawnPanel {
  const where = `mapPanels, panel "${oneLine(title)}"`;
  const pixels = picture === undefined ? undefined : isPatch(picture) ? paintPatch(picture).pixels : picture;
  const values = map === undefined ? undefined : isTensor(map) ? map.data : map;
  const count = values?.length ?? (pixels?.length ?? 0) / 3;
  const square = Math.sqrt(count);
  const [height, width] =
    map !== undefined && isTensor(map)
      ? sidesOf(map.shape, where)
      : picture !== undefined && isPatch(picture)
        ? picture.image.shape.slice(1)
        : [given.height ?? square, given.width ?? square];
  const isWhole = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  for (const [what, length] of [
    ['map', values?.length],
    ['picture', pixels && pixels.length / 3],
    ['mask', mask?.length],
  ] as const) {
    if (isWhole && (length ?? width * height) === width * height) continue;
    throw failAt(where)(
      `the ${what} has another size than its panel`,
      isWhole ? `${height} x ${width} pixels` : 'width and height of the panel, or a Tensor',
      `${length} values`,
    );
  }
  return {
    ...{ title, width, height },
    ...(pixels && {
      picture: mask === undefined ? pixels : paintMask(pixels, mask, width, { outside: 0.6 }),
    }),
    ...(values && { map: values }),
    ...(method !== undefined && { method }),
  };
}

const scaleNotes = {
  shared: 'all maps on one scale',
  row: 'one scale per row',
  method: 'one scale per method: compare strengths within a method, patterns between methods',
  each: 'each map on its own scale: compare patterns, not strengths',
} as const;

/** RGB pixels as a PNG data address. */
function pictureUrl(pixels: Pixels, width: number, height: number): string {
  const opaque = new Uint8Array(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++) opaque.set(pixels.subarray(3 * i, 3 * i + 3), 4 * i);
  return `data:image/png;base64,${Buffer.from(encodeIndexedPng(opaque, { width, height })).toString('base64')}`;
}

/**
 * Means of 2 x 2 pixels: an overlay is looked at for its place, and the map beside it has every pixel. Maps with an odd
 * side stay as they are.
 */
function halve(
  map: ArrayLike<number>,
  width: number,
  height: number,
): { readonly values: ArrayLike<number>; readonly step: 1 | 2 } {
  if (width % 2 !== 0 || height % 2 !== 0 || width < 64) return { values: map, step: 1 };
  const values = Float32Array.from({ length: map.length / 4 }, (_, i) => {
    const corner = 2 * width * Math.floor((2 * i) / width) + ((2 * i) % width);
    return (map[corner] + map[corner + 1] + map[corner + width] + map[corner + width + 1]) / 4;
  });
  return { values, step: 2 };
}

/**
 * Pictures and relevance maps in rows: blue for negative, white for no and red for positive relevance, in percent of the
 * end of the colour scale, where it is cut off.
 * @throws InputError if a map or picture does not have the size of its panel
 * @example await show(mapPanels([{ title: 'Grad-CAM', picture: patch, map: relevance(attribution) }]));
 */
export function mapPanels(
  shown: readonly Panel[],
  {
    title = '',
    columns = Math.max(1, Math.min(4, shown.length)),
    scale = 'shared',
    quantile = 0.99,
    width = Math.min(850, 110 + 370 * columns),
    description = [title, ...shown.map((panel) => panel.title)].filter((text) => text !== '').join('; '),
  }: MapPanelsOptions = {},
): Figure {
  const panels = shown.map(drawnPanel);
  const rows = Math.ceil(panels.length / columns);
  const hasMaps = panels.some(({ map }) => map !== undefined);
  const [marginLeft, marginRight, gapX] = [12, hasMaps ? 96 : 12, 8];
  const side = (width - marginLeft - marginRight - gapX * (columns - 1)) / columns;
  const wrap = (text: string): string => wrapText(text, Math.floor(side / 7));
  const titleLines = Math.max(1, ...panels.map((panel) => wrap(panel.title).split('<br>').length));
  const figureTitle = wrapText(title, Math.floor(width / 9));
  const figureTitleLines = figureTitle.split('<br>').length;
  const margin = { l: marginLeft, r: marginRight, t: 40 + 20 * figureTitleLines + 15 * titleLines, b: 14 };
  const gapY = 10 + 15 * titleLines;
  const aspect = Math.max(...panels.map((panel) => panel.height / panel.width));
  const height = margin.t + margin.b + rows * side * aspect + gapY * (rows - 1);
  const [plotWidth, plotHeight] = [width - margin.l - margin.r, height - margin.t - margin.b];

  const limitOf = (chosen: readonly DrawnPanel[]): number =>
    Math.max(0, ...chosen.map(({ map }) => (map === undefined ? 0 : magnitude(map, quantile))));
  const limitAt = (index: number): number => {
    if (scale === 'each') return limitOf([panels[index]]);
    if (scale === 'shared') return limitOf(panels);
    if (scale === 'method') return limitOf(panels.filter(({ method }) => method === panels[index].method));
    const start = index - (index % columns);
    return limitOf(panels.slice(start, start + columns));
  };

  const data: Trace[] = [];
  const images: Record<string, unknown>[] = [];
  const annotations: Record<string, unknown>[] = [];
  const axes: Record<string, unknown> = {};
  // One bar serves all: that of a map beside its picture where there is one, whose colours are not transparent.
  const firstMap = panels.findIndex(({ map, picture }) => map !== undefined && picture === undefined);
  const barAt = firstMap >= 0 ? firstMap : panels.findIndex(({ map }) => map !== undefined);
  panels.forEach((panel, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    const name = index === 0 ? '' : String(index + 1);
    const left = (column * (side + gapX)) / plotWidth;
    const top = 1 - (row * (side * aspect + gapY)) / plotHeight;
    const hidden = { visible: false, fixedrange: false };
    axes[`xaxis${name}`] = {
      ...hidden,
      domain: [left, Math.min(1, left + side / plotWidth)],
      range: [-0.5, panel.width - 0.5],
      anchor: `y${name}`,
    };
    axes[`yaxis${name}`] = {
      ...hidden,
      domain: [Math.max(0, top - (side * aspect) / plotHeight), top],
      range: [panel.height - 0.5, -0.5],
      anchor: `x${name}`,
    };
    annotations.push({
      text: wrap(panel.title),
      showarrow: false,
      font: { size: 12 },
      align: 'left',
      ...{ xref: 'paper', yref: 'paper', x: left, y: top, xanchor: 'left', yanchor: 'bottom' },
    });
    const { map, picture } = panel;
    if (picture !== undefined) {
      images.push({
        source: pictureUrl(picture, panel.width, panel.height),
        ...{ xref: `x${name}`, yref: `y${name}`, x: -0.5, y: -0.5 },
        ...{ sizex: panel.width, sizey: panel.height, sizing: 'stretch', layer: 'below' },
      });
    }
    if (map === undefined) {
      // An axis without a trace is not drawn, and its picture neither.
      data.push({
        ...{ type: 'scatter', mode: 'markers', x: [0], y: [0], marker: { opacity: 0 } },
        ...{ xaxis: `x${name}`, yaxis: `y${name}`, hoverinfo: 'skip', showlegend: false },
      });
      return;
    }
    const limit = limitAt(index);
    const isOverlay = picture !== undefined;
    const { values, step } = isOverlay ? halve(map, panel.width, panel.height) : { values: map, step: 1 };
    const percent = Int8Array.from(values, (value) =>
      limit > 0 ? Math.max(-100, Math.min(100, Math.round((100 * value) / limit))) : 0,
    );
    data.push({
      type: 'heatmap',
      z: pack(percent, panel.height / step),
      ...{ x0: (step - 1) / 2, dx: step, y0: (step - 1) / 2, dy: step },
      ...{ xaxis: `x${name}`, yaxis: `y${name}`, zmin: -100, zmax: 100 },
      colorscale: isOverlay ? divergingOverlay : divergingScale,
      showscale: index === barAt,
      colorbar: {
        title: {
          // The long text needs the height of two rows.
          text: plotHeight < 280 ? 'relevance, %' : 'relevance, % of the end of the scale',
          ...{ side: 'right', font: { size: 12 } },
        },
        ...{
          thickness: 14,
          len: Math.min(1, 260 / plotHeight),
          lenmode: 'fraction',
          y: 1,
          yanchor: 'top',
          x: 1.01,
        },
      },
      hovertemplate: `column %{x}, row %{y}: %{z} %<extra>${escapeText(panel.title)}</extra>`,
    });
  });
  const shownTitle = hasMaps
    ? `${figureTitle}${title === '' ? '' : '<br>'}<span style="font-size:12px">${scaleNotes[scale]}, ends at the ${100 * quantile} % quantile of |relevance|</span>`
    : figureTitle;
  const layout = {
    ...baseLayout(shownTitle, { width, height: Math.round(height) }),
    ...axes,
    margin,
    images,
    annotations,
    showlegend: false,
  };
  return { data, layout, description };
}
