/** What a run's measurements say: ratios, shares of the peak, sums, and which goals are met. */
import { methods } from 'landlens/attribution/methods';
import type { Column } from './amounts.js';
import type { BenchRecord, RecordOf } from './benchRecords.js';
import type { Agreement, Cell, NoCell } from './measureRow.js';
import { networkLabels } from './networks.js';
import { rowsAt } from './rows.js';
import { geometricMean, spread } from './statistics.js';
import { joinSweeps, type Sweep } from './sweeps.js';

type RowRecord = RecordOf<'row'>;
export type AnyCell = Cell | NoCell | undefined;

/** One row as the table shows it. */
export interface ReportRow {
  readonly id: string;
  readonly label: string;
  readonly agreement?: Agreement;
  readonly cells: RowRecord['cells'];
  /** How many times longer than landlens the peer takes, by medians. */
  readonly ratio: Readonly<Partial<Record<'default' | 'best', number>>>;
  /** Multiply-adds of the plain way to compute it, a second, as a share of the machine's peak. */
  readonly share: Readonly<Partial<Record<Column, number>>>;
}

/** Seconds of everything that Table 3 needs of one image, summed over its rows. */
export interface TableTotal {
  readonly seconds: Readonly<Partial<Record<Column, number>>>;
  /** How many parts need more memory than there is. */
  readonly missing: Readonly<Partial<Record<Column, number>>>;
}

export interface SubjectReport {
  readonly network: RowRecord['network'];
  readonly size: number;
  readonly multiplyAdds: number;
  readonly rows: readonly ReportRow[];
  /** Over the rows of methods. */
  readonly geometricMeans: Readonly<Partial<Record<'default' | 'best', number>>>;
  readonly total?: TableTotal;
  readonly sweeps: readonly Sweep[];
}

/** One of the goals, with the worst of what was measured for it. */
export interface Goal {
  readonly text: string;
  readonly isMet: boolean;
  /** A ratio or a share; infinite where the peer could not run (null in JSON). */
  readonly worst: number;
  /** What is worst. */
  readonly where: string;
  /** How many were measured, and how many of them reach the goal. */
  readonly measured: number;
  readonly reached: number;
}

export interface Report {
  readonly run?: RecordOf<'run'>;
  readonly versions: Readonly<Record<string, string>>;
  readonly peak?: RecordOf<'peak'>;
  readonly subjects: readonly SubjectReport[];
  readonly goals: readonly Goal[];
  /** Growth with the side of the image, over several subjects. */
  readonly bySide: readonly Sweep[];
}

export const hasRun = (cell: AnyCell): cell is Cell => cell !== undefined && 'seconds' in cell;

/** The cell of a column; a column without its own is the same as the best one. */
const cellOf = (cells: RowRecord['cells'], column: Column): AnyCell =>
  cells[column] ?? (column === 'default' ? cells.best : undefined);

const medianOf = (cell: AnyCell): number | undefined =>
  hasRun(cell) ? spread(cell.seconds).median : undefined;

const isRunnable = (cell: AnyCell): boolean => hasRun(cell) && cell.needs === undefined;

/** Median seconds; the best found for the peer are its defaults' where those are faster. */
function mediansOf(cells: RowRecord['cells']): Readonly<Partial<Record<Column, number>>> {
  const [best, defaults] = [medianOf(cells.best), medianOf(cellOf(cells, 'default'))];
  const candidates = [best, isRunnable(cells.default) ? defaults : undefined].filter(
    (one) => one !== undefined,
  );
  return defined([
    ['ours', medianOf(cells.ours)],
    ['default', defaults],
    ['best', candidates.length === 0 ? undefined : Math.min(...candidates)],
  ]);
}

const defined = <Key extends string>(entries: readonly (readonly [Key, number | undefined])[]) =>
  Object.fromEntries(
    entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  ) as Partial<Record<Key, number>>;

