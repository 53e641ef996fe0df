/** One horizontal bar, or one per series, for each class. */
import { classLabel } from './classLabel.js';
import { escapeText, type Figure, wrapText } from './plotly.js';
import { axis, baseLayout, palette } from './theme.js';

export interface BarSeries {
  readonly name: string;
  /** One per class; undefined where there is none. */
  readonly values: readonly (number | undefined)[];
  readonly colour?: string;
  /** What stands at the end of each bar; by default the value. */
  readonly texts?: readonly string[];
}

export interface ClassBarsOptions {
  readonly title: string;
  /** What the bars measure, with its unit. */
  readonly axisTitle: string;
  readonly decimals?: number;
  /** End of the axis. */
  readonly maximum?: number;
  readonly width?: number;
}

/** The classes from top to bottom in the order given. */
export function classBars(
  classes: readonly string[],
  series: readonly BarSeries[],
  { title, axisTitle, decimals = 0, maximum, width = 850 }: ClassBarsOptions,
): Figure {
  const highest = Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const thickness = series.length === 1 ? 26 : 16 * series.length + 8;
  const shownTitle = wrapText(title, 92);
  const isLegend = series.length > 1;
  const top = 40 + 20 * shownTitle.split('<br>').length + (isLegend ? 24 : 0);
  return {
    data: series.map(({ name, values, colour, texts }, i) => ({
      ...{ type: 'bar', orientation: 'h', name: escapeText(name) },
      x: values.map((value) => value ?? null),
      y: classes.map((_, k) => k),
      text: values.map((value, k) =>
        escapeText(value === undefined ? '' : (texts?.[k] ?? value.toFixed(decimals))),
      ),
      ...{ textposition: 'outside', cliponaxis: false, textfont: { size: 11 }, textangle: 0 },
      marker: { color: colour ?? palette[i] },
      customdata: classes.map(escapeText),
      hovertemplate: '%{customdata}: %{text}<extra></extra>',
    })),
    layout: {
      ...baseLayout(shownTitle, { width, height: top + 56 + thickness * Math.max(1, classes.length) }),
      margin: { l: 250, r: 76, t: top, b: 56 },
      ...{ barmode: 'group', bargap: 0.25, bargroupgap: 0.05, showlegend: isLegend },
      legend: { orientation: 'h', x: 0, y: 1, yanchor: 'bottom', xanchor: 'left', traceorder: 'normal' },
      xaxis: axis(axisTitle, { range: [0, maximum ?? (1.1 * highest || 1)], rangemode: 'tozero' }),
      yaxis: axis('', {
        ...{ tickmode: 'array', tickvals: classes.map((_, k) => k), tickfont: { size: 12 }, ticks: '' },
        ticktext: classes.map((name) => classLabel(name, { width: 48, lines: 1 })),
        ...{ range: [classes.length - 0.5, -0.5], showgrid: false, zeroline: false, automargin: true },
      }),
    },
    description: `${title}. ${series.map(({ name }) => name).join('; ')} for ${classes.length} classes.`,
  };
}
