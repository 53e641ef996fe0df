/** Two measures of each method against each other, with the least-squares line and the correlation. */
import { fisherInterval, fitLine, pearson } from '../analysis/correlation.js';
import { placeLabels } from './placeLabels.js';
import { escapeText, type Figure } from './plotly.js';
import { axis, baseLayout, ours } from './theme.js';

export interface LabelledPoint {
  readonly label: string;
  readonly x: number;
  readonly y: number;
}

export interface CorrelationScatterOptions {
  readonly title: string;
  /** What each axis shows, with its unit. */
  readonly x: string;
  readonly y: string;
  readonly colour?: string;
}

/** A range with room for labels at both ends; it holds 0 where all values are positive. */
function rangeOf(values: readonly number[], room: number): readonly [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return [low >= 0 ? 0 : low - room * (high - low), high + room * (high - Math.min(0, low))];
}

/** At least 4 points; InputError where a measure is the same for all. */
export function correlationScatter(
  points: readonly LabelledPoint[],
  { title, x: xTitle, y: yTitle, colour = ours }: CorrelationScatterOptions,
): Figure {
  const [x, y] = [points.map((point) => point.x), points.map((point) => point.y)];
  const { r, p } = pearson(x, y);
  const { low, high } = fisherInterval(r, points.length);
  const { slope, intercept } = fitLine(x, y);
  const [width, height, margin] = [850, 440, { l: 70, r: 24, t: 84, b: 60 }];
  const [plotWidth, plotHeight] = [width - margin.l - margin.r, height - margin.t - margin.b];
  const [xRange, yRange] = [rangeOf(x, 0.14), rangeOf(y, 0.12)];
  const share = (value: number, [from, to]: readonly [number, number]): number =>
    (value - from) / (to - from);
  const textposition = placeLabels(
    points.map((point) => ({
      label: point.label,
      x: plotWidth * share(point.x, xRange),
      y: plotHeight * (1 - share(point.y, yRange)),
    })),
    { width: plotWidth, height: plotHeight },
  );
  const ends = [Math.min(...x), Math.max(...x)];
  const finding = `r = ${r.toFixed(2)} (95 % interval ${low.toFixed(2)} to ${high.toFixed(2)}), p ${
    p < 0.001 ? '< 0.001' : `= ${p.toFixed(3)}`
  }, n = ${points.length}`;
  const data = [
    {
      ...{ type: 'scatter', mode: 'lines', x: ends, y: ends.map((end) => slope * end + intercept) },
      ...{ line: { color: '#8a8a8a', width: 2, dash: 'dash' }, hoverinfo: 'skip', showlegend: false },
    },
    {
      ...{ type: 'scatter', mode: 'markers+text', x, y, text: points.map(({ label }) => escapeText(label)) },
      ...{
        textposition,
        textfont: { size: 12 },
        marker: { color: colour, size: 9 },
        cliponaxis: false,
        showlegend: false,
      },
    },
  ];
  const layout = {
    ...baseLayout(`${escapeText(title)}<br><span style="font-size:13px">${finding}</span>`, {
      width,
      height,
    }),
    margin,
    xaxis: axis(escapeText(xTitle), { range: xRange }),
    yaxis: axis(escapeText(yTitle), { range: yRange }),
  };
  return { data, layout, description: `${title}: ${finding}.` };
}
