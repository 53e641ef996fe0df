/** How far attributions are from summing up to what they promise: f(x) - f(x'). */
import { runBatched } from '../engine/runBatched.js';
import type { Classifier } from '../model/classifier.js';
import { rows, stack, type Tensor } from '../tensor.js';

const weightedSum = (values: Float32Array, weights: Float32Array): number =>
  values.reduce((sum, value, i) => (weights[i] === 0 ? sum : sum + weights[i] * value), 0);

/** The logits [n, classes] of the images and of their baselines. */
export interface EndLogits {
  readonly at: Tensor;
  readonly from: Tensor;
}

/**
 * Per image, (sum of attributions - (f(x) - f(x'))) / |f(x) - f(x')|, where f is the weighted sum of logits; 0 where
 * the sum is exact, even of nothing.
 * @param values [n, ...] attributions
 * @param target [n, classes] weights
 */
export function completenessGaps(values: Tensor, { at, from }: EndLogits, target: Tensor): number[] {
  return Array.from({ length: target.shape[0] }, (_, i) => {
    const weights = rows(target, i).data;
    const difference = weightedSum(rows(at, i).data, weights) - weightedSum(rows(from, i).data, weights);
    const sum = rows(values, i).data.reduce((total, value) => total + value, 0);
    const excess = sum - difference;
    return excess === 0 ? 0 : excess / Math.abs(difference);
  });
}

/** Both ends' logits in one batch. */
export async function endLogits(
  classifier: Classifier,
  images: Tensor,
  baselines: Tensor,
): Promise<EndLogits> {
  const program = await classifier.program('logits', () => ({ logits: classifier.logits }));
  const both = { [classifier.image.node.name]: stack([images, baselines]) };
  const { logits } = await runBatched(program, both);
  const [count] = images.shape;
  return { at: rows(logits, 0, count), from: rows(logits, count, 2 * count) };
}
