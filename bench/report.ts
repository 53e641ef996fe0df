/** What a run's measurements say: ratios, shares of the peak, sums, all with intervals, and which goals are met. */
import { methods } from 'landlens/attribution/methods';
import { type Column, columns } from './amounts.js';
import type { BenchRecord, RecordOf } from './benchRecords.js';
import { type AnyCell, hasRun, wholeSeconds } from './cell.js';
import type { Agreement } from './measureRow.js';
import { networkLabels } from './networks.js';
import { isReached, type Precision } from './precision/sameError.js';
import { rowsAt, sameErrorId, sameErrorRowIds, sameErrorRowsAt } from './rows.js';
import {
  bootstrapInterval,
  exactly,
  geometricMean,
  type Interval,
  medianInterval,
  medianOf,
  medianWith,
  outliersOf,
  type Round,
  requiredLevel,
} from './statistics.js';
import { joinSweeps, type Sweep } from './sweeps.js';

type RowRecord = RecordOf<'row'>;
type Peer = Exclude<Column, 'ours'>;
type PerColumn<Item> = Readonly<Partial<Record<Column, Item>>>;
type PerPeer<Item> = Readonly<Partial<Record<Peer, Item>>>;

const peers: readonly Peer[] = ['default', 'best'];

/** A round that is not like the others of its column. */
export interface OddRound {
  readonly column: Column;
  /** From 1. */
  readonly round: number;
  /** Of an outlier, beside its column's median; absent where the larger amount took no longer than the smaller one. */
  readonly seconds?: number;
  readonly median?: number;
}

/** One row as the table shows it. */
export interface ReportRow {
  readonly id: string;
  readonly label: string;
  readonly agreement?: Agreement;
  /** Of a row of the same error. */
  readonly precision?: Precision;
  readonly cells: RowRecord['cells'];
  /** Of the whole row, by each column's own cell. */
  readonly seconds: PerColumn<Interval>;
  /**
   * How many times longer than landlens the peer takes, of the rounds' ratios; the best found for the peer is its
   * defaults where those are faster.
   */
  readonly ratio: PerPeer<Interval>;
  /** Multiply-adds of the plain way to compute it, a second, as a share of the machine's peak. */
  readonly share: PerColumn<Interval>;
  readonly odd: readonly OddRound[];
}

/** Everything that Table 3 needs of one image, summed over its rows. */
export interface TableTotal {
  readonly seconds: PerColumn<Interval>;
  readonly ratio: PerPeer<Interval>;
  /** How many parts need more memory than there is. */
  readonly missing: PerColumn<number>;
}

/** Table 3 where every method that samples has the error that the paper's counts leave. */
export interface SameErrorTotal {
  /** Of both sides, at the same error. */
  readonly total: TableTotal;
  /** The peer with the paper's counts, over landlens at their error. */
  readonly paper: PerPeer<Interval>;
  /** landlens with the paper's counts, over itself at their error. */
  readonly own: Interval;
}

export interface SubjectReport {
  readonly network: RowRecord['network'];
  readonly size: number;
  readonly multiplyAdds: number;
  readonly rows: readonly ReportRow[];
  /** Over the rows of methods. */
  readonly geometricMeans: PerPeer<Interval>;
  readonly total?: TableTotal;
  readonly sameError?: SameErrorTotal;
  readonly sweeps: readonly Sweep[];
}

export type Verdict = 'met' | 'missed' | 'not decided';

