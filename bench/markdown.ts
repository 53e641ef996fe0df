/** The tables of a run, as Markdown. */
import { markdownTable } from 'landlens/text';
import type { Column } from './amounts.js';
import type { BenchRecord, RecordOf } from './benchRecords.js';
import { type AnyCell, hasRun } from './cell.js';
import { networkLabels } from './networks.js';
import { isReached, type Precision } from './precision/sameError.js';
import {
  createReport,
  type Goal,
  type ReportRow,
  type SameErrorTotal,
  type SubjectReport,
  type TableTotal,
  type Verdict,
} from './report.js';
import { type Interval, requiredLevel } from './statistics.js';
import type { Sweep } from './sweeps.js';

type RowRecord = RecordOf<'row'>;

/** Three significant digits. */
export function secondsText(seconds: number): string {
  if (seconds < 0.1) return `${(1000 * seconds).toPrecision(3)} ms`;
  if (seconds < 100) return `${seconds.toPrecision(3)} s`;
  return `${Math.round(seconds)} s`;
}

/** "1.2 s (1.1–1.3 s)": a figure with its interval, in brackets also the level where it is too low for a verdict. */
function intervalText({ value, low, high, level }: Interval, text: (value: number) => string): string {
  if (Number.isNaN(value)) return 'lost in noise';
  if (value === Infinity) return 'not runnable';
  if (text(low) === text(high) && level >= requiredLevel) return text(value);
  const [least, most] = [text(low), high === Infinity ? 'any' : text(high)];
  const [, unit] = least.split(' ');
  const range =
    unit !== undefined && most.endsWith(` ${unit}`) ? `${least.split(' ')[0]}–${most}` : `${least}–${most}`;
  const weak = level < requiredLevel ? `, level ${(100 * level).toFixed(0)} %` : '';
  return `${text(value)} (${range}${weak})`;
}

function cellText(cell: AnyCell, seconds: Interval | undefined): string {
  if (cell === undefined) return '';
  if (!hasRun(cell)) return `out of memory (${cell.outOfMemory})`;
  const { scaledFrom, needs } = cell;
  const condition =
    needs === undefined ? '' : `, with ${Math.round(needs / 2 ** 30)} GiB: **more than there is**`;
  return `${scaledFrom === undefined ? '' : '≈ '}${seconds ? intervalText(seconds, secondsText) : ''}${condition}`;
}

const timesText = (ratio: Interval | undefined): string =>
  ratio === undefined ? '' : intervalText(ratio, (value) => `${value.toFixed(2)} x`);
const percentText = (share: Interval | undefined): string =>
  share === undefined ? '' : `${(100 * share.value).toFixed(0)} %`;
const mebibytesText = (bytes: number | undefined): string =>
  bytes === undefined || bytes === 0 ? '' : `${Math.round(bytes / 2 ** 20)} MiB`;
const peakText = (cell: AnyCell): string => (hasRun(cell) ? mebibytesText(cell.peak) : '');

const shareText = (share: number): string => `${(100 * share).toPrecision(2)} %`;

function precisionText(precision: Precision): string {
  const { asked, reached, evaluations, count } = precision;
  const error = `error ${shareText(reached)} where ${shareText(asked)} was asked for`;
  return `${isReached(precision) ? 'yes' : '**no**'}: ${error}, ${evaluations} evaluations; (b): count ${count}`;
}

function agreementText({ agreement, precision }: ReportRow): string {
  if (precision !== undefined) return precisionText(precision);
  if (agreement === undefined) return 'as its method';
  const { agrees, largest, norm, what } = agreement;
  return `${agrees ? 'yes' : '**no**'}: ${largest.toExponential(0)}, ${norm.toExponential(0)} (${what})`;
}

