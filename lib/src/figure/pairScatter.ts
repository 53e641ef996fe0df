/** Scores of the same images without a thing and with it; above the diagonal the thing raises the score. */
import { isPredicted } from '../metric/classification/decision.js';
import type { Figure } from './plotly.js';
import { axis, baseLayout, palette } from './theme.js';

export interface ScorePoint {
  readonly name: string;
  /** 0 to 1 */
  readonly without: number;
  readonly with: number;
}

export interface PairScatterOptions {
  readonly title: string;
  /** Titles of the axes. */
  readonly without: string;
  readonly with: string;
  readonly description?: string;
}

/** Both axes in log-odds, so that scores near 0 and near 1 can be told apart; ticks are scores. */
export function pairScatter(
  points: readonly ScorePoint[],
  { title, without, with: withName, description = title }: PairScatterOptions,
): Figure {
  const bound = 1e-4;
  const logit = (score: number): number => {
    const safe = Math.min(1 - bound, Math.max(bound, score));
    return Math.log(safe / (1 - safe));
  };
  const ticks = [0.0001, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999];
  const end = logit(0);
  const scale = {
    tickvals: ticks.map(logit),
    ticktext: ticks.map((tick) => (tick === 0.0001 ? '≤ 0.0001' : String(tick))),
    range: [end - 0.4, -end + 0.4],
    zeroline: false,
  };
  const line = (x: readonly number[], y: readonly number[], dash: string) => ({
    ...{ type: 'scatter', mode: 'lines', x, y, showlegend: false, hoverinfo: 'skip' },
    line: { color: '#7f7f7f', width: 1.5, dash },
  });
  const colour = (point: ScorePoint): string => (isPredicted(point.with) ? palette[1] : palette[0]);
  return {
    data: [
      line([end, -end], [end, -end], 'solid'),
      line([end - 0.4, -end + 0.4], [0, 0], 'dot'),
      {
        ...{ type: 'scatter', mode: 'markers', showlegend: false },
        x: points.map((point) => logit(point.without)),
        y: points.map((point) => logit(point.with)),
        marker: { size: 9, opacity: 0.75, color: points.map(colour), line: { color: '#ffffff', width: 1 } },
        text: points.map((point) => `${point.name}: ${point.without.toFixed(3)} → ${point.with.toFixed(3)}`),
        hovertemplate: '%{text}<extra></extra>',
      },
    ],
    layout: {
      ...baseLayout(title, { width: 620, height: 560 }),
      xaxis: axis(without, scale),
      yaxis: axis(withName, scale),
      annotations: [
        {
          ...{ x: -end + 0.3, y: 0, xanchor: 'right', yanchor: 'bottom', showarrow: false },
          text: 'predicted above this line',
          font: { size: 11, color: '#555555' },
        },
        {
          ...{ x: logit(0.99), y: logit(0.99), xanchor: 'left', yanchor: 'top', showarrow: false },
          ...{ text: ' no change', font: { size: 11, color: '#555555' } },
        },
      ],
    },
    description,
  };
}
