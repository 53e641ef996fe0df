/** How a training went: loss and F1 by the number of images seen. */
import type { TrainingHistory } from '../training/history.js';
import { escapeText, type Figure } from './plotly.js';
import { axis, baseLayout, ink, palette } from './theme.js';

/** Losses on the left, validation F1 on the right; a dotted line where the size of the images changes. */
export function trainingCurves(
  { recipe, history }: TrainingHistory,
  {
    title,
    width = 850,
    height = 400,
  }: { readonly title: string; readonly width?: number; readonly height?: number },
): Figure {
  const x = history.map(({ images }) => images / 1000);
  const last = Math.max(1e-3, ...x);
  const line = (
    name: string,
    y: readonly number[],
    colour: string,
    more: Readonly<Record<string, unknown>>,
  ) => ({
    ...{ type: 'scatter', mode: 'lines+markers', name, x, y, marker: { size: 7 } },
    line: { color: colour, width: 2 },
    hovertemplate: '%{x} thousand images: %{y:.3f}',
    ...more,
  });
  // Of a training that is under way, the phases that it has come to.
  const begun = recipe.phases
    .map(({ size }, i) => ({
      size,
      start: recipe.phases.slice(0, i).reduce((sum, { images }) => sum + images / 1000, 0),
    }))
    .filter(({ start }) => start < last);
  const domains = [
    [0, 0.46],
    [0.56, 1],
  ];
  const phaseNotes = ['x', 'x2'].flatMap((axisName) =>
    begun.map(({ size, start }) => ({
      ...{ xref: axisName, yref: 'paper', x: start, y: 1, xanchor: 'left', yanchor: 'bottom' },
      ...{ text: `${size} x ${size} pixels`, showarrow: false, font: { size: 11, color: ink } },
    })),
  );
  const phaseLines = ['x', 'x2'].flatMap((axisName) =>
    begun.slice(1).map(({ start }) => ({
      ...{ type: 'line', xref: axisName, yref: 'paper', x0: start, x1: start, y0: 0, y1: 1 },
      line: { color: '#7a7a7a', width: 1, dash: 'dot' },
    })),
  );
  const losses = history.flatMap(({ trainingLoss, validationLoss }) => [trainingLoss, validationLoss]);
  return {
    data: [
      line(
        'training loss',
        history.map(({ trainingLoss }) => trainingLoss),
        palette[0],
        { marker: { size: 7, symbol: 'circle-open' } },
      ),
      line(
        'validation loss',
        history.map(({ validationLoss }) => validationLoss),
        palette[1],
        {},
      ),
      line(
        'validation micro F1',
        history.map(({ validationMicroF1 }) => validationMicroF1),
        palette[2],
        { xaxis: 'x2', yaxis: 'y2' },
      ),
    ],
    layout: {
      ...baseLayout(escapeText(title), { width, height }),
      margin: { l: 66, r: 24, t: 72, b: 100 },
      shapes: phaseLines,
      annotations: phaseNotes,
      legend: { orientation: 'h', x: 0, y: -0.27, yanchor: 'top' },
      xaxis: axis('images seen (thousands)', { domain: domains[0], range: [0, 1.03 * last] }),
      yaxis: axis('binary cross-entropy (nats)', { range: [0, 1.08 * Math.max(0.01, ...losses)] }),
      xaxis2: axis('images seen (thousands)', { domain: domains[1], range: [0, 1.03 * last], anchor: 'y2' }),
      yaxis2: axis('micro F1', { range: [0, 1], anchor: 'x2' }),
    },
    description: `${title}. Training and validation loss, and validation micro F1, at ${history.length} checks.`,
  };
}
