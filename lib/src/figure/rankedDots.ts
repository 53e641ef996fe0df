/** Methods in the order of their mean, with a dot for every image, so that the spread shows beside the order. */
import { escapeText, type Figure } from './plotly.js';
import { axis, baseLayout, ink, ours } from './theme.js';

export interface RankedRow {
  readonly name: string;
  /** One value an image. */
  readonly values: readonly number[];
}

export interface RankedDotsOptions {
  readonly title: string;
  /** What is measured, with its unit. */
  readonly quantity: string;
  /** Drawn as a line across all rows. */
  readonly reference?: { readonly name: string; readonly value: number };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Lowest mean on top. */
export function rankedDots(
  rows: readonly RankedRow[],
  { title, quantity, reference }: RankedDotsOptions,
): Figure {
  const sorted = [...rows].sort((a, b) => mean(a.values) - mean(b.values));
  const labels = sorted.map(({ name, values }) => `${escapeText(name)}  <b>${mean(values).toFixed(1)}</b>`);
  const data = [
    {
      ...{ type: 'scatter', mode: 'markers', name: 'one image' },
      x: sorted.flatMap(({ values }) => values.map((value) => Number(value.toFixed(3)))),
      y: sorted.flatMap(({ values }, i) => values.map(() => labels[i])),
      marker: { color: ours, opacity: 0.35, size: 8 },
    },
    {
      ...{ type: 'scatter', mode: 'markers', name: 'mean (in bold)' },
      x: sorted.map(({ values }) => Number(mean(values).toFixed(3))),
      y: labels,
      marker: { color: ink, size: 13, symbol: 'line-ns-open', line: { width: 3 } },
    },
  ];
  const top = Math.max(...sorted.flatMap(({ values }) => values), reference?.value ?? 0);
  const layout = {
    ...baseLayout(escapeText(title), { height: 120 + 30 * rows.length }),
    xaxis: axis(quantity, { range: [0, 1.04 * top], zeroline: false }),
    yaxis: axis('', { title: undefined, autorange: 'reversed', ticks: '' }),
    legend: { orientation: 'h', x: 0, xanchor: 'left', y: 1.01, yanchor: 'bottom', font: { size: 12 } },
    margin: { l: 60, r: 24, t: 76, b: 56 },
    ...(reference && {
      shapes: [
        {
          ...{ type: 'line', x0: reference.value, x1: reference.value, yref: 'paper', y0: 0, y1: 1 },
          line: { color: ink, width: 1.5, dash: 'dash' },
        },
      ],
      annotations: [
        {
          text: `${escapeText(reference.name)} ${reference.value.toFixed(1)}`,
          ...{ x: reference.value, yref: 'paper', y: 1, yanchor: 'bottom' },
          xanchor: reference.value > top / 2 ? 'right' : 'left',
          ...{ showarrow: false, font: { size: 12 }, bgcolor: 'rgba(255,255,255,0.8)' },
        },
      ],
    }),
  };
  const order = sorted.map(({ name, values }) => `${name} ${mean(values).toFixed(1)}`).join(', ');
  return { data, layout, description: `${title}. ${order}.` };
}
