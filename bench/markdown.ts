/** The tables of a run, as Markdown. */
import type { Column } from './amounts.js';
import type { BenchRecord, RecordOf } from './benchRecords.js';
import type { Agreement } from './measureRow.js';
import { networkLabels } from './networks.js';
import { type AnyCell, createReport, type Goal, hasRun, type SubjectReport } from './report.js';
import { type Spread, spread } from './statistics.js';
import type { Sweep } from './sweeps.js';

type RowRecord = RecordOf<'row'>;

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
  const { scaledFrom, needs, seconds } = cell;
  const condition =
    needs === undefined ? '' : `, with ${Math.round(needs / 2 ** 30)} GiB: **more than there is**`;
  return `${scaledFrom === undefined ? '' : '≈ '}${spreadText(spread(seconds))}${condition}`;
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
  const text = (column: Column): string => {
    const sum = seconds[column];
    const lacking = missing[column] ? `not runnable: ${missing[column]} of 24 parts need more memory` : '';
    return [
      ...(sum === undefined ? [] : [`≈ ${secondsText(sum)}`]),
      ...(lacking === '' ? [] : [lacking]),
    ].join(', ');
  };
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
    'Medians of rounds in which landlens, (a) and (b) take turns; least and most in brackets. (a) is Captum with its defaults, (b) with the best batch sizes found here (or its defaults, where a row shows those to be faster). "Same values": the largest difference as a share of the largest value, and the norm of the difference as a share of the norm. How to read it: docs/benchmark.md.',
    peak &&
      `Largest rate of a matrix product (float32) on this machine: onnxruntime ${rate('ours')}, PyTorch ${rate('peer')}; the larger is the peak of which shares are given.`,
    ...(goals.length === 0 ? [] : ['## Goals', goalsMarkdown(goals)]),
    ...subjects.map(subjectMarkdown),
    ...(bySide.length === 0 ? [] : ['## Growth with the side of the image', ...bySide.map(sweepMarkdown)]),
  ]
    .filter((part) => part !== undefined)
    .join('\n\n')}\n`;
}
