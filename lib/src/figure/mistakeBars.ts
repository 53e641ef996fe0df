/** Wrong decisions of each class: false positives to the right, false negatives to the left. */
import { type Figure, wrapText } from './plotly.js';
import { axis, baseLayout, palette } from './theme.js';

export interface MistakeCount {
  readonly className: string;
  readonly falseNegatives: number;
  /** By what they truly are; the same keys in every row. */
  readonly falsePositives: Readonly<Record<string, number>>;
}

const colours = [palette[1], palette[5], palette[0], palette[3]];

export function mistakeBars(
  counts: readonly MistakeCount[],
  { title, description = title }: { readonly title: string; readonly description?: string },
): Figure {
  const names = counts.map(({ className }) => wrapText(className, 34));
  const kinds = [...new Set(counts.flatMap(({ falsePositives }) => Object.keys(falsePositives)))].filter(
    (kind) => counts.some(({ falsePositives }) => (falsePositives[kind] ?? 0) > 0),
  );
  const bar = (name: string, color: string, values: readonly number[], isLeft: boolean) => ({
    ...{ type: 'bar', orientation: 'h', name, marker: { color } },
    ...{ y: names, x: values.map((value) => (isLeft ? -value : value)) },
    customdata: values,
    hovertemplate: `%{y}<br>%{customdata} ${name}<extra></extra>`,
  });
  const left = Math.max(1, ...counts.map(({ falseNegatives }) => falseNegatives));
  const right = Math.max(
    1,
    ...counts.map(({ falsePositives }) => Object.values(falsePositives).reduce((a, b) => a + b, 0)),
  );
  // Tick labels without a sign: both sides count images.
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => (left + right) / size <= 8) ?? 1000;
  const ticks: number[] = [];
  for (let tick = -Math.ceil(left / step) * step; tick <= right + step; tick += step) ticks.push(tick);
  return {
    data: [
      bar(
        'label not predicted',
        '#7f7f7f',
        counts.map((row) => row.falseNegatives),
        true,
      ),
      ...kinds.map((kind, i) =>
        bar(
          `predicted: ${kind}`,
          colours[i % colours.length],
          counts.map(({ falsePositives }) => falsePositives[kind] ?? 0),
          false,
        ),
      ),
    ],
    layout: {
      ...baseLayout(title, { height: 150 + 36 * counts.length }),
      barmode: 'relative',
      bargap: 0.3,
      xaxis: axis('← missed · images · wrongly predicted →', {
        tickvals: ticks,
        ticktext: ticks.map((tick) => String(Math.abs(tick))),
        zerolinewidth: 2,
      }),
      yaxis: axis('', { autorange: 'reversed', ticks: '' }),
      legend: { orientation: 'h', x: 0, xanchor: 'left', y: 1.01, yanchor: 'bottom', traceorder: 'normal' },
      margin: { l: 60, r: 24, t: 84, b: 56 },
    },
    description,
  };
}
