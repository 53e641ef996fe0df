/** One image's perturbation curve: its score while the most relevant pixels are removed first, and at random. */
import type { PerturbationCurve } from '../metric/faithfulness/morf.js';
import { escapeText, type Figure, pack } from './plotly.js';
import { axis, baseLayout, ink, ours } from './theme.js';

export interface NamedRemoval extends PerturbationCurve {
  readonly name: string;
}

/**
 * The curve of an explanation against the ranking that it has to beat. The horizontal axis counts iterations, as
 * AUC-MoRF does, and names the share of the pixels that is gone.
 */
export function removalCurve(
  curve: NamedRemoval,
  baseline: NamedRemoval,
  { title }: { readonly title: string },
): Figure {
  const last = curve.removed.length - 1;
  const ticks = [0, 3, 6, 10, 14, 20, 30].filter((at) => at < last - 4).concat(last);
  const percent = (share: number): string =>
    `${100 * share > 99 && share < 1 ? (100 * share).toFixed(1) : (100 * share).toFixed(0)} %`;
  const line = ({ name, scores, removed }: NamedRemoval, look: Readonly<Record<string, unknown>>) => ({
    ...{ type: 'scatter', mode: 'lines', x0: 0, dx: 1, y: pack(Float32Array.from(scores)), line: look },
    ...{ name: escapeText(name), text: removed.map(percent) },
    hovertemplate: '%{text} removed: %{y:.3f}',
  });
  const layout = {
    ...baseLayout(escapeText(title), { height: 400 }),
    xaxis: axis('iteration, and share of the pixels removed so far', {
      ...{ tickmode: 'array', tickangle: 0, tickvals: ticks, range: [-0.5, last + 1.5] },
      ticktext: ticks.map((at) => `${at}<br>${percent(curve.removed[at])}`),
    }),
    yaxis: axis('score', { range: [0, 1.02], dtick: 0.25 }),
    legend: { orientation: 'h', x: 0, xanchor: 'left', y: 1.01, yanchor: 'bottom' },
    margin: { l: 60, r: 24, t: 76, b: 56 },
  };
  return {
    data: [line(curve, { color: ours, width: 2.5 }), line(baseline, { color: ink, width: 2, dash: 'dash' })],
    layout,
    description: `${title}: ${curve.name} and ${baseline.name}.`,
  };
}
