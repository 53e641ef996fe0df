/** What a planted thing does to a prediction: share of images without it and with it, joined by a line. */
import { type Figure, wrapText } from './plotly.js';
import { axis, baseLayout, palette } from './theme.js';

export interface Effect {
  readonly label: string;
  /** Shares, 0 to 1. */
  readonly without: number;
  readonly with: number;
}

export interface EffectDumbbellsOptions {
  readonly title: string;
  /** Title of the axis. */
  readonly axis: string;
  readonly description?: string;
}

export function effectDumbbells(
  effects: readonly Effect[],
  { title, axis: axisTitle, description = title }: EffectDumbbellsOptions,
): Figure {
  const labels = effects.map(({ label }) => wrapText(label, 40));
  const positions = effects.map((_, i) => i);
  const lines = Math.max(1, ...labels.map((label) => label.split('<br>').length));
  const points = (name: string, color: string, symbol: string, key: 'without' | 'with') => ({
    ...{ type: 'scatter', mode: 'markers', name, marker: { color, symbol, size: 13 } },
    ...{ x: effects.map((effect) => 100 * effect[key]), y: positions },
    hovertemplate: `%{x:.0f} % ${name}<extra></extra>`,
  });
  return {
    data: [
      {
        ...{ type: 'scatter', mode: 'lines', showlegend: false, hoverinfo: 'skip' },
        line: { color: '#9a9a9a', width: 3 },
        // A gap after each pair.
        x: effects.flatMap((effect) => [100 * effect.without, 100 * effect.with, null]),
        y: positions.flatMap((i) => [i, i, null]),
      },
      points('without', palette[0], 'circle-open', 'without'),
      points('with', palette[1], 'circle', 'with'),
    ],
    layout: {
      ...baseLayout(title, { height: 150 + (24 + 20 * lines) * effects.length }),
      xaxis: axis(axisTitle, { range: [-3, 103], ticksuffix: ' %', zeroline: false }),
      yaxis: axis('', {
        ...{ tickvals: positions, ticktext: labels, range: [effects.length - 0.4, -0.6] },
        ...{ ticks: '', zeroline: false },
      }),
      legend: { orientation: 'h', x: 0, xanchor: 'left', y: 1.01, yanchor: 'bottom' },
      margin: { l: 60, r: 24, t: 84, b: 56 },
    },
    description,
  };
}
