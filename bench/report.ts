/** The tables of a run, as Markdown and as JSON. */
import { methods } from 'landlens/attribution/methods';
import type { Column } from './amounts.js';
import type { BenchRecord, RecordOf } from './benchRecords.js';
import type { Agreement, Cell, NoCell } from './measureRow.js';
import { networkLabels } from './networks.js';
import { rowsAt } from './rows.js';
import { geometricMean, type Spread, spread } from './statistics.js';
import { joinSweeps, type Sweep } from './sweeps.js';

type RowRecord = RecordOf<'row'>;
type AnyCell = Cell | NoCell | undefined;

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
  /** Rows that the column could not run. */
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
  /** A ratio or a share. */
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

const hasRun = (cell: AnyCell): cell is Cell => cell !== undefined && 'seconds' in cell;

/** The cell of a column; a column without its own is the same as the best one. */
const cellOf = (cells: RowRecord['cells'], column: Column): AnyCell =>
  cells[column] ?? (column === 'default' ? cells.best : undefined);

const medianOf = (cell: AnyCell): number | undefined =>
  hasRun(cell) ? spread(cell.seconds).median : undefined;

const defined = <Key extends string>(entries: readonly (readonly [Key, number | undefined])[]) =>
  Object.fromEntries(
    entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  ) as Partial<Record<Key, number>>;

function reportRow(record: RowRecord, subject: RecordOf<'subject'>, peak: number | undefined): ReportRow {
  const row = rowsAt(record.size).find(({ id }) => id === record.id);
  if (row === undefined) throw new Error(`no row ${record.id}`);
  const { cells, agreement } = record;
  const medians = {
    ours: medianOf(cells.ours),
    default: medianOf(cellOf(cells, 'default')),
    best: medianOf(cells.best),
  };
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
  const missing = (column: Column) => known.filter(({ cells }) => !hasRun(cellOf(cells, column))).length;
  const seconds = (column: Column) =>
    missing(column) > 0
      ? undefined
      : known.reduce((sum, { cells }) => sum + (medianOf(cellOf(cells, column)) ?? 0), 0);
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
    ...goal('forward at least 1 / 2.2 of the gradient, 16 images of DenseNet-121', 1 / 2.2, (report) => {
      const [forward, gradient] = [secondsAt(report, 'forward-16'), secondsAt(report, 'gradient-16')];
      if (report.network !== 'densenet121' || forward === undefined || gradient === undefined) return [];
      return [['', forward / gradient]];
    }),
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

/** Three significant digits. */
export function secondsText(seconds: number): string {
  if (seconds < 0.1) return `${(1000 * seconds).toPrecision(3)} ms`;
  if (seconds < 100) return `${seconds.toPrecision(3)} s`;
  return `${Math.round(seconds)} s`;
}

function spreadText({ median, min, max }: Spread): string {
  const [low, high] = [secondsText(min), secondsText(max)];
  const [, unit] = low.split(' ');
  const range = high.endsWith(` ${unit}`) ? `${low.split(' ')[0]}–${high}` : `${low}–${high}`;
  return low === high ? secondsText(median) : `${secondsText(median)} (${range})`;
}

function cellText(cell: AnyCell): string {
  if (cell === undefined) return '';
  if (!hasRun(cell)) return `out of memory (${cell.outOfMemory})`;
  return `${cell.scaledFrom === undefined ? '' : '≈ '}${spreadText(spread(cell.seconds))}`;
}

const timesText = (ratio: number | undefined): string => (ratio === undefined ? '' : `${ratio.toFixed(2)} x`);
const percentText = (share: number | undefined): string =>
  share === undefined ? '' : `${(100 * share).toFixed(0)} %`;
const mebibytesText = (bytes: number | undefined): string =>
  bytes === undefined || bytes === 0 ? '' : `${Math.round(bytes / 2 ** 20)} MiB`;
const peakText = (cell: AnyCell): string => (hasRun(cell) ? mebibytesText(cell.peak) : '');

function agreementText(agreement: Agreement | undefined): string {
  if (agreement === undefined) return 'as its method';
  const { agrees, largest, norm, what } = agreement;
  return `${agrees ? 'yes' : '**no**'}: ${largest.toExponential(0)}, ${norm.toExponential(0)} (${what})`;
}

function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(headings), line(headings.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  );
}

const headingsOf: Readonly<Record<Column, string>> = {
  ours: 'landlens',
  default: '(a) defaults',
  best: '(b) best batch',
};

/** What the cells marked ≈ were scaled from; Captum's defaults may have measured more of it. */
function scaledText({ ours, default: defaults }: RowRecord['cells']): string {
  const [text, other] = [ours, defaults].map((cell) => (hasRun(cell) ? (cell.scaledFrom ?? '') : ''));
  if (!hasRun(defaults) || other === text) return text;
  return `${text}; (a): ${other || 'whole'}`;
}

function totalRow({ total }: SubjectReport): readonly (readonly string[])[] {
  if (total === undefined) return [];
  const { seconds, missing } = total;
  const text = (column: Column): string =>
    seconds[column] === undefined
      ? `not runnable (${missing[column]} of 24 parts out of memory)`
      : secondsText(seconds[column]);
  const ratio = (column: Column): string => {
    const [ours, other] = [seconds.ours, seconds[column]];
    return timesText(ours === undefined || other === undefined ? undefined : other / ours);
  };
  return [
    [
      '**Whole Table 3, one image** (sum of Max-Sensitivity and a MoRF curve for each method)',
      ...[text('ours'), text('default'), text('best'), ratio('default'), ratio('best'), '', ''],
    ],
  ];
}