/** One of the goals, with the worst of what was measured for it. */
export interface Goal {
  readonly text: string;
  /** "met" where every interval lies beyond the bound, "missed" where one lies before it. */
  readonly verdict: Verdict;
  /** A ratio or a share; infinite where the peer could not run (null in JSON). */
  readonly worst: Interval;
  /** What is worst. */
  readonly where: string;
  /** How many were measured, how many of them surely reach the goal, and how many surely do not. */
  readonly measured: number;
  readonly reached: number;
  readonly failed: number;
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

/** Whole seconds of one round. */
type Seconds = PerColumn<Round>;

/** The cell of a column; a column without its own is the same as the best one. */
const cellOf = (cells: RowRecord['cells'], column: Column): AnyCell =>
  cells[column] ?? (column === 'default' ? cells.best : undefined);

const isRunnable = (cell: AnyCell): boolean => hasRun(cell) && cell.needs === undefined;

/** Each column's rounds; none of a column that could not run. */
function roundsOf(cells: RowRecord['cells']): PerColumn<readonly Round[]> {
  const of = (cell: AnyCell) => (hasRun(cell) ? wholeSeconds(cell) : undefined);
  const [best, defaults] = [of(cells.best), of(cellOf(cells, 'default'))];
  const candidates = [best, isRunnable(cells.default) ? defaults : undefined].filter(
    (rounds) => rounds !== undefined,
  );
  return defined([
    ['ours', of(cells.ours)],
    ['default', defaults],
    ['best', candidates.reduce((a, b) => (medianOf(b) < medianOf(a) ? b : a), candidates[0])],
  ]);
}

function defined<Key extends string, Item>(
  entries: readonly (readonly [Key, Item | undefined])[],
): Readonly<Partial<Record<Key, Item>>> {
  const known = entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
  return Object.fromEntries(known) as Partial<Record<Key, Item>>;
}

/** Round by round; unknown where either is. */
export const ratiosOf = (longer: readonly Round[], shorter: readonly Round[]): readonly Round[] =>
  longer.map((seconds, i) => {
    const by = shorter[i];
    return seconds === undefined || by === undefined ? undefined : seconds / by;
  });

function oddRounds(cells: RowRecord['cells']): readonly OddRound[] {
  return columns.flatMap((column) => {
    const cell = cells[column];
    if (!hasRun(cell)) return [];
    const rounds = wholeSeconds(cell);
    const median = medianOf(rounds);
    const outliers = outliersOf(rounds).map(({ round, value }) => ({
      column,
      round,
      seconds: value,
      median,
    }));
    return [
      ...rounds.flatMap((seconds, i) => (seconds === undefined ? [{ column, round: i + 1 }] : [])),
      ...outliers,
    ];
  });
}

function reportRow(
  record: RowRecord,
  subject: RecordOf<'subject'>,
  { peak, precisions }: { readonly peak?: number; readonly precisions: readonly Precision[] },
): ReportRow {
  const rows = [...rowsAt(record.size), ...sameErrorRowsAt(record.size, precisions)];
  const row = rows.find(({ id }) => id === record.id);
  if (row === undefined) throw new Error(`no row ${record.id}`);
  const { cells, agreement } = record;
  const rounds = roundsOf(cells);
  const { ours } = rounds;
  const precision = precisions.find(({ method }) =>
    [method, `sensitivity-${method}`].some((id) => sameErrorId(id) === row.id),
  );
  const work = 2 * subject.multiplyAdds * row.passes;
  return {
    ...{ id: row.id, label: row.label, cells },
    ...(agreement && { agreement }),
    ...(precision && { precision }),
    seconds: defined(
      columns.map((column) => {
        const cell = cells[column];
        return [column, hasRun(cell) ? medianInterval(wholeSeconds(cell)) : undefined];
      }),
    ),
    ratio: defined(
      peers.map((peer) => {
        const other = rounds[peer];
        return [peer, ours && other && medianInterval(ratiosOf(other, ours))];
      }),
    ),
    share: defined(
      columns.map((column) => {
        const share = rounds[column]?.map((seconds) => seconds && peak && work / (seconds * peak * 1e9));
        return [column, peak === undefined || work === 0 ? undefined : share && medianInterval(share)];
      }),
    ),
    odd: oddRounds(cells),
  };
}

/** A row's rounds with all columns together, as the bootstrap draws them. */
function togetherOf({ cells }: ReportRow): readonly Seconds[] {
  const rounds = roundsOf(cells);
  const count = Math.max(...columns.map((column) => rounds[column]?.length ?? 0));
  return Array.from({ length: count }, (_, i) =>
    Object.fromEntries(columns.map((column) => [column, rounds[column]?.[i]])),
  );
}

/** The geometric mean of the rows' median ratios; undefined for no rows. */
function meanRatio(rows: readonly ReportRow[], peer: Peer): Interval | undefined {
  const compared = rows.filter(({ ratio }) => ratio[peer] !== undefined).map(togetherOf);
  if (compared.length === 0) return undefined;
  const ratios = (rounds: readonly Seconds[]) =>
    ratiosOf(
      rounds.map((round) => round[peer]),
      rounds.map(({ ours }) => ours),
    );
  return bootstrapInterval(compared, {
    value: (drawn) => geometricMean(drawn.map((rounds) => medianOf(ratios(rounds)))),
    low: (drawn) => geometricMean(drawn.map((rounds) => medianWith(ratios(rounds), 0))),
    high: (drawn) => geometricMean(drawn.map((rounds) => medianWith(ratios(rounds), Infinity))),
  });
}

/** A row, and how often the sum has it. */
interface Part {
  readonly row: ReportRow;
  readonly times: number;
}

/** What a sum makes of one column's rounds. */
type Summary = (rounds: readonly Round[]) => number;
const lowest: Summary = (rounds) => medianWith(rounds, 0);
const highest: Summary = (rounds) => medianWith(rounds, Infinity);

const hasAll = (parts: readonly Part[], column: Column): boolean =>
  parts.every(({ row: { cells } }) => roundsOf(cells)[column] !== undefined);

/** The sum of one column over some parts, by the rounds that were drawn of every row. */
const sumOf =
  (parts: readonly Part[], column: Column) =>
  (rows: readonly ReportRow[], drawn: readonly (readonly Seconds[])[], summary: Summary): number =>
    parts.reduce((total, { row, times }) => {
      const rounds = drawn[rows.indexOf(row)].map((one) => one[column]);
      return total + times * summary(rounds);
    }, 0);

interface Sum {
  readonly parts: readonly Part[];
  readonly column: Column;
}

/** A sum's seconds, or how many times as long as another one it takes; undefined where a part could not run. */
function sumInterval({ parts, column }: Sum, other?: Sum): Interval | undefined {
  if (!hasAll(parts, column) || (other && !hasAll(other.parts, other.column))) return undefined;
  // A row in both sums is drawn once.
  const rows = [...new Set([...parts, ...(other?.parts ?? [])].map(({ row }) => row))];
  const above = sumOf(parts, column);
  const below = other && sumOf(other.parts, other.column);
  type Drawn = readonly (readonly Seconds[])[];
  const of = (top: Summary, bottom: Summary) => (drawn: Drawn) =>
    above(rows, drawn, top) / (below?.(rows, drawn, bottom) ?? 1);
  return bootstrapInterval(rows.map(togetherOf), {
    value: of(medianOf, medianOf),
    low: of(lowest, highest),
    high: of(highest, lowest),
  });
}

/** The sum of some rows, each so many times. */
function totalOf(parts: readonly Part[]): TableTotal {
  const missing = (column: Column) =>
    parts.reduce((sum, { row: { cells }, times }) => {
      const isThere =
        column === 'best' ? roundsOf(cells).best !== undefined : isRunnable(cellOf(cells, column));
      return sum + (isThere ? 0 : times);
    }, 0);
  return {
    seconds: defined(columns.map((column) => [column, sumInterval({ parts, column })])),
    ratio: ratiosOfSums(parts, parts),
    missing: defined(columns.map((column) => [column, missing(column) || undefined])),
  };
}

/** The peer's sum of some parts over landlens' of others. */
const ratiosOfSums = (theirs: readonly Part[], ours: readonly Part[]): PerPeer<Interval> =>
  defined(
    peers.map((peer) => [
      peer,
      sumInterval({ parts: theirs, column: peer }, { parts: ours, column: 'ours' }),
    ]),
  );

/**
 * What Table 3 is made of: Max-Sensitivity contains the explanation, and every method has a MoRF curve too. Undefined
 * where a row is missing.
 * @param rowOf the row of a method's Max-Sensitivity
 */
function tableParts(
  rows: readonly ReportRow[],
  rowOf: (sensitivity: string) => string,
): readonly Part[] | undefined {
  const find = (id: string) => rows.find((row) => row.id === id);
  const [curve, ...others] = [find('morf'), ...methods.map(({ id }) => find(rowOf(`sensitivity-${id}`)))];
  const known = others.filter((row) => row !== undefined);
  if (curve === undefined || known.length < others.length) return undefined;
  return [{ row: curve, times: methods.length }, ...known.map((row) => ({ row, times: 1 }))];
}

const without = <Item>({ default: _, ...rest }: PerColumn<Item>): PerColumn<Item> => rest;

function sameErrorTotal(rows: readonly ReportRow[]): SameErrorTotal | undefined {
  const paper = tableParts(rows, (id) => id);
  const same = tableParts(rows, (id) => (sameErrorRowIds.includes(sameErrorId(id)) ? sameErrorId(id) : id));
  if (paper === undefined || same === undefined) return undefined;
  const own = sumInterval({ parts: paper, column: 'ours' }, { parts: same, column: 'ours' });
  const { seconds, ratio, missing } = totalOf(same);
  // Captum's defaults are not asked for another count.
  const total = { seconds: without(seconds), ratio: without(ratio), missing: without(missing) };
  return own && { total, paper: ratiosOfSums(paper, same), own };
}

function subjectReport(
  subject: RecordOf<'subject'>,
  records: readonly BenchRecord[],
  peak: number | undefined,
): SubjectReport {
  const { network, size, multiplyAdds } = subject;
  const own = <Kind extends 'row' | 'sweep' | 'precision'>(kind: Kind) =>
    records.filter(
      (record): record is RecordOf<Kind> =>
        record.kind === kind && record.network === network && record.size === size,
    );
  const precisions = own('precision');
  const rows = own('row').map((record) =>
    reportRow(record, subject, { ...(peak !== undefined && { peak }), precisions }),
  );
  const ofMethods = rows.filter(
    ({ id, agreement }) => methods.some((method) => method.id === id) && agreement?.agrees !== false,
  );
  const parts = tableParts(rows, (id) => id);
  const sameError = sameErrorTotal(rows);
  return {
    ...{ network, size, multiplyAdds, rows },
    geometricMeans: defined(peers.map((peer) => [peer, meanRatio(ofMethods, peer)])),
    ...(parts && { total: totalOf(parts) }),
    ...(sameError && { sameError }),
    sweeps: own('sweep').filter(({ id }) => !id.startsWith('side-')),
  };
}

const nameOf = ({ network, size }: SubjectReport): string =>
  `${networkLabels[network].split(' ')[0]} at ${size}`;

/** Where the peer could not run, landlens counts as infinitely faster; where values differ, as infinitely slower. */
function ratioOf({ agreement, precision, ratio, cells }: ReportRow, peer: Peer): Interval {
  if (agreement?.agrees === false || (precision && !isReached(precision))) return exactly(0);
  return ratio[peer] ?? exactly(hasRun(cells.ours) ? Infinity : 0);
}

interface Bound {
  readonly least?: number;
  readonly most?: number;
}

/** Whether a figure surely keeps to the bound; undefined where it may or may not, or too few rounds tell. */
function keepsTo({ low, high, level }: Interval, { least = -Infinity, most = Infinity }: Bound) {
  if (level < requiredLevel) return undefined;
  if (low >= least && high <= most) return true;
  return high < least || low > most ? false : undefined;
}

/** Orders figures by how little they keep to the bound: what fails, then what is not decided, by their worse ends. */
function worseFirst(a: Interval, b: Interval, bound: Bound): number {
  const rank = (figure: Interval) => [false, undefined, true].indexOf(keepsTo(figure, bound));
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  return bound.least === undefined ? b.high - a.high : a.low - b.low;
}

/** A goal by what each subject has for it; none where nothing was measured. */
function goalOf(
  reports: readonly SubjectReport[],
  text: string,
  bound: Bound,
  measurements: (report: SubjectReport) => readonly (readonly [string, Interval | undefined])[],
): readonly Goal[] {
  const all = reports.flatMap((report) =>
    measurements(report).flatMap(([name, figure]) =>
      figure === undefined ? [] : [{ where: `${name}${nameOf(report)}`, figure }],
    ),
  );
  if (all.length === 0) return [];
  const [{ where, figure: worst }] = [...all].sort((a, b) => worseFirst(a.figure, b.figure, bound));
  const count = (answer: boolean) => all.filter(({ figure }) => keepsTo(figure, bound) === answer).length;
  const [reached, failed] = [count(true), count(false)];
  const verdict = failed > 0 ? 'missed' : reached === all.length ? 'met' : 'not decided';
  return [{ text, verdict, worst, where, measured: all.length, reached, failed }];
}

function goalsOf(reports: readonly SubjectReport[]): readonly Goal[] {
  const goal = (text: string, bound: Bound, measurements: Parameters<typeof goalOf>[3]) =>
    goalOf(reports, text, bound, measurements);
  const rowsWhere = (
    report: SubjectReport,
    isOne: (id: string) => boolean,
    of: (row: ReportRow) => Interval | undefined,
  ) => report.rows.filter(({ id }) => isOne(id)).map((row) => [`${row.label}, `, of(row)] as const);
  const isMethod = (id: string) => methods.some((method) => method.id === id);
  const faster = (peer: Peer, isOne: (id: string) => boolean) => (report: SubjectReport) =>
    rowsWhere(report, isOne, (row) => ratioOf(row, peer));
  const table =
    (peer: Peer) =>
    ({ total }: SubjectReport) => {
      if (total?.seconds.ours === undefined) return [];
      return [['', total.ratio[peer] ?? (total.missing[peer] ? exactly(Infinity) : undefined)] as const];
    };
  const atError = ({ sameError }: SubjectReport) => [['', sameError?.paper.best]] as const;
  /** How many times as long as another one a row takes. */
  const times = ({ rows }: SubjectReport, id: string, other: string): Interval | undefined => {
    const found = [id, other].map((one) => rows.find((row) => row.id === one));
    const known = found.filter((row) => row?.seconds.ours !== undefined).filter((row) => row !== undefined);
    if (known.length < 2) return undefined;
    const of = ([longer, shorter]: readonly (readonly Seconds[])[]) =>
      medianOf(longer.map(({ ours }) => ours)) / medianOf(shorter.map(({ ours }) => ours));
    return bootstrapInterval(known.map(togetherOf), { value: of, low: of, high: of });
  };
  return [
    ...goal('every method at least 1.5 x faster than (b)', { least: 1.5 }, faster('best', isMethod)),
    ...goal('every method at least 3 x faster than (a)', { least: 3 }, faster('default', isMethod)),
    ...goal('methods, geometric mean at least 2.5 x against (b)', { least: 2.5 }, ({ geometricMeans }) => [
      ['', geometricMeans.best],
    ]),
    ...goal('whole Table 3 at least 2 x faster than (b)', { least: 2 }, table('best')),
    ...goal('whole Table 3 at least 3 x faster than (b) (stretch)', { least: 3 }, table('best')),
    ...goal(
      'whole Table 3 at the error of the paper’s counts, at least 5 x faster than (b) with these',
      { least: 5 },
      atError,
    ),
    ...goal('the same, at least 8 x (stretch)', { least: 8 }, atError),
    ...goal('the same, at least 3 x faster than landlens with the paper’s counts', { least: 3 }, (report) => [
      ['', report.sameError?.own],
    ]),
    ...goal('forward of 16 images at least 65 % of the peak', { least: 0.65 }, (report) =>
      rowsWhere(
        report,
        (id) => id === 'forward-16',
        ({ share }) => share.ours,
      ),
    ),
    ...goal('gradient at most 2.2 x forward, 16 images of DenseNet-121', { most: 2.2 }, (report) =>
      report.network === 'densenet121' ? [['', times(report, 'gradient-16', 'forward-16')]] : [],
    ),
    ...goal(
      'no row slower than (b)',
      { least: 1 },
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
