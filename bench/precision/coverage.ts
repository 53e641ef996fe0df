/**
 * `npm run bench:coverage`: are the errors that attributions state true? Every method that samples explains images with few
 * samples and, from another seed, with at least 20 times as many, which tells what the first is off by.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attribution } from 'landlens/attribution/attribution';
import { relevance } from 'landlens/attribution/reduce';
import {
  interrupted,
  listenForInterrupt,
  print,
  runCommand,
  withClassifier,
} from 'landlens/command/commandLine';
import { list, option, readArguments, wholeNumber } from 'landlens/command/option';
import { engine, model, out, seed } from 'landlens/command/sharedOptions';
import { datasetForms, datasetText, openDataset, parseDataset } from 'landlens/dataset/openDataset';
import type { Dataset } from 'landlens/dataset/patch';
import { failAt } from 'landlens/error';
import { renderPng } from 'landlens/figure/staticImage';
import { writeFileAtomic } from 'landlens/io/file';
import { withLock } from 'landlens/io/lock';
import { createProgress, type Progress } from 'landlens/io/progress';
import type { Classifier } from 'landlens/model/classifier';
import { createRandom, largestSeed } from 'landlens/random';
import { chooseImages, readSubject, requireCompatible } from 'landlens/study/subject';
import { repositoryRoot } from '../../tools/repositoryRoot.js';
import { codeDigest } from '../environment.js';
import { type CoverageResult, openCoverage } from './coverageRecords.js';
import { coverageFigure, coverageMarkdown } from './coverageReport.js';
import { coverageOf, type Estimate, errorAgainstReference } from './intervals.js';
import { passesOf, type Variant, variants } from './variants.js';

const ids = variants.map(({ id }) => id);

const command = {
  name: 'bench:coverage',
  about:
    'Checks the errors that explanations state: how often 95 % intervals hold the value of at least 20 times the samples, and the ' +
    'stated error beside the true one. Writes coverage.jsonl, coverage.md and coverage.png into --out. Over three minutes an image ' +
    'on two cores. Stop it at any time with Ctrl+C; the same command continues, also with more images or methods.',
  options: {
    images: option('<count>', 'images of each data set, in a seeded order', wholeNumber(1, 1_000_000), '4'),
    dataset: list('<data set>', `${datasetForms} (default: scenes)`, (given) => parseDataset(given)),
    methods: option(
      '<id,id,...>',
      `what is checked (default: all but ${ids.filter((_, i) => variants[i].dear).join(', ')}): ${ids.join(' ')}`,
      parseMethods,
    ),
    model,
    engine,
    seed,
    out: out('coverage'),
  },
};

function parseMethods(given: string, name: string): readonly Variant[] {
  const chosen = given.split(',').map((id) => id.trim());
  const unknown = chosen.find((id) => !ids.includes(id));
  if (unknown !== undefined) throw failAt(`--${name}`)('not a method', `some of ${ids.join(', ')}`, unknown);
  return variants.filter(({ id }) => chosen.includes(id));
}

interface Image {
  /** The data set as the command line names it, and itself. */
  readonly source: string;
  readonly dataset: Dataset;
  readonly index: number;
}

/** A reference, and what is compared with it. */
interface Group {
  readonly image: Image;
  readonly limit: Variant['limit'];
  readonly cases: readonly { readonly variant: Variant; readonly count: number }[];
}

const isOf =
  ({ source, index }: Image, variant: Variant, count: number) =>
  (result: CoverageResult): boolean =>
    result.dataset === source &&
    result.image === index &&
    result.variant === variant.id &&
    result.count === count;

/** What is left to do, image by image and limit by limit. */
const groupsOf = (
  images: readonly Image[],
  chosen: readonly Variant[],
  earlier: readonly CoverageResult[],
): readonly Group[] =>
  images.flatMap((image) =>
    [...new Set(chosen.map(({ limit }) => limit))].flatMap((limit) => {
      const cases = chosen
        .filter((variant) => variant.limit === limit)
        .flatMap((variant) => variant.counts.map((count) => ({ variant, count })))
        .filter(({ variant, count }) => !earlier.some(isOf(image, variant, count)));
      return cases.length === 0 ? [] : [{ image, limit, cases }];
    }),
  );

interface Run {
  readonly classifier: Classifier;
  readonly seed: number;
  readonly progress: Progress;
}

interface Step {
  readonly kind: string;
  /** In forward passes. */
  readonly cost: number;
}

const stepsOf = ({ limit, cases }: Group): readonly Step[] => [
  { kind: `${limit.id} reference`, cost: limit.count * limit.passes },
  ...cases.map(({ variant, count }) => ({ kind: `${variant.id} ${count}`, cost: count * passesOf(variant) })),
];

/** Values with their errors, and their sums over the bands with theirs. */
function estimatesOf(attribution: Attribution): {
  readonly values: Estimate;
  readonly pixels: Estimate;
  readonly stated: number;
} {
  const { uncertainty, values } = attribution;
  if (uncertainty === undefined) throw new Error(`${attribution.method} states no error`);
  const { standardError, pixelStandardError } = uncertainty;
  const [degreesOfFreedom] = uncertainty.degreesOfFreedom;
  const [stated] = uncertainty.relativeError;
  return {
    values: { values: values.data, standardErrors: standardError.data, degreesOfFreedom },
    pixels: {
      values: relevance(attribution, 'sum').data,
      standardErrors: pixelStandardError.data,
      degreesOfFreedom,
    },
    stated,
  };
}

