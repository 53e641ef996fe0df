/** Where a classifier and the labels disagree: wrong predictions, missed classes, and labels that are missing. */

import { explainPatch, type MethodMap, shareByClass } from '../attribution/explainPatch.js';
import { maskOf } from '../dataset/classMask.js';
import type { Dataset, Patch } from '../dataset/patch.js';
import { decisionThreshold, isPredicted } from '../metric/classification/decision.js';
import type { Classifier } from '../model/classifier.js';
import type { StudiedMethod } from '../study/measure.js';
import type { ScoredImage, ScoredImages } from './scoredImages.js';

/** What a prediction that is not among the labels truly is; unknown where no masks tell. */
export const verdicts = ['label missing', 'too small for a label', 'not there', 'unknown'] as const;
export type Verdict = (typeof verdicts)[number];

/** A decision that the labels contradict. */
export interface Mistake {
  readonly image: ScoredImage;
  /** Index into the classifier's classes. */
  readonly target: number;
  readonly className: string;
  readonly score: number;
  /** Of a false positive. */
  readonly verdict?: Verdict;
}

function verdictOf({ cover, missing }: ScoredImage, target: number): Verdict {
  if (missing.includes(target)) return 'label missing';
  if (cover === undefined) return 'unknown';
  return cover[target] > 0 ? 'too small for a label' : 'not there';
}

/** Classes predicted that are not among the labels, the most confident first. */
export function falsePositives({ classes, shared, images }: ScoredImages): Mistake[] {
  const found = images.flatMap((image) =>
    shared
      .filter((target) => isPredicted(image.scores[target]) && !image.labels.includes(target))
      .map((target) => ({
        ...{ image, target, className: classes[target], score: image.scores[target] },
        verdict: verdictOf(image, target),
      })),
  );
  return found.sort((a, b) => b.score - a.score);
}

/** Labels that are not predicted, the most confidently denied first. */
export function falseNegatives({ classes, shared, images }: ScoredImages): Mistake[] {
  const found = images.flatMap((image) =>
    shared
      .filter((target) => !isPredicted(image.scores[target]) && image.labels.includes(target))
      .map((target) => ({ image, target, className: classes[target], score: image.scores[target] })),
  );
  return found.sort((a, b) => a.score - b.score);
}

/** The first mistake of each class, at most `count`: a few cases that are not all alike. */
export function firstOfEachClass(mistakes: readonly Mistake[], count: number): Mistake[] {
  const isFirst = ({ target }: Mistake, i: number): boolean =>
    mistakes.findIndex((other) => other.target === target) === i;
  return mistakes.filter(isFirst).slice(0, count);
}

/** How many mistakes of each verdict have a score in (from, to]. */
export interface ScoreBin {
  readonly from: number;
  readonly to: number;
  readonly counts: Readonly<Record<Verdict, number>>;
}

/** False positives by confidence: five bins of the scores above the threshold, and of what they truly are. */
export function countByScore(mistakes: readonly Mistake[]): ScoreBin[] {
  return [decisionThreshold, 0.6, 0.7, 0.8, 0.9].map((from) => {
    const to = Math.round(10 * from + 1) / 10;
    const inside = mistakes.filter(({ score }) => score > from && score <= to);
    return { from, to, counts: countVerdicts(inside) };
  });
}

/** A mistake with what several methods say of it. */
export interface ExplainedMistake {
  readonly mistake: Mistake;
  readonly patch: Patch;
  /** Where the class truly is (a missing label: where it was left out) [height x width]; if it is anywhere. */
  readonly mask?: Uint8Array;
  readonly maps: readonly MethodMap[];
}

export interface ExplainOptions {
  readonly data: Dataset;
  readonly classifier: Pick<Classifier, 'prepare'>;
  readonly methods: readonly StudiedMethod[];
}

/** Explains the score of each mistake's class. */
export async function explainMistakes(
  mistakes: readonly Mistake[],
  { data, classifier, methods }: ExplainOptions,
): Promise<ExplainedMistake[]> {
  const explained: ExplainedMistake[] = [];
  for (const mistake of mistakes) {
    const patch = await data.read('test', mistake.image.index);
    const mask = truthOf(mistake, patch, data);
    const maps = await explainPatch(classifier, methods, patch, mistake.target, mask);
    explained.push({ mistake, patch, ...(mask && { mask }), maps });
  }
  return explained;
}

function truthOf({ className }: Mistake, patch: Patch, data: Dataset): Uint8Array | undefined {
  return maskOf(patch, className, data);
}

/** The class that the relevance is drawn to: where its share exceeds the class's share of the image most. */
export interface LookedAt {
  readonly className: string;
  /** Of the positive relevance, 0 to 1. */
  readonly share: number;
  /** Of the image. */
  readonly area: number;
}

/** Undefined where the patch has no masks or no relevance is positive. */
export function lookedAt(
  map: ArrayLike<number>,
  { masks }: Pick<Patch, 'masks'>,
  classes: readonly string[],
): LookedAt | undefined {
  if (masks === undefined) return undefined;
  const shares = shareByClass(map, masks, classes.length);
  if (shares.every((share) => share === 0)) return undefined;
  const areas = shareByClass(new Uint8Array(map.length).fill(1), masks, classes.length);
  const best = [...classes.keys()].reduce((a, b) => (shares[b] - areas[b] > shares[a] - areas[a] ? b : a));
  return { className: classes[best], share: shares[best], area: areas[best] };
}

/** How often each class is wrongly predicted, by what is truly there, and how often its label is missed. */
export interface ClassMistakes {
  readonly className: string;
  readonly falseNegatives: number;
  readonly falsePositives: Readonly<Record<Verdict, number>>;
}

/** One row per shared class, in the order of the classifier. */
export function countByClass(scored: ScoredImages): ClassMistakes[] {
  const [wrong, missed] = [falsePositives(scored), falseNegatives(scored)];
  return scored.shared.map((target) => ({
    className: scored.classes[target],
    falseNegatives: missed.filter((mistake) => mistake.target === target).length,
    falsePositives: countVerdicts(wrong.filter((mistake) => mistake.target === target)),
  }));
}

function countVerdicts(mistakes: readonly Mistake[]): Record<Verdict, number> {
  const count = (verdict: Verdict): number =>
    mistakes.filter((mistake) => mistake.verdict === verdict).length;
  return {
    'label missing': count('label missing'),
    'too small for a label': count('too small for a label'),
    'not there': count('not there'),
    unknown: count('unknown'),
  };
}
