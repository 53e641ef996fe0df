/** How good a multi-label classifier is: the measures of the paper's Tables 1, 2, S1 and S2. */
import { requireFinite, requireLength, requireShape } from '../../check.js';
import { failAt } from '../../error.js';
import { rows, type Tensor } from '../../tensor.js';
import { decisionThreshold, isPredicted } from './decision.js';

/** Shares of 1; a ratio without cases (0 / 0) counts as 0, as in scikit-learn. */
export interface PrecisionRecall {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

export interface ClassMetrics extends PrecisionRecall {
  /** Images that have the label. */
  readonly support: number;
}

export interface ClassificationMetrics {
  readonly images: number;
  /** One per class, in the order of the scores (Tables S1 and S2 print f1). */
  readonly perClass: readonly ClassMetrics[];
  /** From the counts of all classes together. */
  readonly micro: PrecisionRecall;
  /** Mean over classes (the "Average" of Tables S1 and S2). */
  readonly macro: PrecisionRecall;
  /** Mean over classes, weighted by support. */
  readonly weighted: PrecisionRecall;
  /**
   * Mean over images. The paper does not say how Tables 1 and 2 average: not micro, whose F1 is the harmonic mean of
   * precision and recall, nor macro, which Tables S1 and S2 print; so weighted or, as usual for multi-label, this.
   */
  readonly samples: PrecisionRecall;
  /** Share of wrong decisions among all images x classes. */
  readonly hammingLoss: number;
  /** Share of images whose highest score (the first of equals) is not one of their labels. */
  readonly oneError: number;
  /** Share of (label, other class) pairs in the wrong order, ties included; mean over images. */
  readonly rankingLoss: number;
  /** How far down the ranking one must go to meet all labels, in classes; mean over images. */
  readonly coverageError: number;
}

interface Counts {
  truePositive: number;
  predicted: number;
  support: number;
}

/**
 * Multi-label metrics with scikit-learn's definitions (`precision_recall_fscore_support` with zero_division = 0,
 * `hamming_loss`, `label_ranking_loss`, `coverage_error`; one error, which it lacks, after Tsoumakas et al., 2010).
 * A class is predicted where its score exceeds the threshold (`isPredicted`). An image without labels, or with all of them, has a
 * ranking loss of 0; one without labels a coverage of 0 and an error in one error.
 * @param scores [images, classes], 0 to 1
 * @param labels class indices of each image, each at most once
 * @example
 * const scores = tensor(Float32Array.of(0.9, 0.1, 0.2, 0.8), [2, 2]);
 * classificationMetrics(scores, [[0], [0, 1]]).micro.precision; // 1
 */
export function classificationMetrics(
  scores: Tensor,
  labels: readonly (readonly number[])[],
  { threshold = decisionThreshold }: { readonly threshold?: number } = {},
): ClassificationMetrics {
  const where = 'classificationMetrics';
  requireShape(scores.shape, ['images', 'classes'], `${where}, scores`);
  requireFinite(scores.data, `${where}, scores`);
  requireFinite([threshold], `${where}, threshold`);
  const [images, classes] = scores.shape;
  requireLength(labels, images, `${where}, labels`);
  if (images === 0 || classes === 0) throw failAt(where)('no scores to evaluate');

  const byClass = Array.from({ length: classes }, noCounts);
  const byImage: Counts[] = [];
  const rankings: ImageRanking[] = [];
  for (const [image, imageLabels] of labels.entries()) {
    const imageScores = rows(scores, image).data;
    const truth = indicator(imageLabels, classes, `${where}, labels of image ${image}`);
    const imageCounts = noCounts();
    for (const [c, score] of imageScores.entries()) {
      count(byClass[c], isPredicted(score, threshold), truth[c]);
      count(imageCounts, isPredicted(score, threshold), truth[c]);
    }
    byImage.push(imageCounts);
    rankings.push(rankImage(imageScores, truth, imageLabels.length));
  }

  const total = byClass.reduce(add, noCounts());
  const perClass = byClass.map((counts) => ({ ...precisionRecall(counts), support: counts.support }));
  return {
    images,
    perClass,
    micro: precisionRecall(total),
    macro: average(perClass),
    weighted: average(
      perClass,
      perClass.map(({ support }) => support),
    ),
    samples: average(byImage.map(precisionRecall)),
    hammingLoss: (total.predicted + total.support - 2 * total.truePositive) / (images * classes),
    oneError: meanOf(rankings, ({ topIsWrong }) => (topIsWrong ? 1 : 0)),
    rankingLoss: meanOf(rankings, ({ loss }) => loss),
    coverageError: meanOf(rankings, ({ coverage }) => coverage),
  };
}

const noCounts = (): Counts => ({ truePositive: 0, predicted: 0, support: 0 });

const add = (a: Counts, b: Counts): Counts => ({
  truePositive: a.truePositive + b.truePositive,
  predicted: a.predicted + b.predicted,
  support: a.support + b.support,
});

/** Adds one decision to `counts`, in place. */
function count(counts: Counts, predicted: boolean, truth: boolean): void {
  if (predicted && truth) counts.truePositive++;
  if (predicted) counts.predicted++;
  if (truth) counts.support++;
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

function precisionRecall({ truePositive, predicted, support }: Counts): PrecisionRecall {
  return {
    precision: ratio(truePositive, predicted),
    recall: ratio(truePositive, support),
    f1: ratio(2 * truePositive, predicted + support),
  };
}

function average(
  items: readonly PrecisionRecall[],
  weights: readonly number[] = items.map(() => 1),
): PrecisionRecall {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = (name: keyof PrecisionRecall): number =>
    ratio(
      items.reduce((sum, item, i) => sum + weights[i] * item[name], 0),
      total,
    );
  return { precision: mean('precision'), recall: mean('recall'), f1: mean('f1') };
}

const meanOf = <Item>(items: readonly Item[], value: (item: Item) => number): number =>
  items.reduce((sum, item) => sum + value(item), 0) / items.length;

function indicator(labels: readonly number[], classes: number, where: string): boolean[] {
  const truth = new Array<boolean>(classes).fill(false);
  for (const label of labels) {
    if (!Number.isInteger(label) || label < 0 || label >= classes || truth[label]) {
      throw failAt(where)(
        truth[label] ? 'a label is given twice' : 'a label is no class',
        `class indices 0 to ${classes - 1}`,
        `${label}`,
      );
    }
    truth[label] = true;
  }
  return truth;
}

interface ImageRanking {
  readonly topIsWrong: boolean;
  readonly loss: number;
  readonly coverage: number;
}

function rankImage(scores: Float32Array, truth: readonly boolean[], labels: number): ImageRanking {
  let top = 0;
  let lowestLabel = Number.POSITIVE_INFINITY;
  let wrongPairs = 0;
  for (let c = 0; c < scores.length; c++) {
    if (scores[c] > scores[top]) top = c;
    if (!truth[c]) continue;
    lowestLabel = Math.min(lowestLabel, scores[c]);
    for (let other = 0; other < scores.length; other++) {
      if (!truth[other] && scores[other] >= scores[c]) wrongPairs++;
    }
  }
  return {
    topIsWrong: !truth[top],
    loss: ratio(wrongPairs, labels * (scores.length - labels)),
    coverage: scores.reduce((reached, score) => reached + (score >= lowestLabel ? 1 : 0), 0),
  };
}