/** Data sets take turns, so that a run that is stopped has some of each. */
function chooseFrom(
  datasets: readonly Pick<Image, 'source' | 'dataset'>[],
  classifier: Classifier,
  count: number,
  seed: number,
): readonly Image[] {
  const chosen = datasets.map(({ dataset }) => {
    requireCompatible(dataset, classifier);
    return chooseImages(dataset, count, seed);
  });
  return Array.from({ length: count }, (_, i) =>
    datasets.map((of, at) => ({ ...of, index: chosen[at][i] })),
  ).flat();
}

/** Explains by the reference and then by each case, and tells how honest its stated error is. */
async function* measureGroup(
  { image, limit, cases }: Group,
  { classifier, seed, progress }: Run,
): AsyncGenerator<CoverageResult> {
  const { source, dataset, index } = image;
  const { input, target } = await readSubject(dataset, classifier, index);
  // Each image has noise of its own, else all would share the luck of one draw.
  const seedOf = (of: string) => createRandom(seed, 'coverage', of, dataset.name, index).integer(largestSeed);
  const [ofReference, ...ofCases] = stepsOf({ image, limit, cases });
  const explain = async (create: Variant['create'], count: number, { kind }: Step, of: string) => {
    progress.start(kind, `${dataset.name} ${index}: ${kind}`);
    const attribution = await create(classifier, count, seedOf(of))(input, target.index);
    progress.done();
    return estimatesOf(attribution);
  };
  const reference = await explain(limit.create, limit.count, ofReference, 'reference');
  for (const [i, { variant, count }] of cases.entries()) {
    const found = await explain(variant.create, count, ofCases[i], 'sample');
    yield {
      ...{ kind: 'result', dataset: source, rendered: dataset.rendered, image: index },
      ...{ target: target.name, variant: variant.id, count },
      pixels: coverageOf(found.pixels, reference.pixels),
      values: coverageOf(found.values, reference.values),
      stated: found.stated,
      truth: errorAgainstReference(found.values.values, reference.values),
      degreesOfFreedom: found.values.degreesOfFreedom,
      reference: { count: limit.count, stated: reference.stated },
    };
  }
}

async function writeReport(folder: string, results: readonly CoverageResult[]): Promise<void> {
  await writeFileAtomic(join(folder, 'coverage.md'), coverageMarkdown(results));
  await writeFileAtomic(join(folder, 'coverage.png'), await renderPng(coverageFigure(results), { scale: 2 }));
}

/** Measures what is left and returns all results; ends early at the signal. */
async function measure(
  images: readonly Image[],
  chosen: readonly Variant[],
  {
    classifier,
    seed,
    folder,
    signal,
  }: Omit<Run, 'progress'> & {
    readonly folder: string;
    readonly signal: AbortSignal;
  },
): Promise<readonly CoverageResult[]> {
  const code = await codeDigest(repositoryRoot);
  const facts = { kind: 'run', format: 'landlens coverage 1', model: classifier.hash, code, seed } as const;
  const lines = await openCoverage(join(folder, 'coverage.jsonl'), facts);
  const results = [...lines.earlier];
  const groups = groupsOf(images, chosen, results);
  const steps = groups.flatMap(stepsOf);
  const costs = new Map(steps.map(({ kind, cost }) => [kind, cost]));
  const kinds = steps.map(({ kind }) => kind);
  const progress = createProgress(kinds, { cost: (kind) => costs.get(kind) ?? 1 });
  try {
    for (const group of groups) {
      if (signal.aborted) break;
      for await (const result of measureGroup(group, { classifier, seed, progress })) {
        await lines.append(result);
        results.push(result);
        if (signal.aborted) break;
      }
      // There to be looked at while the run goes on.
      await writeReport(folder, results);
    }
  } finally {
    progress.finish();
    await lines.close();
  }
  return results;
}

runCommand(async (argv) => {
  const read = readArguments(command, argv);
  if (read === undefined) return 0;
  const { images: count, seed, out: folder, model: file, engine: engineName, dataset, methods } = read.values;
  const chosen = methods ?? variants.filter(({ dear }) => !dear);
  const choices = dataset.length > 0 ? dataset : [parseDataset('scenes')];
  const signal = listenForInterrupt();
  return withClassifier({ model: file, engine: engineName }, async (classifier) => {
    const datasets = await Promise.all(
      choices.map(async (choice) => ({ source: datasetText(choice), dataset: await openDataset(choice) })),
    );
    const images = chooseFrom(datasets, classifier, count, seed);
    await mkdir(folder, { recursive: true });
    const results = await withLock(folder, 'folder', () =>
      measure(images, chosen, { classifier, seed, folder, signal }),
    );
    print(coverageMarkdown(results));
    print(`In ${folder}: coverage.md, coverage.png, coverage.jsonl`);
    if (!signal.aborted) return 0;
    print('Stopped; the same command continues.');
    return interrupted;
  });
});
