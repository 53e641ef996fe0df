/** Perturbation curves of all methods: the score while the most relevant pixels are removed first (the paper's figure 1). */
import { perturbationSteps } from '../metric/faithfulness/morf.js';
import { escapeText, type Figure, pack, type Trace } from './plotly.js';
import { axis, baseLayout, ink, ours, palette } from './theme.js';

export interface NamedCurve {
  readonly name: string;
  /** Score after each iteration, the whole image first. */
  readonly scores: readonly number[];
  /** Area under the curve, score x iterations. */
  readonly area: number;
}

export interface MorfCurvesOptions {
  readonly title: string;
  /** Pixels ranked at random. */
  readonly baseline: NamedCurve;
  /** Pixels of one image, and the share of what remains that one iteration removes: they name the iterations. */
  readonly pixels: number;
  readonly fraction?: number;
}

const faint = '#c4c4c4';
const axes = { range: [0, 1.02], dtick: 0.25 };

const byArea = (curves: readonly NamedCurve[]): readonly NamedCurve[] =>
  [...curves].sort((a, b) => a.area - b.area);

function line({ scores }: NamedCurve, look: Readonly<Record<string, unknown>>, name?: string): Trace {
  return {
    ...{ type: 'scatter', mode: 'lines', x0: 0, dx: 1, y: pack(Float32Array.from(scores)), line: look },
    ...(name === undefined ? { showlegend: false, hoverinfo: 'skip' } : { name: escapeText(name) }),
  };
}

/** Ticks that say after how many iterations which share of the pixels is gone. */
function removedTicks(
  pixels: number,
  fraction: number,
): { readonly values: number[]; readonly texts: string[] } {
  const steps = [0, ...perturbationSteps(pixels, fraction)];
  const last = steps.length - 1;
  const values = [...new Set([...[0, 4, 10, 16, 22, 30].filter((at) => at < last - 4), last])];
  const texts = values.map((at) => {
    const share = (100 * steps[at]) / pixels;
    return `${at}<br>${share > 99 && at < last ? share.toFixed(1) : share.toFixed(0)} %`;
  });
  return { values, texts };
}

/** All curves in one plot: the three that fall fastest, the one that falls slowest and the baseline stand out. */
export function morfCurves(
  curves: readonly NamedCurve[],
  { title, baseline, pixels, fraction = 0.2 }: MorfCurvesOptions,
): Figure {
  const sorted = byArea(curves);
  const best = sorted.slice(0, 3);
  const worst = sorted.slice(3).slice(-1);
  const others = sorted.slice(3, -1);
  const legend = ({ name, area }: NamedCurve): string => `${area.toFixed(1)}  ${name}`;
  const { values, texts } = removedTicks(pixels, fraction);
  const data = [
    ...others.map((curve, i) => ({
      ...line(curve, { color: faint, width: 1.5 }, i === 0 ? `${others.length} methods between` : undefined),
      legendrank: 20,
    })),
    ...best.map((curve, i) => ({
      ...line(curve, { color: palette[i], width: 3 }, legend(curve)),
      legendrank: i,
    })),
    ...worst.map((curve) => ({
      ...line(curve, { color: palette[3], width: 2, dash: 'dot' }, legend(curve)),
      legendrank: 30,
    })),
    { ...line(baseline, { color: ink, width: 2, dash: 'dash' }, legend(baseline)), legendrank: 40 },
  ];
  const layout = {
    ...baseLayout(escapeText(title), { height: 460 }),
    xaxis: axis('iteration, and share of the pixels removed so far', {
      ...{
        tickmode: 'array',
        tickvals: values,
        ticktext: texts,
        range: [-0.5, values[values.length - 1] + 0.5],
      },
    }),
    yaxis: axis('mean score of the explained class', axes),
    legend: {
      title: { text: 'area under the curve', font: { size: 12 } },
      ...{ x: 1.01, xanchor: 'left', y: 1, yanchor: 'top', font: { size: 12 } },
    },
  };
  const order = sorted.map(({ name, area }) => `${name} ${area.toFixed(1)}`).join(', ');
  return {
    data,
    layout,
    description: `${title}. Areas: ${order}; ${baseline.name} ${baseline.area.toFixed(1)}.`,
  };
}