function reportRow(record: RowRecord, subject: RecordOf<'subject'>, peak: number | undefined): ReportRow {
  const row = rowsAt(record.size).find(({ id }) => id === record.id);
  if (row === undefined) throw new Error(`no row ${record.id}`);
  const { cells, agreement } = record;
  const medians = mediansOf(cells);
  const ratioTo = (other: number | undefined) =>
    other === undefined || medians.ours === undefined ? undefined : other / medians.ours;
  const shareOf = (seconds: number | undefined) =>
    seconds === undefined || peak === undefined
      ? undefined
      : (2 * subject.multiplyAdds * row.passes) / (seconds * peak * 1e9);
  return {
    ...{ id: row.id, label: row.label, cells },
    ...(agreement && { agreement }),
    ratio: defined([
      ['default', ratioTo(medians.default)],
      ['best', ratioTo(medians.best)],
    ]),
    share: defined([
      ['ours', shareOf(medians.ours)],
      ['default', shareOf(medians.default)],
      ['best', shareOf(medians.best)],
    ]),
  };
}

/** Max-Sensitivity contains the explanation; every method has a MoRF curve too. Undefined where a row is missing. */
function totalOf(rows: readonly ReportRow[]): TableTotal | undefined {
  const find = (id: string) => rows.find((row) => row.id === id);
  const parts = methods.flatMap(({ id }) => [find(`sensitivity-${id}`), find('morf')]);
  const known = parts.filter((row) => row !== undefined);
  if (known.length < parts.length) return undefined;
  const missing = (column: Column) =>
    known.filter(({ cells }) =>
      column === 'best' ? mediansOf(cells).best === undefined : !isRunnable(cellOf(cells, column)),
    ).length;
  const seconds = (column: Column) => {
    const medians = known.map(({ cells }) => mediansOf(cells)[column]);
    return medians.includes(undefined)
      ? undefined
      : medians.reduce<number>((sum, median = 0) => sum + median, 0);
  };
  const columns = ['ours', 'default', 'best'] as const;
  return {
    seconds: defined(columns.map((column) => [column, seconds(column)] as const)),
    missing: defined(columns.map((column) => [column, missing(column) || undefined] as const)),
  };
}

function subjectReport(
  subject: RecordOf<'subject'>,
  records: readonly BenchRecord[],
  peak: number | undefined,
): SubjectReport {
  const { network, size, multiplyAdds } = subject;
  const own = <Kind extends 'row' | 'sweep'>(kind: Kind) =>
    records.filter(
      (record): record is RecordOf<Kind> =>
        record.kind === kind && record.network === network && record.size === size,
    );
  const rows = own('row').map((record) => reportRow(record, subject, peak));
  const ofMethods = rows.filter(
    ({ id, agreement }) => methods.some((method) => method.id === id) && agreement?.agrees !== false,
  );
  const mean = (column: 'default' | 'best'): number | undefined => {
    const ratios = ofMethods.flatMap(({ ratio }) => ratio[column] ?? []);
    return ratios.length === 0 ? undefined : geometricMean(ratios);
  };
  const total = totalOf(rows);
  return {
    ...{ network, size, multiplyAdds, rows },
    geometricMeans: defined([
      ['default', mean('default')],
      ['best', mean('best')],
    ]),
    ...(total && { total }),
    sweeps: own('sweep').filter(({ id }) => !id.startsWith('side-')),
  };
}

const nameOf = ({ network, size }: SubjectReport): string =>
  `${networkLabels[network].split(' ')[0]} at ${size}`;

/** Where the peer could not run, landlens counts as infinitely faster; where values differ, as infinitely slower. */
function ratioOf({ agreement, ratio, cells }: ReportRow, column: 'default' | 'best'): number {
  if (agreement?.agrees === false) return 0;
  return ratio[column] ?? (hasRun(cells.ours) ? Infinity : 0);
}