function tableText(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const escaped = (cells: readonly string[]) => cells.map((text) => text.replaceAll('|', '\\|'));
  return markdownTable(escaped(headings), rows.map(escaped)).join('\n');
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

function totalRow(label: string, { seconds, ratio, missing }: TableTotal): readonly string[] {
  const text = (column: Column): string => {
    const sum = seconds[column];
    const lacking = missing[column] ? `not runnable: ${missing[column]} of 24 parts need more memory` : '';
    return [
      ...(sum === undefined ? [] : [`≈ ${intervalText(sum, secondsText)}`]),
      ...(lacking === '' ? [] : [lacking]),
    ].join(', ');
  };
  return [
    label,
    ...[text('ours'), text('default'), text('best')],
    ...[timesText(ratio.default), timesText(ratio.best), '', ''],
  ];
}

function totalRows({ total, sameError }: SubjectReport): readonly (readonly string[])[] {
  const sum = '**Whole Table 3, one image** (sum of Max-Sensitivity and a MoRF curve for each method)';
  return [
    ...(total ? [totalRow(sum, total)] : []),
    ...(sameError
      ? [totalRow('**The same**, both sides at the error of the paper’s counts', sameError.total)]
      : []),
  ];
}

function sameErrorText({ paper, own }: SameErrorTotal): string {
  const times = [
    ...(paper.best ? [`(b) with the paper’s counts takes ${timesText(paper.best)} as long`] : []),
    `landlens with the paper’s counts ${timesText(own)}`,
  ];
  return `Table 3 by landlens at the error of the paper’s counts: ${times.join(', ')}.`;
}

/** Rounds that are not like the others, named with their values. */
function oddText(rows: readonly ReportRow[]): string | undefined {
  const lines = rows.flatMap(({ label, odd }) =>
    odd.map(({ column, round, seconds, median }) =>
      seconds === undefined || median === undefined
        ? `- ${label}, ${headingsOf[column]}, round ${round}: more work took no longer; unknown, so from 0 to any`
        : `- ${label}, ${headingsOf[column]}, round ${round}: ${secondsText(seconds)}, median ${secondsText(median)}`,
    ),
  );
  if (lines.length === 0) return undefined;
  return [
    'Outliers, beyond 3 scaled median absolute deviations of their column’s rounds, and rounds lost in noise (all stay in the intervals):',
    lines.join('\n'),
  ].join('\n\n');
}

function subjectMarkdown(report: SubjectReport): string {
  const { network, size, rows, geometricMeans, multiplyAdds } = report;
  const times = tableText(
    ['', ...Object.values(headingsOf), '(a) / landlens', '(b) / landlens', 'same values', '≈ scaled from'],
    [
      ...rows.map((row) => {
        const { label, cells, seconds, ratio } = row;
        return [
          label,
          ...(['ours', 'default', 'best'] as const).map((column) =>
            column === 'default' && cells.default === undefined
              ? 'as (b)'
              : cellText(cells[column], seconds[column]),
          ),
          timesText(ratio.default),
          timesText(ratio.best),
          agreementText(row),
          scaledText(cells),
        ];
      }),
      ...totalRows(report),
    ],
  );
  const limits = tableText(
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
  const odd = oddText(rows);
  return [
    `## ${networkLabels[network]}, 12 x ${size} x ${size}`,
    `${(multiplyAdds / 1e9).toFixed(2)} billion multiply-adds a forward pass.${
      means.length === 0 ? '' : ` Methods, geometric mean of the ratios: ${means.join(', ')}.`
    }`,
    ...(rows.length === 0 ? [] : ['### Time', times]),
    ...(report.sameError ? [sameErrorText(report.sameError)] : []),
    ...(odd === undefined ? [] : [odd]),
    ...(rows.length === 0 ? [] : ['### Against the limit, and memory', limits]),
    ...(report.sweeps.length === 0 ? [] : ['### Growth', ...report.sweeps.map(sweepMarkdown)]),
  ].join('\n\n');
}

/** Time is given for one of what is counted, so that a column of equal times means proportional growth. */
function sweepMarkdown({ label, axis, points }: Sweep): string {
  const isSide = axis.startsWith('side');
  const each = isSide ? 'a run' : 'each';
  return tableText(
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

const verdictTexts: Readonly<Record<Verdict, string>> = {
  met: 'met',
  missed: '**missed**',
  'not decided': 'not decided by this run',
};

function goalsMarkdown(goals: readonly Goal[]): string {
  return tableText(
    ['Goal', 'verdict', 'met by', 'missed by', 'worst', 'there'],
    goals.map(({ text, verdict, worst, where, measured, reached, failed }) => [
      ...[text, verdictTexts[verdict], `${reached} of ${measured}`, `${failed}`],
      ...[intervalText(worst, (value) => value.toFixed(2)), where],
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
    'Medians of rounds in which landlens, (a) and (b) take turns, in brackets the interval in which the median lies at a level of at least 93.75 %: order statistics of the rounds (of five, the least and the most); for sums and geometric means the bootstrap over the rounds. A goal is met where the lower end of every interval passes, missed where an upper end fails. (a) is Captum with its defaults, (b) with the best batch sizes found here (or its defaults, where a row shows those to be faster). "Same values": the largest difference as a share of the largest value, and the norm of the difference as a share of the norm. How to read it: docs/benchmark.md.',
    peak &&
      `Largest rate of a matrix product (float32) on this machine: onnxruntime ${rate('ours')}, PyTorch ${rate('peer')}; the larger is the peak of which shares are given.`,
    ...(goals.length === 0 ? [] : ['## Goals', goalsMarkdown(goals)]),
    ...subjects.map(subjectMarkdown),
    ...(bySide.length === 0 ? [] : ['## Growth with the side of the image', ...bySide.map(sweepMarkdown)]),
  ]
    .filter((part) => part !== undefined)
    .join('\n\n')}\n`;
}
