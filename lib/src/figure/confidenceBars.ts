/** Predictions that the labels contradict, by score and by what they truly are: stacked columns. */
import type { Figure } from './plotly.js';
import { axis, baseLayout, palette } from './theme.js';

export interface ConfidenceBin {
  readonly from: number;
  readonly to: number;
  /** The same keys in every bin, in the order of the stack. */
  readonly counts: Readonly<Record<string, number>>;
}

const colours = [palette[1], palette[5], palette[0], palette[3]];

export function confidenceBars(
  bins: readonly ConfidenceBin[],
  { title, description = title }: { readonly title: string; readonly description?: string },
): Figure {
  const x = bins.map(({ from, to }) => `${from.toFixed(1)} to ${to.toFixed(1)}`);
  const kinds = Object.keys(bins[0]?.counts ?? {});
  return {
    data: kinds.flatMap((kind, i) => {
      const y = bins.map(({ counts }) => counts[kind]);
      if (y.every((count) => count === 0)) return [];
      return [
        {
          ...{ type: 'bar', name: kind, x, y, marker: { color: colours[i % colours.length] } },
          text: y.map((count) => (count === 0 ? '' : String(count))),
          textposition: 'inside',
          textangle: 0,
          constraintext: 'none',
          textfont: { size: 12 },
          insidetextanchor: 'middle',
          hovertemplate: `score %{x}: %{y} ${kind}<extra></extra>`,
        },
      ];
    }),
    layout: {
      ...baseLayout(title, { height: 380 }),
      barmode: 'stack',
      bargap: 0.35,
      showlegend: true,
      xaxis: axis('score of the predicted class', { type: 'category' }),
      yaxis: axis('predictions', { rangemode: 'tozero' }),
      legend: { orientation: 'h', x: 0, xanchor: 'left', y: 1.01, yanchor: 'bottom', traceorder: 'normal' },
      margin: { l: 60, r: 24, t: 84, b: 56 },
    },
    description,
  };
}
