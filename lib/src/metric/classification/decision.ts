/** When a class counts as predicted: one rule for metrics, explained classes, lists of mistakes and figures. */

/**
 * A class is predicted where its score exceeds this; a score of exactly 0.5 (a logit of 0) predicts nothing. So decide
 * torchmetrics (`preds > threshold`), Keras (`BinaryAccuracy`) and scikit-learn (`decision_function > 0`); the paper
 * gives no threshold.
 */
export const decisionThreshold = 0.5;

/** The same threshold for logits: log(t / (1 - t)). */
export const logitThreshold = Math.log(decisionThreshold / (1 - decisionThreshold));

/**
 * Whether a score, between 0 and 1, predicts its class.
 * @example isPredicted(0.7) // true
 */
export function isPredicted(score: number, threshold = decisionThreshold): boolean {
  return score > threshold;
}
