/** What a classifier learned from something planted: the scores of the same images without it and with it. */
import { mean } from 'simple-statistics';
import type { Dataset, Patch } from '../dataset/patch.js';
import { isPredicted } from '../metric/classification/decision.js';
import type { Classifier } from '../model/classifier.js';
import { indexOfClass } from '../model/classMatch.js';
import { piecesOf, withProgress } from '../progress.js';
import { scoreBatch } from './scoredImages.js';

/** Scores of one class with a planted thing and without it, over the same images. */
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

/** One planted thing, the classes whose score may change (the higher one counts), and the test images that are asked. */
export interface Comparison {
  readonly bias: string;
  readonly classes: readonly string[];
  readonly among: string;
  /** The images as the network learned them. */
  readonly dataset: Dataset;
  /** Which of them are asked. */
  readonly isTaken: (patch: Patch) => boolean;
  /** The same images without the planted thing, and with it. */
  readonly without: Dataset;
  readonly with: Dataset;
}

/** The highest score among the comparison's classes for one test image, without the planted thing and with it. */
export interface ScoredPair {
  /** Position in the test split. */
  readonly index: number;
  /** 0 to 1 */
  readonly without: number;
  readonly with: number;
}

type Scorer = Pick<Classifier, 'name' | 'classes' | 'prepare' | 'score'>;

async function scoresOf(
  classifier: Scorer,
  dataset: Dataset,
  indices: readonly number[],
  classes: readonly string[],
): Promise<number[]> {
  const scores: number[] = [];
  const outputs = classes.map((name) => indexOfClass(name, classifier));
  for (const start of withProgress('batches', piecesOf(indices.length, 16))) {
    const scored = await scoreBatch(dataset, classifier, 'test', indices.slice(start, start + 16));
    scores.push(...scored.map((image) => Math.max(...outputs.map((output) => image.scores[output]))));
  }
  return scores;
}

/**
 * Scores the first test images that the comparison asks, without the planted thing and with it.
 * @param images at most so many; default: 100
 */
export async function scorePairs(
  classifier: Scorer,
  { dataset, classes, isTaken, ...compared }: Comparison,
  { images = 100 }: { readonly images?: number } = {},
): Promise<ScoredPair[]> {
  const indices: number[] = [];
  for (let index = 0; index < dataset.count('test') && indices.length < images; index++) {
    if (isTaken(await dataset.read('test', index))) indices.push(index);
  }
  const without = await scoresOf(classifier, compared.without, indices, classes);
  const withBias = await scoresOf(classifier, compared.with, indices, classes);
  return indices.map((index, i) => ({ index, without: without[i], with: withBias[i] }));
}

/** Means of one comparison over its images. */
export function summarisePairs(
  { bias, classes, among }: Pick<Comparison, 'bias' | 'classes' | 'among'>,
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

/**
 * Each comparison over at most `images` test images (default: 100).
 * @example const effects = await measureBiases(classifier, sceneComparisons({ size: 120 }));
 */
export async function measureBiases(
  classifier: Scorer,
  comparisons: readonly Comparison[],
  options: { readonly images?: number } = {},
): Promise<BiasEffect[]> {
  const effects: BiasEffect[] = [];
  for (const comparison of comparisons) {
    effects.push(summarisePairs(comparison, await scorePairs(classifier, comparison, options)));
  }
  return effects;
}
