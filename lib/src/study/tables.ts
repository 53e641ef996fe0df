/** A study's tables: for the terminal, as Markdown and as CSV. */

import { type Metric, metrics } from '../metric/metrics.js';
import { csvText, markdownText, oneLine } from '../text.js';
import { compareScores, correlationText, ourColumn, paperColumns } from './comparison.js';
import { describeSelection, everyTestImage } from './selection.js';
import type { MethodSummary, StudyContext, StudySummary } from './summary.js';

const paperNames = { bigEarthNet: 'BigEarthNet, 120 x 120', sen12ms: 'SEN12MS, 256 x 256' } as const;

/**
 * The cells of Table 3: one row a method, our value and the paper's for each measure, the best three marked; behind
 * them, where the method samples, its relative error and the evaluations of the network that it took.
 */
function table3Cells({ methods, context }: StudySummary): readonly (readonly string[])[] {
  const scores = compareScores(methods, [ourColumn(methods), paperColumns[context.paperColumn]]);
  return methods.some(isSampled)
    ? scores.map((cells, i) => [...cells, ...samplingCells(methods[i])])
    : scores;
}

const isSampled = ({ sampling }: MethodSummary): boolean => sampling !== undefined;

/** None where every method is exact, or was measured before errors were recorded. */
const samplingHeadings = ({ methods }: StudySummary): readonly string[] =>
  methods.some(isSampled) ? ['Error (%)', 'Evaluations'] : [];

function samplingCells({ sampling }: MethodSummary): readonly string[] {
  if (sampling === undefined) return ['', ''];
  const { relativeError, evaluations, unreached } = sampling;
  return [`${errorText(relativeError)}${unreached > 0 ? ' *' : ''}`, evaluations.toFixed(0)];
}

/** In percent with two digits, but no exponent from 100 % on. */
function errorText(relativeError: number | undefined): string {
  if (relativeError === undefined) return 'unknown';
  const percent = 100 * relativeError;
  return percent < 99.5 ? percent.toPrecision(2) : percent.toFixed(0);
}

/** What the error is, and how many images did not come to their tolerance. */
function describeSampling(methods: readonly MethodSummary[]): readonly string[] {
  const sampled = methods.flatMap(({ sampling }) => sampling ?? []);
  if (sampled.length === 0) return [];
  const missed = methods.flatMap(({ name, sampling }) =>
    sampling === undefined || sampling.unreached === 0
      ? []
      : [`${name} on ${sampling.unreached} ${sampling.unreached === 1 ? 'image' : 'images'}`],
  );
  return [
    'Error: standard error of the attribution that its sampling leaves, relative to the attribution (L2 norms); evaluations: gradients, or forward passes of LIME. Methods without it are exact.',
    ...(missed.length > 0 ? [`* The tolerance was not reached: ${missed.join('; ')}.`] : []),
  ];
}

/** Measured as docs/reproducibility.md says. */
const betweenProcessors =
  'Processors round differently: on 8 rendered scenes that moves the AUC-MoRF of Input x Gradient and Integrated Gradients, with SmoothGrad or without, by up to 0.9, and nothing else by more than its last digit (docs/reproducibility.md).';

const higher = metrics.filter(({ better }: Metric) => better === 'higher').map(({ heading }) => heading);
const direction = `Lower is better${higher.length > 0 ? `, in ${higher.join(' and ')} higher` : ''}`;

/** What the figures are of, one statement a line. */
export function describeContext(context: StudyContext): readonly string[] {
  const { dataset, rendered, images, truePositives, preset, seed, selection = everyTestImage } = context;
  return [
    `Data set: ${oneLine(dataset)}${rendered ? ', rendered, not real imagery' : ''}; ${images} ${oneLine(describeSelection(selection, images))} with one class each, ${truePositives} of them a correctly predicted label; preset ${preset}, seed ${seed}.`,
    `Model: ${oneLine(context.model)} ${context.modelHash}; ${context.versions}.`,
    `Seconds: one explanation of one image, programs compiled, on ${context.devices.join(' and ')}; the paper's on an RTX 3070.`,
    `Paper: Table 3, DenseNet-121 on ${paperNames[context.paperColumn]}. ${direction}; ¹ ² ³ mark the best three of more than three.`,
    betweenProcessors,
  ];
}

/** Agreement of our order of the methods with the paper's, one line a measure. */
export function describeAgreement({ agreement, methods }: StudySummary): readonly string[] {
  const count = methods.filter(({ paper }) => paper !== undefined).length;
  return metrics.flatMap(({ id, heading }) => {
    const found = agreement[id];
    return found === undefined
      ? []
      : [`Spearman rank correlation with the paper, ${heading}: ${correlationText(found)}, n = ${count}`];
  });
}

