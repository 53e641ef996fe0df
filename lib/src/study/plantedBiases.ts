/** What the classifier learned from the biases planted in `scenes`, measured by rendering the same scene with and without them. */
import type { Dataset, Patch } from '../dataset/patch.js';
import { classIndex, type SceneClass } from '../dataset/scenes/classes.js';
import { type ScenesOptions, scenes } from '../dataset/scenes.js';
import type { Classifier } from '../model/classifier.js';
import { stack } from '../tensor.js';

/** Scores of one class with a planted thing and without it, over the same scenes. */
export interface BiasEffect {
  readonly bias: string;
  readonly scoreOf: string;
  /** Which test images were taken. */
  readonly among: string;
  readonly images: number;
  /** Mean score, 0 to 1. */
  readonly without: number;
  readonly with: number;
  /** Share of the images where the class is predicted (score above 0.5). */
  readonly predictedWithout: number;
  readonly predictedWith: number;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const has = (patch: Patch, name: SceneClass): boolean => patch.labels.includes(classIndex(name));

async function scoresOf(
  classifier: Classifier,
  dataset: Dataset,
  indices: readonly number[],
  classes: readonly SceneClass[],
): Promise<number[]> {
  const scores: number[] = [];
  for (let start = 0; start < indices.length; start += 16) {
    const patches = await Promise.all(
      indices.slice(start, start + 16).map((index) => dataset.read('test', index)),
    );
    const { data } = await classifier.score(stack(patches.map((patch) => classifier.prepare(patch))));
    const width = classifier.classes.length;
    for (const i of patches.keys()) {
      scores.push(Math.max(...classes.map((name) => data[i * width + classIndex(name)])));
    }
  }
  return scores;
}

interface Comparison {
  readonly bias: string;
  readonly classes: readonly SceneClass[];
  readonly among: string;
  readonly isTaken: (patch: Patch) => boolean;
  readonly without: ScenesOptions;
  readonly with: ScenesOptions;
}

const comparisons: readonly Comparison[] = [
  {
    bias: 'sea beside the beach',
    classes: ['Beaches, dunes, sands'],
    among: 'images labelled Beaches, dunes, sands, rocky coasts aside',
    isTaken: (patch) => has(patch, 'Beaches, dunes, sands') && patch.facts?.landscape !== 'rockyCoast',
    without: { marineBesideBeach: 'never' },
    with: { marineBesideBeach: 'always' },
  },
  {
    bias: 'sensor artefact',
    classes: ['Permanent crops'],
    among: 'images without the label Permanent crops',
    isTaken: (patch) => !has(patch, 'Permanent crops'),
    without: { artefact: 'never' },
    with: { artefact: 'always' },
  },
  {
    bias: 'sensor artefact',
    classes: ['Permanent crops'],
    among: 'images labelled Permanent crops',
    isTaken: (patch) => has(patch, 'Permanent crops'),
    without: { artefact: 'never' },
    with: { artefact: 'always' },
  },
  {
    bias: 'cloud shadow',
    classes: ['Inland waters', 'Marine waters'],
    among: 'images without a water label',
    isTaken: (patch) => !has(patch, 'Inland waters') && !has(patch, 'Marine waters'),
    without: { cloudShadow: 'never' },
    with: { cloudShadow: 'always' },
  },
];

/**
 * Each comparison over at most `images` test images of `scenes`.
 * @param seed of the data set
 */
export async function measurePlantedBiases(
  classifier: Classifier,
  { seed = 0, images = 100 }: { readonly seed?: number; readonly images?: number } = {},
): Promise<BiasEffect[]> {
  const [size] = classifier.size;
  const planted = scenes({ seed, size });
  const effects: BiasEffect[] = [];
  for (const { bias, classes, among, isTaken, ...options } of comparisons) {
    const indices: number[] = [];
    for (let index = 0; index < planted.count('test') && indices.length < images; index++) {
      if (isTaken(await planted.read('test', index))) indices.push(index);
    }
    const [without, withBias] = [
      await scoresOf(classifier, scenes({ seed, size, ...options.without }), indices, classes),
      await scoresOf(classifier, scenes({ seed, size, ...options.with }), indices, classes),
    ];
    const predicted = (scores: readonly number[]) => mean(scores.map((score) => (score > 0.5 ? 1 : 0)));
    effects.push({
      bias,
      scoreOf: classes.join(' or '),
      among,
      images: indices.length,
      without: mean(without),
      with: mean(withBias),
      predictedWithout: predicted(without),
      predictedWith: predicted(withBias),
    });
  }
  return effects;
}

/** How often the classifier finds what the labels leave out, against how often it sees it where there is nothing. */
export interface MissingLabels {
  readonly missing: string;
  readonly images: number;
  readonly predicted: number;
  /** Share predicted among images that do not show the class at all. */
  readonly predictedElsewhere: number;
}

export async function measureMissingLabels(
  classifier: Classifier,
  { seed = 0 }: { readonly seed?: number } = {},
): Promise<MissingLabels[]> {
  const [size] = classifier.size;
  const dataset = scenes({ seed, size });
  const kinds = [
    { key: 'unlabelledBeach', name: 'Beaches, dunes, sands' },
    { key: 'unlabelledUrban', name: 'Urban fabric' },
  ] as const;
  const result: MissingLabels[] = [];
  for (const { key, name } of kinds) {
    const present: number[] = [];
    const absent: number[] = [];
    for (let index = 0; index < dataset.count('test'); index++) {
      const { planted = {}, labels, masks } = await dataset.read('test', index);
      if (planted[key] !== undefined) present.push(index);
      else {
        const area = size * size;
        const shown = masks?.subarray(classIndex(name) * area, (classIndex(name) + 1) * area).includes(1);
        if (!shown && !labels.includes(classIndex(name)) && absent.length < 300) absent.push(index);
      }
    }
    const predicted = async (indices: readonly number[]) =>
      mean((await scoresOf(classifier, dataset, indices, [name])).map((score) => (score > 0.5 ? 1 : 0)));
    result.push({
      missing: name,
      images: present.length,
      predicted: await predicted(present),
      predictedElsewhere: await predicted(absent),
    });
  }
  return result;
}
