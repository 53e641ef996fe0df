/** Horizontal bars of means with the values they are made of, in panels that share their categories. */
import { escapeText, type Figure, type Trace } from './plotly.js';
import { axis, baseLayout, ink, palette } from './theme.js';

export interface MeanPanel {
  /** The quantity with its unit, below the panel. */
  readonly title: string;
  /** A vertical line, such as what chance gives. */
  readonly reference?: { readonly value: number; readonly label: string };
  /** Per series, per category: the values that the bar is the mean of; a bar without values is left out. */
  readonly values: readonly (readonly (readonly number[])[])[];
}

export interface MeanBarsOptions {
  readonly title: string;
  /** From top to bottom. */
  readonly categories: readonly string[];
  /** Names of the series. */
  readonly series: readonly string[];
  readonly width?: number;
  readonly description?: string;
}

/** Bars are means; dots are the single values. */
export function meanBars(
  panels: readonly MeanPanel[],
  { title, categories, series, width = 850, description = title }: MeanBarsOptions,
): Figure {
  const thickness = 0.8 / series.length;
  const position = (category: number, one: number): number =>
    category + (one - (series.length - 1) / 2) * thickness;
  const gap = 0.05;
  const share = (1 + gap) / panels.length - gap;
  const axes: Record<string, unknown> = {};
  const shapes: Trace[] = [];
  const annotations: Trace[] = [];

  const data = panels.flatMap(({ title: quantity, values, reference }, p): Trace[] => {
    const name = p === 0 ? '' : String(p + 1);
    const all = [...values.flat(2), 0, ...(reference === undefined ? [] : [reference.value])];
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const margin = 0.04 * (high - low || 1);
    const start = p * (share + gap);
    axes[`xaxis${name}`] = axis(escapeText(quantity), {
      domain: [start, Math.min(1, start + share)],
      range: [low - margin, high + margin],
      zeroline: true,
      anchor: `y${name}`,
    });
    axes[`yaxis${name}`] = axis('', {
      range: [categories.length - 0.4, -0.6],
      tickvals: categories.map((_, i) => i),
      ticktext: p === 0 ? categories.map(escapeText) : categories.map(() => ''),
      ticks: '',
      showgrid: false,
      zeroline: false,
      anchor: `x${name}`,
    });
    if (reference !== undefined) {
      const at = { xref: `x${name}`, yref: `y${name} domain` };
      shapes.push({
        ...{ type: 'line', ...at, x0: reference.value, x1: reference.value, y0: 0, y1: 1 },
        line: { color: ink, width: 1.5, dash: 'dash' },
      });
      annotations.push({
        ...{ ...at, x: reference.value, y: 1, text: escapeText(reference.label), showarrow: false },
        ...{ xanchor: reference.value > (low + high) / 2 ? 'right' : 'left', yanchor: 'bottom' },
        font: { size: 12 },
      });
    }
    return series.flatMap((label, s): Trace[] => {
      const shared = { xaxis: `x${name}`, yaxis: `y${name}`, legendgroup: label };
      const bars = categories.flatMap((category, i) => {
        const made = values[s][i];
        if (made.length === 0) return [];
        const mean = made.reduce((sum, value) => sum + value, 0) / made.length;
        return [{ y: position(i, s), x: mean, text: `${category}, mean of ${made.length}` }];
      });
      const dots = categories.flatMap((category, i) =>
        values[s][i].map((x) => ({ y: position(i, s), x, text: category })),
      );
      const columns = (points: readonly { x: number; y: number; text: string }[]): Trace => ({
        x: points.map(({ x }) => round(x)),
        y: points.map(({ y }) => round(y)),
        text: points.map(({ text }) => escapeText(text)),
        textposition: 'none',
        hovertemplate: `%{text}: %{x:.2f}<extra>${escapeText(label)}</extra>`,
      });
      return [
        {
          ...{ type: 'bar', orientation: 'h', name: escapeText(label), ...shared, ...columns(bars) },
          ...{ width: thickness, marker: { color: palette[s] }, showlegend: p === 0 },
        },
        {
          ...{ type: 'scatter', mode: 'markers', ...shared, ...columns(dots), showlegend: false },
          marker: { size: 4.5, color: '#ffffff', line: { color: ink, width: 1 } },
        },
      ];
    });
  });
  const height = 150 + categories.length * (12 + 14 * series.length);
  const margin = { l: 60, r: 24, t: 96, b: 56 };
  const layout = {
    ...baseLayout(escapeText(title), { width, height }),
    ...axes,
    ...{ shapes, annotations, barmode: 'overlay' },
    margin,
    // One line above the labels of the references.
    legend: { orientation: 'h', x: 0, y: 1 + 24 / (height - margin.t - margin.b), yanchor: 'bottom' },
  };
  return { data, layout, description };
}

/** Four significant decimals are more than a figure shows. */
const round = (value: number): number => Math.round(value * 1e4) / 1e4;
