/** What the check measured, as a table, with the whole of Table 3 and its ratio's interval. */
import { ratiosOf } from '../report.js';
import type { Group } from '../rows.js';
import {
  bootstrapInterval,
  geometricMean,
  type Interval,
  medianInterval,
  medianOf,
  medianWith,
  type Round,
} from '../statistics.js';

/** A row that both sides measured: seconds of the whole row, one a round. */
export interface TimedRow {
  readonly id: string;
  readonly label: string;
  readonly group: Group;
  readonly ours: readonly Round[];
  readonly other: readonly Round[];
  /** What was measured of it, where the seconds are scaled. */
  readonly scaledFrom?: string;
  /** The peer's batch sizes. */
  readonly batch?: string;
}

export function secondsText(seconds: number): string {
  return seconds < 1 ? `${(1000 * seconds).toPrecision(3)} ms` : `${seconds.toPrecision(3)} s`;
}

const interval = ({ value, low, high }: Interval, text: (figure: number) => string): string =>
  `${text(value)} [${text(low)}, ${text(high)}]`;

const ratioOf = (figure: number): string => figure.toPrecision(3);

/** The median of the rounds' ratios, the interval of the median, and how many rounds. */
export function ratioText(other: readonly Round[], ours: readonly Round[]): string {
  const ratios = ratiosOf(other, ours);
  return `${interval(medianInterval(ratios), ratioOf)} of ${ratios.length}`;
}

const cells = (...texts: readonly string[]): string => `| ${texts.join(' | ')} |`;

const timeText = (rounds: readonly Round[]): string => interval(medianInterval(rounds), secondsText);

const rowText = ({ label, ours, other, scaledFrom, batch }: TimedRow): string =>
  cells(
    `${scaledFrom === undefined ? '' : '≈ '}${label}`,
    timeText(ours),
    timeText(other),
    ratioText(other, ours),
    [...(scaledFrom === undefined ? [] : [`scaled from ${scaledFrom}`]), ...(batch ? [batch] : [])].join(
      '; ',
    ),
  );

/** Explanations of one Max-Sensitivity: of the image and of ten noisy ones. */
const explanations = 11;

/**
 * Everything that Table 3 needs of one image: for each method its Max-Sensitivity, which contains the explanation, and a
 * MoRF curve. A Max-Sensitivity that was not measured is taken as eleven explanations, and named.
 */
function tableText(rows: readonly TimedRow[], methods: readonly { readonly id: string }[]): string {
  const found = (id: string): TimedRow | undefined => rows.find((row) => row.id === id);
  const morf = found('morf');
  const missing = [...(morf ? [] : ['the MoRF curves'])];
  const estimated: string[] = [];
  const parts: { readonly row: TimedRow; readonly times: number }[] = [];
  for (const { id } of methods) {
    const sensitivity = found(`sensitivity-${id}`);
    const explanation = found(id);
    if (sensitivity) parts.push({ row: sensitivity, times: 1 });
    else if (explanation) {
      parts.push({ row: explanation, times: explanations });
      estimated.push(id);
    } else missing.push(id);
  }
  if (morf) parts.push({ row: morf, times: methods.length });
  if (parts.length === 0) return 'Nothing of Table 3 was measured.';
  const together = parts.map(({ row: { ours, other } }) =>
    ours.map((own, i) => ({ ours: own, other: other[i] })),
  );
  type Side = 'ours' | 'other';
  type Drawn = readonly (readonly Readonly<Record<Side, Round>>[])[];
  const sum = (side: Side, summarise: (rounds: readonly Round[]) => number, drawn: Drawn): number =>
    drawn.reduce((total, each, i) => total + parts[i].times * summarise(each.map((one) => one[side])), 0);
  const least = (each: readonly Round[]) => medianWith(each, 0);
  const most = (each: readonly Round[]) => medianWith(each, Infinity);
  const seconds = (side: Side): Interval =>
    bootstrapInterval(together, {
      value: (drawn) => sum(side, medianOf, drawn),
      low: (drawn) => sum(side, least, drawn),
      high: (drawn) => sum(side, most, drawn),
    });
  const ratio = bootstrapInterval(together, {
    value: (drawn) => sum('other', medianOf, drawn) / sum('ours', medianOf, drawn),
    low: (drawn) => sum('other', least, drawn) / sum('ours', most, drawn),
    high: (drawn) => sum('other', most, drawn) / sum('ours', least, drawn),
  });
  const notes = [
    ...(parts.some(({ row }) => row.scaledFrom !== undefined) ? ['scaled rows are marked ≈'] : []),
    ...(estimated.length > 0
      ? [`eleven explanations stand for Max-Sensitivity: ${estimated.join(', ')}`]
      : []),
    ...(missing.length > 0 ? [`WITHOUT ${missing.join(', ')}`] : []),
  ];
  return cells(
    '**Whole Table 3, one image**',
    interval(seconds('ours'), secondsText),
    interval(seconds('other'), secondsText),
    interval(ratio, ratioOf),
    notes.join('; '),
  );
}

export function summary(
  rows: readonly TimedRow[],
  methods: readonly { readonly id: string }[],
  other: string,
): string {
  const ratios = rows
    .filter(({ group }) => group === 'method')
    .map((row) => medianOf(ratiosOf(row.other, row.ours)));
  return [
    `Medians of the rounds with intervals of at least 93 % from five rounds; ratios: how many times longer ${other} takes.`,
    '',
    cells('', 'landlens', other, 'ratio', ''),
    cells('---', '---:', '---:', '---:', '---'),
    ...rows.map(rowText),
    tableText(rows, methods),
    '',
    ...(ratios.length > 0 ? [`Geometric mean of the methods: ${geometricMean(ratios).toFixed(2)}.`, ''] : []),
  ].join('\n');
}
