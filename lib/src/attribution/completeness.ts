/** How far attributions are from summing up to what they promise: f(x) - f(x'). */
import { runBatched } from '../engine/runBatched.js';
import type { Classifier } from '../model/classifier.js';
import { rows, type Tensor } from '../tensor.js';

const weightedSum = (values: Float32Array, weights: Float32Array): number =>
  values.reduce((sum, value, i) => (weights[i] === 0 ? sum : sum + weights[i] * value), 0);

/**
 * Per image, (sum of attributions - (f(x) - f(x'))) / |f(x) - f(x')|, where f is the weighted sum of logits; 0 where
 * the sum is exact, even of nothing.
 * @param values [n, ...] attributions
 * @param target [n, classes] weights
 */
export async function completenessGaps(
  classifier: Classifier,
  values: Tensor,
  images: Tensor,
  baselines: Tensor,
  target: Tensor,
): Promise<number[]> {
  const program = await classifier.program('logits', () => ({ logits: classifier.logits }));
  const name = classifier.image.node.name;
  const [at, from] = [
    await runBatched(program, { [name]: images }),
    await runBatched(program, { [name]: baselines }),
  ];
  return Array.from({ length: target.shape[0] }, (_, i) => {
    const weights = rows(target, i).data;
    const difference =
      weightedSum(rows(at.logits, i).data, weights) - weightedSum(rows(from.logits, i).data, weights);
    const sum = rows(values, i).data.reduce((total, value) => total + value, 0);
    const excess = sum - difference;
    return excess === 0 ? 0 : excess / Math.abs(difference);
  });
}
