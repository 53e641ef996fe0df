/** Targets as weights over the classes: every method explains the weighted sum of the classifier's logits. */
import { InputError } from '../error.js';
import { type Tensor, zeros } from '../tensor.js';
import type { Target } from './attribution.js';

/** [targets, classes]; throws InputError for a class that does not exist. */
export function targetWeights(targets: readonly Target[], classes: number): Tensor {
  const result = zeros([targets.length, classes]);
  for (const [i, target] of targets.entries()) {
    if (typeof target === 'object' && 'weights' in target) {
      if (target.weights.length !== classes || !target.weights.every(Number.isFinite)) {
        throw new InputError({
          what: 'a target needs one finite weight per class',
          where: `target ${i}`,
          expected: `${classes} weights`,
          got: `[${target.weights.join(', ')}]`,
        });
      }
      result.data.set(target.weights, i * classes);
      continue;
    }
    const indices = typeof target === 'number' ? [target] : target;
    for (const index of indices) {
      if (!Number.isInteger(index) || index < 0 || index >= classes) {
        throw new InputError({
          what: 'this class does not exist',
          where: `target ${i}`,
          expected: `a class index from 0 to ${classes - 1}`,
          got: String(index),
        });
      }
      result.data[i * classes + index] += 1;
    }
  }
  return result;
}