/** Table 3 for a terminal, with everything that its figures depend on. */
export function table3Text(summary: StudySummary): string {
  const cells = table3Cells(summary);
  const second = ['Method', ...metrics.flatMap(() => ['ours', 'paper']), ...samplingHeadings(summary)];
  const widths = second.map((heading, column) =>
    Math.max(
      ...[heading, ...cells.map((row) => row[column])].map((text) => text.length),
      column === 0 ? 0 : 8,
    ),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column])))
      .join('  ')
      .trimEnd();
  const first = [
    ''.padEnd(widths[0]),
    ...metrics.map(({ heading }, i) => heading.padStart(widths[2 * i + 1] + widths[2 * i + 2] + 2)),
  ].join('  ');
  // A blank behind the heading stands where the marks stand.
  const head = line(second.map((heading, column) => (column === 0 ? heading : `${heading} `)));
  return [
    first,
    head,
    '─'.repeat(first.length),
    ...cells.map(line),
    '',
    ...describeContext(summary.context),
    ...describeSampling(summary.methods),
    ...describeAgreement(summary),
  ].join('\n');
}

/** Table 3 as Markdown. */
export function table3Markdown(summary: StudySummary): string {
  const row = (texts: readonly string[]): string =>
    `| ${texts.map((text) => markdownText(text.trim())).join(' | ')} |`;
  const heading = [
    'Method',
    ...metrics.flatMap(({ heading }) => [`${heading}, ours`, `${heading}, paper`]),
    ...samplingHeadings(summary),
  ];
  return [
    '# Table 3: quantitative metrics',
    '',
    row(heading),
    row(heading.map((_, column) => (column === 0 ? ':---' : '---:'))),
    ...table3Cells(summary).map(row),
    '',
    ...[
      ...describeContext(summary.context),
      ...describeSampling(summary.methods),
      ...describeAgreement(summary),
    ].map((text) => `- ${markdownText(text)}`),
    '',
  ].join('\n');
}

type CsvValue = string | number | boolean | undefined;

/**
 * Rows as CSV (RFC 4180); columns are those of the first row, absent values are empty. Texts that a spreadsheet would
 * compute are marked as texts; numbers, negative ones too, stay numbers.
 */
export function csv(rows: readonly Readonly<Record<string, CsvValue>>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const quote = (value: CsvValue): string => {
    const text = typeof value === 'string' ? csvText(value) : value === undefined ? '' : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  return lines.map((line) => `${line.map(quote).join(',')}\r\n`).join('');
}

/** Every row says what it is of, so that tables of several studies can be joined. */
function contextColumns({ context }: StudySummary): Readonly<Record<string, CsvValue>> {
  const { dataset, rendered, images, preset, seed, modelHash, versions, devices } = context;
  return { dataset, rendered, images, preset, seed, model: modelHash, versions, device: devices.join('; ') };
}

export function table3Csv(summary: StudySummary): string {
  return csv(
    summary.methods.map(({ id, name, scores, paper, sampling }) => ({
      method: id,
      name,
      ...Object.fromEntries(metrics.map(({ id, column }) => [column, scores[id]])),
      ...Object.fromEntries(metrics.map((metric) => [`paper_${metric.column}`, paper?.[metric.id]])),
      relative_error: sampling?.relativeError,
      evaluations: sampling?.evaluations,
      tolerance_missed: sampling?.unreached,
      ...contextColumns(summary),
    })),
  );
}

/** The mean MoRF curves: one row per method and iteration; iteration 0 is the whole image. */
export function morfCsv(summary: StudySummary): string {
  return csv(
    summary.methods.flatMap(({ id, morf }) =>
      morf.map((score, iteration) => ({ method: id, iteration, score, ...contextColumns(summary) })),
    ),
  );
}

/** Localisation per method; undefined where no image has a true mask. */
export function localisationCsv(summary: StudySummary): string | undefined {
  const rows = summary.methods.flatMap((method) => localisationRow(method));
  return rows.length === 0 ? undefined : csv(rows.map((row) => ({ ...row, ...contextColumns(summary) })));
}

function localisationRow({
  id,
  name,
  localisation,
}: MethodSummary): readonly Readonly<Record<string, CsvValue>>[] {
  if (localisation === undefined) return [];
  const { images, share, area, ratio, hit } = localisation;
  return [
    {
      method: id,
      name,
      images_with_mask: images,
      share_inside: share,
      mask_area: area,
      ratio,
      pointing_hit: hit,
    },
  ];
}
