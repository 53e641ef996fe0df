/** How all figures look: colours that colour-blind readers can tell apart, fonts, axes, margins. */

import { isJsonObject } from '../io/json.js';
import { oneLine } from '../text.js';
import { type ColourMap, diverging, sequential } from './colour.js';
import { describeFigure } from './describe.js';
import type { Figure, PlotlyFigure } from './plotly.js';

/** Okabe and Ito's palette, told apart under all common kinds of colour blindness; yellow last, it is faint on white. */
export const palette = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#e69f00',
  '#000000',
  '#f0e442',
] as const;

/** Of text. */
export const ink = '#1a1a1a';
const grid = '#e3e3e3';

/** An axis with a title that carries its unit. */
export const axis = (
  title: string,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> => ({ title: { text: title }, ...more });

/** A title and a size. GitHub shows a notebook's pictures about 850 pixels wide. */
export const baseLayout = (
  title: string,
  { width = 850, height = 420 }: { readonly width?: number; readonly height?: number } = {},
): Record<string, unknown> & { readonly width: number; readonly height: number } => ({
  ...{ width, height, title: { text: title } },
});

/** A colour map as plotly.js takes it, optionally fading to transparent where `alpha` says so. */
function colourScale(
  map: ColourMap,
  alpha: (position: number) => number = () => 1,
): readonly (readonly [number, string])[] {
  const stops = 24;
  return Array.from({ length: stops + 1 }, (_, i) => {
    const position = i / stops;
    const channels = map(position).map(Math.round).join(',');
    return [position, `rgba(${channels},${alpha(position).toFixed(3)})`] as const;
  });
}

/** Relevance and other values around 0: blue, white at 0, red. */
export const divergingScale = colourScale(diverging);

/** Relevance without negative values: the red half of `divergingScale`. */
export const positiveScale = colourScale((position) => diverging((1 + position) / 2));

/** Counts and shares: black at 0 to light yellow. */
export const sequentialScale = colourScale(sequential);

/** The same over a picture: transparent at 0, so that the picture shows through where there is no relevance. */
export const divergingOverlay = colourScale(diverging, (position) =>
  Math.min(1, 3 * Math.abs(position - 0.5)),
);

const axisTheme = {
  ...{ automargin: true, gridcolor: grid, zerolinecolor: '#9a9a9a', linecolor: '#9a9a9a' },
  ...{ ticks: 'outside', tickcolor: '#9a9a9a', title: { standoff: 12, font: { size: 13 } } },
};

/** What a figure has where it does not say otherwise, as Plotly's own template: it lies beneath the figure's layout. */
const template = {
  layout: {
    font: { family: 'DejaVu Sans, Verdana, sans-serif', size: 13, color: ink },
    title: {
      font: { size: 16 },
      ...{ x: 0.014, xanchor: 'left', y: 1, yref: 'container', yanchor: 'top', pad: { t: 18 } },
    },
    ...{ paper_bgcolor: '#ffffff', plot_bgcolor: '#ffffff', colorway: palette.slice(0, 7) },
    hoverlabel: { namelength: -1 },
    ...{ xaxis: axisTheme, yaxis: axisTheme },
  },
  data: { heatmap: [{ colorscale: sequentialScale }] },
};

/** Titles given as text, which Plotly 3 no longer takes. */
function withTitles(layout: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(layout).map(([name, value]) => {
      if (name === 'title' && typeof value === 'string') return [name, { text: value }];
      if (/^[xy]axis\d*$/.test(name) && isJsonObject(value)) return [name, withTitles(value)];
      return [name, value];
    }),
  );
}

/** A figure with landlens's fonts, colours and margins beneath its own layout, a size, and alternative text. */
export function completeFigure({ data, layout = {}, description }: PlotlyFigure): Figure {
  const own = withTitles(layout);
  const { title } = own;
  const text = isJsonObject(title) && typeof title.text === 'string' ? title.text : '';
  const top = text === '' ? 24 : 36 + 20 * text.split('<br>').length;
  const { width = 850, height = 420, margin } = own;
  const complete = {
    template,
    ...own,
    width: Number(width),
    height: Number(height),
    margin: { l: 60, r: 24, t: top, b: 56, ...(isJsonObject(margin) && margin) },
  };
  return {
    data: data.map((trace) => ({ ...trace })),
    layout: complete,
    description: oneLine(description ?? describeFigure({ data, layout: own })),
  };
}
