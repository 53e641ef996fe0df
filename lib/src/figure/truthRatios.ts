/** How much of each method's relevance lies on a known thing, by method and question: dots on log axes. */
import { type Figure, wrapText } from './plotly.js';
import { axis, baseLayout, palette } from './theme.js';

export interface TruthDots {
  /** Title of the column. */
  readonly question: string;
  /** One per method, in the order of the rows; undefined where it was not measured. */
  readonly methods: readonly {
    readonly method: string;
    /** Share of the relevance by share of the area, over all images; 1 is an even spread. */
    readonly ratio: number;
    /** The same of each image. */
    readonly single: readonly number[];
  }[];
}

/**
 * One column per question, all with the same rows and the same axis; large dots are means, small ones single images.
 * A ratio below `lowest` is drawn there.
 */
export function truthRatios(
  columns: readonly TruthDots[],
  {
    title,
    lowest = 0.05,
    description = title,
  }: { readonly title: string; readonly lowest?: number; readonly description?: string },
): Figure {
  const rows = columns[0]?.methods.map(({ method }) => method) ?? [];
  const position = new Map(rows.map((method, i) => [method, i]));
  const all = columns.flatMap(({ methods }) => methods.flatMap(({ ratio, single }) => [ratio, ...single]));
  const highest = Math.max(2, ...all.filter(Number.isFinite));
  const range = [Math.log10(lowest) - 0.08, Math.log10(highest) + 0.12];
  const ticks = [0.1, 0.3, 1, 3, 10, 30, 100].filter((tick) => tick > lowest && tick <= highest);
  const shown = (value: number): number => Math.max(lowest, value);
  const name = (column: number): string => (column === 0 ? '' : String(column + 1));
  const gap = 0.03;
  const width = (1 - gap * (columns.length - 1)) / Math.max(1, columns.length);
  const left = (column: number): number => column * (width + gap);

  const data = columns.flatMap(({ methods }, column) => {
    const axes = { xaxis: `x${name(column)}`, yaxis: 'y', showlegend: false };
    const y = methods.map(({ method }) => position.get(method) ?? -1);
    const isEvenOrLess = ({ ratio }: { readonly ratio: number }): boolean => ratio <= 1;
    return [
      {
        ...{ type: 'scatter', mode: 'markers', ...axes, hoverinfo: 'skip' },
        x: methods.flatMap(({ single }) => single.map(shown)),
        y: methods.flatMap(({ single }, i) => single.map(() => y[i])),
        marker: { color: '#9a9a9a', size: 6, opacity: 0.8 },
      },
      {
        ...{ type: 'scatter', mode: 'markers', ...axes },
        ...{ x: methods.map(({ ratio }) => shown(ratio)), y },
        marker: {
          size: 12,
          color: methods.map((row) => (isEvenOrLess(row) ? '#ffffff' : palette[0])),
          line: { color: palette[0], width: 2 },
        },
        text: methods.map(({ method, ratio }) => `${method}: ${ratio.toFixed(2)}`),
        hovertemplate: '%{text}<extra></extra>',
      },
    ];
  });
  const layout = {
    ...baseLayout(title, { height: 190 + 25 * rows.length }),
    yaxis: axis('', {
      ...{ tickvals: rows.map((_, i) => i), ticktext: rows.map((row) => wrapText(row, 40)) },
      ...{ range: [rows.length - 0.4, -0.6], ticks: '', zeroline: false },
    }),
    ...Object.fromEntries(
      columns.map((_, column) => [
        `xaxis${name(column)}`,
        axis(
          column === Math.floor((columns.length - 1) / 2)
            ? 'share of the relevance / share of the area (log)'
            : '',
          {
            ...{ type: 'log', range, tickvals: ticks, ticktext: ticks.map(String), zeroline: false },
            domain: [left(column), left(column) + width],
            anchor: 'y',
          },
        ),
      ]),
    ),
    annotations: columns.map(({ question }, column) => ({
      ...{ text: wrapText(question, 26), showarrow: false, align: 'left', font: { size: 12 } },
      ...{ xref: 'paper', yref: 'paper', x: left(column), y: 1.01, xanchor: 'left', yanchor: 'bottom' },
    })),
    // What a random map gets.
    shapes: columns.map((_, column) => ({
      ...{ type: 'line', xref: `x${name(column)}`, yref: 'paper', x0: 1, x1: 1, y0: 0, y1: 1 },
      ...{ line: { color: '#1a1a1a', width: 1.5, dash: 'dot' }, layer: 'below' },
    })),
    margin: { l: 60, r: 24, t: 100, b: 60 },
  };
  return { data, layout, description };
}
