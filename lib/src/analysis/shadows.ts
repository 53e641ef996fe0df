/** Cloud shadow taken for water: the same scenes without and with a shadow, scored and explained. */

import { explainPatch, type MethodMap } from '../attribution/explainPatch.js';
import type { Patch } from '../dataset/patch.js';
import { InputError } from '../error.js';
import { indexOfClass } from '../model/classMatch.js';
import type { StudiedMethod } from '../study/measure.js';
import type { StudiedClassifier } from '../study/subject.js';
import {
  type Comparison,
  comparisons,
  type PairOptions,
  readPair,
  type ScoredPair,
  scorePairs,
} from './plantedBiases.js';

/** A pair with the name that figures show. */
export interface ShadowPair extends ScoredPair {
  readonly name: string;
}

function shadowComparison(): Comparison {
  const found = comparisons.find(({ bias }) => bias === 'cloud shadow');
  if (found === undefined) throw new Error('the comparison of cloud shadows is gone');
  return found;
}

/** Scores of water for the first test scenes without water, without a shadow and with one. */
export async function measureShadows(
  classifier: StudiedClassifier,
  options: PairOptions = {},
): Promise<ShadowPair[]> {
  const pairs = await scorePairs(classifier, shadowComparison(), options);
  return pairs.map((pair) => ({ ...pair, name: `test image ${pair.index}` }));
}

export interface ExplainedPair {
  /** Position in the test split. */
  readonly index: number;
  readonly without: Patch;
  readonly with: Patch;
  /** The kind of water with the highest score in the shadow: the class that is explained. */
  readonly target: string;
  /** Scores of that class. */
  readonly scores: { readonly without: number; readonly with: number };
  /** Where the shadow darkens the image at all [height x width]. */
  readonly mask: Uint8Array;
  /** Of the image with the shadow; `inside` is the shadow. */
  readonly maps: readonly MethodMap[];
}

export interface ExplainShadowOptions {
  readonly classifier: StudiedClassifier;
  readonly methods: readonly StudiedMethod[];
  /** Of the data set. */
  readonly seed?: number;
}

export async function explainShadows(
  pairs: readonly Pick<ScoredPair, 'index'>[],
  { classifier, methods, seed = 0 }: ExplainShadowOptions,
): Promise<ExplainedPair[]> {
  const comparison = shadowComparison();
  const explained: ExplainedPair[] = [];
  for (const { index } of pairs) {
    const pair = await readPair(comparison, index, { seed, size: classifier.size[0] });
    const { planted = {}, name } = pair.with;
    const { cloudShadow: mask } = planted;
    if (mask === undefined) throw new InputError({ what: 'no cloud shadow to explain', where: name });
    const scoresOf = async (patch: Patch) => (await classifier.score(classifier.prepare(patch))).data;
    const [without, shadowed] = [await scoresOf(pair.without), await scoresOf(pair.with)];
    const target = comparison.classes
      .map((className) => indexOfClass(className, classifier))
      .reduce((a, b) => (shadowed[b] > shadowed[a] ? b : a));
    explained.push({
      ...{ index, mask, without: pair.without, with: pair.with },
      target: classifier.classes[target],
      scores: { without: without[target], with: shadowed[target] },
      maps: await explainPatch(classifier, methods, pair.with, target, mask),
    });
  }
  return explained;
}
