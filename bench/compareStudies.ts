/**
 * How far the columns of Table 3 move between two recordings of one study, on two machines or with two presets:
 * node --import ./test/typescript.mjs bench/compareStudies.ts FOLDER OTHER
 * FOLDER and OTHER are the --out of two runs of `npm run reproduce` with the same images.
 */
import { studentQuantile } from 'landlens/analysis/studentQuantile';
import { print, runCommand } from 'landlens/command/commandLine';
import { InputError } from 'landlens/error';
import { type Metric, type MetricId, type MetricValues, metrics } from 'landlens/metric/metrics';
import { correlationText, measureText, rankAgreement, type ScoreColumn } from 'landlens/study/comparison';
import { readStudy } from 'landlens/study/recorded';
import { markdownTable } from 'landlens/text';
import { mean, sampleStandardDeviation } from 'simple-statistics';

/** Metrics by method and image. */
type Study = ReadonlyMap<string, ReadonlyMap<number, MetricValues>>;

async function byMethod(folder: string): Promise<Study> {
  const study = new Map<string, Map<number, MetricValues>>();
  for (const { method, imageIndex, metrics: values } of (await readStudy(folder)).records) {
    const ofMethod = study.get(method) ?? new Map<number, MetricValues>();
    study.set(method, ofMethod.set(imageIndex, values));
  }
  return study;
}

/** A metric of one image in both studies. */
type Pair = readonly [number, number];

/** By method, what both studies measured; methods without any are left out. */
function pairsOf(one: Study, other: Study, metric: MetricId): ReadonlyMap<string, readonly Pair[]> {
  const pairs = [...one].map(([method, images]) => {
    const ofMethod = [...images].flatMap(([image, values]): Pair[] => {
      const [a, b] = [values[metric], other.get(method)?.get(image)?.[metric]];
      return a === undefined || b === undefined ? [] : [[a, b]];
    });
    return [method, ofMethod] as const;
  });
  return new Map(pairs.filter(([, ofMethod]) => ofMethod.length > 0));
}

/** The mean of the differences, with its 95 % interval by Student's t over the images. */
function differenceText(pairs: readonly Pair[]): string {
  const moves = pairs.map(([a, b]) => b - a);
  if (moves.length < 2) return measureText(moves[0]);
  const half =
    (studentQuantile(0.95, moves.length - 1) * sampleStandardDeviation(moves)) / Math.sqrt(moves.length);
  const ends = [mean(moves) - half, mean(moves) + half].map(measureText);
  return `${measureText(mean(moves))} (${ends.join(' to ')})`;
}

const columnOf = (
  pairs: ReadonlyMap<string, readonly Pair[]>,
  metric: MetricId,
  side: 0 | 1,
): ScoreColumn => ({
  name: '',
  scores: Object.fromEntries(
    [...pairs].map(([method, each]) => [method, { [metric]: mean(each.map((pair) => pair[side])) }]),
  ),
});

const headings = [
  ...['Method', 'one', 'other'],
  ...['other less one, with 95 % interval', 'most of one image', 'images'],
];

function compare(
  one: Study,
  other: Study,
  { id, heading }: Pick<Metric, 'heading'> & { readonly id: MetricId },
) {
  const pairs = pairsOf(one, other, id);
  const rows = [...pairs].map(([method, each]) => {
    const means = ([0, 1] as const).map((side) => measureText(mean(each.map((pair) => pair[side]))));
    const most = Math.max(...each.map(([a, b]) => Math.abs(b - a)));
    return [method, ...means, differenceText(each), measureText(most), `${each.length}`];
  });
  const order = rankAgreement(columnOf(pairs, id, 0), columnOf(pairs, id, 1), id);
  return [
    heading,
    '',
    ...markdownTable(headings, rows),
    '',
    ...(order ? [`Spearman's rank correlation of the means: ${correlationText(order)}.`, ''] : []),
  ];
}

runCommand(async ([folder, another]) => {
  if (folder === undefined || another === undefined) {
    throw new InputError({ what: 'two studies are compared', where: 'arguments', expected: 'FOLDER OTHER' });
  }
  const [one, other] = [await byMethod(folder), await byMethod(another)];
  for (const metric of metrics) print(compare(one, other, metric).join('\n'));
  return 0;
});
