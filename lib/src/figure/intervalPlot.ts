/** Correlations with their 95 % intervals below each other (a forest plot), and what others state beside them. */
import { escapeText, type Figure, wrapText } from './plotly.js';
import { axis, baseLayout, ink, ours, palette } from './theme.js';

export interface IntervalRow {
  readonly name: string;
  readonly r: number;
  readonly low: number;
  readonly high: number;
  /** What a publication states for the same numbers. */
  readonly stated?: number;
  readonly colour?: string;
}

export interface IntervalPlotOptions {
  readonly title: string;
  /** Name of the stated values in the legend. */
  readonly statedBy?: string;
}

/** First row on top. */
export function intervalPlot(
  rows: readonly IntervalRow[],
  { title, statedBy = 'as stated in the paper' }: IntervalPlotOptions,
): Figure {
  const labels = rows.map(({ name, r }) => `${wrapText(name, 44)}  <b>${r.toFixed(2)}</b>`);
  const stated = rows.flatMap((row, i) =>
    row.stated === undefined ? [] : [{ x: row.stated, y: labels[i] }],
  );
  const lows = rows.map(({ low }) => low);
  const data = [
    {
      ...{ type: 'scatter', mode: 'markers', name: 'r with its 95 % interval' },
      ...{ x: rows.map(({ r }) => r), y: labels },
      marker: { color: rows.map(({ colour = ours }) => colour), size: 10 },
      error_x: {
        ...{ type: 'data', symmetric: false, color: '#7a7a7a', thickness: 1.5, width: 4 },
        array: rows.map(({ high, r }) => high - r),
        arrayminus: rows.map(({ low, r }) => r - low),
      },
    },
    ...(stated.length === 0
      ? []
      : [
          {
            ...{ type: 'scatter', mode: 'markers', name: escapeText(statedBy) },
            ...{ x: stated.map(({ x }) => x), y: stated.map(({ y }) => y) },
            marker: { color: palette[1], size: 13, symbol: 'x-thin', line: { color: palette[1], width: 3 } },
          },
        ]),
  ];
  const layout = {
    ...baseLayout(escapeText(title), { height: 140 + 27 * rows.length }),
    margin: { l: 60, r: 24, t: 78, b: 56 },
    xaxis: axis('Pearson’s r', { range: [Math.min(-0.1, ...lows) - 0.04, 1.03], dtick: 0.25 }),
    yaxis: axis('', { title: undefined, autorange: 'reversed', ticks: '' }),
    legend: { orientation: 'h', x: 0, y: 1.01, yanchor: 'bottom', font: { size: 12, color: ink } },
  };
  const values = rows.map(
    ({ name, r, low, high }) => `${name} ${r.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`,
  );
  return { data, layout, description: `${title}. ${values.join('; ')}.` };
}