/** One small plot a method, by area, against the baseline and, faint, all others. */
export function morfPanels(
  curves: readonly NamedCurve[],
  { title, baseline }: Pick<MorfCurvesOptions, 'title' | 'baseline'>,
): Figure {
  const sorted = byArea(curves);
  const columns = 4;
  const rows = Math.ceil(sorted.length / columns);
  const [gapX, gapY] = [0.03, 0.32 / rows];
  const [width, height] = [(1 - gapX * (columns - 1)) / columns, (1 - gapY * (rows - 1)) / rows];
  const data: Trace[] = [];
  const axesOf: Record<string, unknown> = {};
  const annotations = sorted.map((curve, i) => {
    const [row, at] = [Math.floor(i / columns), i % columns];
    const name = i === 0 ? '' : String(i + 1);
    const [left, top] = [at * (width + gapX), 1 - row * (height + gapY)];
    const plain = curve.name.replace(' + SmoothGrad', '');
    const isSmooth = plain !== curve.name;
    const small = { tickfont: { size: 11 } };
    axesOf[`xaxis${name}`] = axis('', {
      ...{
        domain: [left, Math.min(1, left + width)],
        anchor: `y${name}`,
        nticks: 4,
        title: undefined,
        ...small,
      },
      showticklabels: i + columns >= sorted.length,
    });
    axesOf[`yaxis${name}`] = axis('', {
      ...{
        domain: [Math.max(0, top - height), top],
        anchor: `x${name}`,
        ...axes,
        title: undefined,
        ...small,
      },
      ...{ dtick: 0.5, showticklabels: at === 0 },
    });
    const place = { xaxis: `x${name}`, yaxis: `y${name}` };
    const others = sorted.filter((other) => other !== curve);
    // One line with gaps instead of many lines.
    const joined = others.flatMap(({ scores }) => [...scores, Number.NaN]);
    const steps = others.flatMap(({ scores }) => [...scores.keys(), Number.NaN]);
    data.push(
      {
        ...{ type: 'scatter', mode: 'lines', line: { color: '#dddddd', width: 1 }, connectgaps: false },
        ...{ x: pack(Float32Array.from(steps)), y: pack(Float32Array.from(joined)) },
        ...{ hoverinfo: 'skip', showlegend: false, ...place },
      },
      { ...line(baseline, { color: ink, width: 1.5, dash: 'dash' }), ...place },
      { ...line(curve, { color: ours, width: 2.5 }), ...place },
    );
    return {
      // The second line holds what the first has no room for.
      text: `<b>${i + 1}</b> ${escapeText(plain)}<br>${isSmooth ? '+ SmoothGrad, ' : ''}${curve.area.toFixed(1)}`,
      ...{ showarrow: false, align: 'left', font: { size: 12 }, xref: 'paper', yref: 'paper' },
      ...{ x: left, y: top, xanchor: 'left', yanchor: 'bottom' },
    };
  });
  const captions = [
    { text: 'iteration', x: 0.5, y: 0, yshift: -44 },
    { text: 'mean score', x: 0, y: 0.5, xshift: -52, textangle: -90 },
  ].map((caption) => ({ ...caption, showarrow: false, xref: 'paper', yref: 'paper' }));
  const note = `blue: the method, with its area under the curve; dashed: ${escapeText(baseline.name)} ${baseline.area.toFixed(1)}; grey: the others`;
  const layout = {
    ...baseLayout(`${escapeText(title)}<br><span style="font-size:12px">${note}</span>`, {
      height: 120 + 170 * rows,
    }),
    ...axesOf,
    margin: { l: 64, r: 16, t: 98, b: 56 },
    annotations: [...annotations, ...captions],
  };
  return {
    data,
    layout,
    description: `${title}: one plot a method, in the order of the area under the curve.`,
  };
}