function goalsOf(reports: readonly SubjectReport[]): readonly Goal[] {
  const goal = (
    text: string,
    bound: number,
    measurements: (report: SubjectReport) => readonly (readonly [string, number | undefined])[],
    /** -1 where `bound` is the most. */
    sign = 1,
  ): readonly Goal[] => {
    const all = reports.flatMap((report) =>
      measurements(report).flatMap(([name, value]) =>
        value === undefined ? [] : [{ where: `${name}${nameOf(report)}`, value }],
      ),
    );
    if (all.length === 0) return [];
    const { where, value } = all.reduce((a, b) => (sign * b.value < sign * a.value ? b : a));
    const reached = all.filter((one) => sign * one.value >= sign * bound).length;
    return [{ text, isMet: reached === all.length, worst: value, where, measured: all.length, reached }];
  };
  const rowsWhere = (
    report: SubjectReport,
    isOne: (id: string) => boolean,
    of: (row: ReportRow) => number | undefined,
  ) => report.rows.filter(({ id }) => isOne(id)).map((row) => [`${row.label}, `, of(row)] as const);
  const isMethod = (id: string) => methods.some((method) => method.id === id);
  const faster = (column: 'default' | 'best', isOne: (id: string) => boolean) => (report: SubjectReport) =>
    rowsWhere(report, isOne, (row) => ratioOf(row, column));
  const table = (column: 'default' | 'best') => (report: SubjectReport) => {
    const { seconds, missing } = report.total ?? { seconds: {}, missing: {} };
    if (seconds.ours === undefined) return [];
    const other = seconds[column];
    return [['', other === undefined ? missing[column] && Infinity : other / seconds.ours] as const];
  };
  const secondsAt = ({ rows }: SubjectReport, id: string) =>
    medianOf(rows.find((row) => row.id === id)?.cells.ours);
  return [
    ...goal('every method at least 1.5 x faster than (b)', 1.5, faster('best', isMethod)),
    ...goal('every method at least 3 x faster than (a)', 3, faster('default', isMethod)),
    ...goal('methods, geometric mean at least 2.5 x against (b)', 2.5, ({ geometricMeans }) => [
      ['', geometricMeans.best],
    ]),
    ...goal('whole Table 3 at least 2 x faster than (b)', 2, table('best')),
    ...goal('whole Table 3 at least 3 x faster than (b) (stretch)', 3, table('best')),
    ...goal('forward of 16 images at least 65 % of the peak', 0.65, (report) =>
      rowsWhere(
        report,
        (id) => id === 'forward-16',
        ({ share }) => share.ours,
      ),
    ),
    ...goal(
      'gradient at most 2.2 x forward, 16 images of DenseNet-121',
      2.2,
      (report) => {
        const [forward, gradient] = [secondsAt(report, 'forward-16'), secondsAt(report, 'gradient-16')];
        if (report.network !== 'densenet121' || forward === undefined) return [];
        return [['', gradient && gradient / forward]];
      },
      -1,
    ),
    ...goal(
      'no row slower than (b)',
      1,
      faster('best', () => true),
    ),
  ];
}

export function createReport(records: readonly BenchRecord[]): Report {
  const of = <Kind extends BenchRecord['kind']>(kind: Kind) =>
    records.filter((record): record is RecordOf<Kind> => record.kind === kind);
  const [[run], [peak], subjects, sweeps] = [of('run'), of('peak'), of('subject'), of('sweep')];
  const fastest = peak && Math.max(peak.ours.gflops, peak.peer.gflops);
  const reports = subjects
    .map((subject) => subjectReport(subject, records, fastest))
    .filter(({ rows, sweeps: own }) => rows.length > 0 || own.length > 0);
  return {
    ...(run && { run }),
    ...(peak && { peak }),
    versions: subjects[0]?.versions ?? {},
    subjects: reports,
    goals: goalsOf(reports),
    bySide: joinSweeps(sweeps.filter(({ id }) => id.startsWith('side-'))),
  };
}

export function reportJson(records: readonly BenchRecord[]): string {
  return `${JSON.stringify(createReport(records), null, 2)}\n`;
}