function subjectMarkdown(report: SubjectReport): string {
  const { network, size, rows, geometricMeans, multiplyAdds } = report;
  const times = markdownTable(
    ['', ...Object.values(headingsOf), '(a) / landlens', '(b) / landlens', 'same values', '≈ scaled from'],
    [
      ...rows.map(({ label, cells, ratio, agreement }) => [
        label,
        ...(['ours', 'default', 'best'] as const).map((column) =>
          column === 'default' && cells.default === undefined ? 'as (b)' : cellText(cells[column]),
        ),
        timesText(ratio.default),
        timesText(ratio.best),
        agreementText(agreement),
        scaledText(cells),
      ]),
      ...totalRow(report),
    ],
  );
  const limits = markdownTable(
    [
      '',
      'landlens, share of peak',
      '(b), share of peak',
      'landlens, memory',
      '(a), memory',
      '(b), memory',
      'batch sizes of (b)',
    ],
    rows.map(({ label, share, cells }) => [
      label,
      percentText(share.ours),
      percentText(share.best),
      peakText(cells.ours),
      peakText(cells.default),
      peakText(cells.best),
      hasRun(cells.best) ? (cells.best.batch ?? '') : '',
    ]),
  );
  const means = (['default', 'best'] as const).flatMap((column) => {
    const mean = geometricMeans[column];
    return mean === undefined ? [] : [`${timesText(mean)} against ${headingsOf[column]}`];
  });
  return [
    `## ${networkLabels[network]}, 12 x ${size} x ${size}`,
    `${(multiplyAdds / 1e9).toFixed(2)} billion multiply-adds a forward pass.${
      means.length === 0 ? '' : ` Methods, geometric mean of the ratios: ${means.join(', ')}.`
    }`,
    ...(rows.length === 0 ? [] : ['### Time', times, '### Against the limit, and memory', limits]),
    ...(report.sweeps.length === 0 ? [] : ['### Growth', ...report.sweeps.map(sweepMarkdown)]),
  ].join('\n\n');
}

/** Time is given for one of what is counted, so that a column of equal times means proportional growth. */
function sweepMarkdown({ label, axis, points }: Sweep): string {
  const isSide = axis.startsWith('side');
  const each = isSide ? 'a run' : 'each';
  return markdownTable(
    [`${label}: ${axis}`, `landlens, ${each}`, `(b), ${each}`, 'landlens, memory', '(b), memory'],
    points.map(({ value, ours, best }) => [
      `${value}`,
      ...[ours, best].map((side) =>
        side ? secondsText(side.seconds / (isSide ? 1 : value)) : 'out of memory',
      ),
      ...[ours, best].map((side) => mebibytesText(side?.peak)),
    ]),
  );
}

const goalText = (value: number): string => (value === Infinity ? 'not runnable' : value.toFixed(2));

function goalsMarkdown(goals: readonly Goal[]): string {
  return markdownTable(
    ['Goal', 'met', 'reached by', 'worst', 'there'],
    goals.map(({ text, isMet, worst, where, measured, reached }) => [
      text,
      isMet ? 'met' : '**missed**',
      `${reached} of ${measured}`,
      goalText(worst),
      where,
    ]),
  );
}

const presetTexts: Readonly<Record<string, string>> = {
  full: 'nothing is scaled',
  default: 'cells marked ≈ are scaled from less work, see the last column',
  quick: 'a quick look, with few repetitions: cells marked ≈ are scaled from less work, see the last column',
};

export function reportMarkdown(records: readonly BenchRecord[]): string {
  const { run, peak, versions, subjects, goals, bySide } = createReport(records);
  const machine =
    run &&
    `${run.machine.processor}, ${run.machine.cores} cores, ${run.machine.memoryGiB} GiB, ${run.machine.system}`;
  const rate = (side: 'ours' | 'peer'): string =>
    peak ? `${peak[side].gflops.toFixed(0)} GFLOP/s (${peak[side].size} x ${peak[side].size})` : '';
  return `${[
    '# landlens beside PyTorch and Captum',
    run &&
      `${machine}; ${run.options.threads} threads each. ${Object.entries(versions)
        .map(([name, version]) => (name === 'engine' ? version : `${name} ${version}`))
        .join(', ')}. Preset ${run.options.preset}: ${presetTexts[run.options.preset]}.`,
    'Medians of rounds in which landlens, (a) and (b) take turns; least and most in brackets. (a) is Captum with its defaults, (b) with the best batch sizes found here. "Same values": the largest difference as a share of the largest value, and the norm of the difference as a share of the norm. How to read it: docs/benchmark.md.',
    peak &&
      `Largest rate of a matrix product (float32) on this machine: onnxruntime ${rate('ours')}, PyTorch ${rate('peer')}; the larger is the peak of which shares are given.`,
    ...(goals.length === 0 ? [] : ['## Goals', goalsMarkdown(goals)]),
    ...subjects.map(subjectMarkdown),
    ...(bySide.length === 0 ? [] : ['## Growth with the side of the image', ...bySide.map(sweepMarkdown)]),
  ]
    .filter((part) => part !== undefined)
    .join('\n\n')}\n`;
}

export function reportJson(records: readonly BenchRecord[]): string {
  return `${JSON.stringify(createReport(records), null, 2)}\n`;
}
