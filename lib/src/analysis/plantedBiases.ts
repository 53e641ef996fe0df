/** What the classifier learned from the biases planted in `scenes`, measured by rendering the same scene with and without them. */

import { mean } from 'simple-statistics';
import type { Dataset, Patch } from '../dataset/patch.js';
import { classIndex, type SceneClass } from '../dataset/scenes/classes.js';
import { type ScenesOptions, scenes } from '../dataset/scenes.js';
import { isPredicted } from '../metric/classification/decision.js';
import type { Classifier } from '../model/classifier.js';
import { indexOfClass } from '../model/classMatch.js';
import { piecesOf, withProgress } from '../progress.js';
import { scoreBatch } from './scoredImages.js';

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
  /** Share of the images where the class is predicted. */
  readonly predictedWithout: number;
  readonly predictedWith: number;
}

type Scorer = Pick<Classifier, 'name' | 'classes' | 'size' | 'prepare' | 'score'>;

const has = (patch: Patch, name: SceneClass): boolean => patch.labels.includes(classIndex(name));

async function scoresOf(
  classifier: Scorer,
  dataset: Dataset,
  indices: readonly number[],
  classes: readonly SceneClass[],
): Promise<number[]> {
  const scores: number[] = [];
  const outputs = classes.map((name) => indexOfClass(name, classifier));
  for (const start of withProgress('batches', piecesOf(indices.length, 16))) {
    const scored = await scoreBatch(dataset, classifier, 'test', indices.slice(start, start + 16));
    scores.push(...scored.map((image) => Math.max(...outputs.map((output) => image.scores[output]))));
  }
  return scores;
}

/** One planted thing, the classes whose score may change (the higher one counts), and the test images that are asked. */
export interface Comparison {
  readonly bias: string;
  readonly classes: readonly SceneClass[];
  readonly among: string;
  readonly isTaken: (patch: Patch) => boolean;
  readonly without: ScenesOptions;
  readonly with: ScenesOptions;
}

export const comparisons: readonly Comparison[] = [
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

/** The highest score among the comparison's classes for one test scene, without the planted thing and with it. */
export interface ScoredPair {
  /** Position in the test split. */
  readonly index: number;
  /** 0 to 1 */
  readonly without: number;
  readonly with: number;
}

export interface PairOptions {
  /** Of the data set. */
  readonly seed?: number;
  /** Number of test images, at most (default: 100). */
  readonly images?: number;
}

/** Scores the first test scenes that the comparison asks, rendered without the planted thing and with it. */
export async function scorePairs(
  classifier: Scorer,
  { classes, isTaken, ...options }: Comparison,
  { seed = 0, images = 100 }: PairOptions = {},
): Promise<ScoredPair[]> {
  const [size] = classifier.size;
  const planted = scenes({ seed, size });
  const indices: number[] = [];
  for (let index = 0; index < planted.count('test') && indices.length < images; index++) {
    if (isTaken(await planted.read('test', index))) indices.push(index);
  }
  const [without, withBias] = [
    await scoresOf(classifier, scenes({ seed, size, ...options.without }), indices, classes),
    await scoresOf(classifier, scenes({ seed, size, ...options.with }), indices, classes),
  ];
  return indices.map((index, i) => ({ index, without: without[i], with: withBias[i] }));
}

/** Means of one comparison over its images. */
export function summarisePairs(
  { bias, classes, among }: Comparison,
  pairs: readonly ScoredPair[],
): BiasEffect {
  const predicted = (key: 'without' | 'with') => mean(pairs.map((pair) => (isPredicted(pair[key]) ? 1 : 0)));
  return {
    bias,
    scoreOf: classes.join(' or '),
    among,
    images: pairs.length,
    without: mean(pairs.map((pair) => pair.without)),
    with: mean(pairs.map((pair) => pair.with)),
    predictedWithout: predicted('without'),
    predictedWith: predicted('with'),
  };
}

/** Each comparison over at most `images` test images of `scenes`. */
export async function measurePlantedBiases(
  classifier: Scorer,
  options: PairOptions = {},
): Promise<BiasEffect[]> {
  const effects: BiasEffect[] = [];
  for (const comparison of comparisons) {
    effects.push(summarisePairs(comparison, await scorePairs(classifier, comparison, options)));
  }
  return effects;
}
