/** Scores of the methods side by side, ours and the paper's: cells with the best three marked, and rank correlations. */

import { type Correlation, spearman } from '../analysis/correlation.js';
import { type Metric, type MetricId, type MetricValues, metrics } from '../metric/metrics.js';
import { paperTable3, paperTableS3 } from './paper/paperTables.js';
import { randomBaseline } from './records.js';

/** What one study found, by method id; a metric that it lacks is absent. */
export interface ScoreColumn {
  readonly name: string;
  readonly scores: Readonly<Record<string, MetricValues>>;
}

const column = (name: string, entries: readonly (readonly [string, MetricValues])[]): ScoreColumn => ({
  name,
  scores: Object.fromEntries(entries),
});

/** The three studies of the paper: Table 3, and the ResNet-50 of Table S3. */
export const paperColumns = {
  bigEarthNet: column(
    'paper, BigEarthNet',
    Object.entries(paperTable3).map(([id, { bigEarthNet }]) => [id, bigEarthNet]),
  ),
  sen12ms: column(
    'paper, SEN12MS',
    Object.entries(paperTable3).map(([id, { sen12ms }]) => [id, sen12ms]),
  ),
  sen12msResNet50: column('paper, SEN12MS, ResNet-50', Object.entries(paperTableS3)),
} as const;

/** Our own means, for example the methods of a StudySummary. */
export function ourColumn(
  methods: readonly { readonly id: string; readonly scores: MetricValues }[],
): ScoreColumn {
  return column(
    'ours',
    methods.map(({ id, scores }) => [id, scores]),
  );
}

/** Place 1, 2 or 3 of each method in one metric, by id; equal values share a place, and up to three methods have none. */
export function bestThree<Row extends { readonly id: string }>(
  rows: readonly Row[],
  measured: (row: Row) => number | undefined,
  better: Metric['better'] = 'lower',
): ReadonlyMap<string, 1 | 2 | 3> {
  const sign = better === 'lower' ? 1 : -1;
  const values = rows.flatMap((row) => {
    const value = measured(row);
    return value === undefined ? [] : [{ id: row.id, value: sign * value }];
  });
  if (values.length <= 3) return new Map();
  return new Map(
    values.flatMap(({ id, value }) => {
      const ahead = values.filter((other) => other.value < value).length;
      return ahead === 0 || ahead === 1 || ahead === 2 ? [[id, ([1, 2, 3] as const)[ahead]]] : [];
    }),
  );
}

const places = { 1: '¹', 2: '²', 3: '³' } as const;

/** A value of a measure as tables and sheets print it: two decimals, and two significant digits below 0.1. */
export function measureText(value: number): string {
  const leading = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  return leading < -6 ? value.toExponential(1) : value.toFixed(Math.max(2, 1 - leading));
}

function cell(value: number | undefined, place: 1 | 2 | 3 | undefined): string {
  if (value === undefined) return '';
  // A no-break space keeps the points of marked and unmarked numbers below each other.
  return `${measureText(value)}${place === undefined ? '\u00a0' : places[place]}`;
}

/**
 * One row a method: its name, then for each metric the cell of each column, the best three of a column marked; the
 * random baseline takes no place.
 */
export function compareScores(
  methods: readonly { readonly id: string; readonly name: string }[],
  columns: readonly ScoreColumn[],
  chosen: readonly MetricId[] = metrics.map(({ id }) => id),
): readonly (readonly string[])[] {
  const explained = methods.filter(({ id }) => id !== randomBaseline);
  const shown = metrics.filter(({ id }) => chosen.includes(id));
  const cells = shown.flatMap((metric) =>
    columns.map(({ scores }) => {
      const scoreOf = ({ id }: { readonly id: string }): number | undefined => scores[id]?.[metric.id];
      const best = bestThree(explained, scoreOf, metric.better);
      return (method: { readonly id: string }): string => cell(scoreOf(method), best.get(method.id));
    }),
  );
  return methods.map((method) => [method.name, ...cells.map((cellOf) => cellOf(method))]);
}

/** Spearman's rank correlation of two columns over the methods that both have; undefined where it is not defined. */
export function rankAgreement(a: ScoreColumn, b: ScoreColumn, metric: MetricId): Correlation | undefined {
  const pairs = Object.entries(a.scores).flatMap(([id, scores]) => {
    const [x, y] = [scores[metric], b.scores[id]?.[metric]];
    return x === undefined || y === undefined ? [] : [[x, y] as const];
  });
  const [xs, ys] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
  const isDefined = pairs.length >= 3 && [xs, ys].every((series) => new Set(series).size > 1);
  return isDefined ? spearman(xs, ys) : undefined;
}

/** For example "0.69 (p = 0.013)". */
export function correlationText({ r, p }: Correlation): string {
  return `${r.toFixed(2)} (p ${p < 0.001 ? '< 0.001' : `= ${p.toFixed(3)}`})`;
}
