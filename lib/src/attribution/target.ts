/** Targets as weights over the classes: every method explains the weighted sum of the classifier's logits. */
import { InputError } from '../error.js';
import { indexOfClass } from '../model/classMatch.js';
import { type Tensor, zeros } from '../tensor.js';
import type { Target } from './attribution.js';

/**
 * The weight of each class in each target [targets, classes].
 * @throws InputError for a class that does not exist or is named twice, and for a set of none
 */
export function targetWeights(
  targets: readonly Target[],
  { name, classes: names }: { readonly name: string; readonly classes: readonly string[] },
): Tensor {
  const classes = names.length;
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
    const indices =
      typeof target === 'number'
        ? [target]
        : typeof target === 'string'
          ? [indexOfClass(target, { name, classes: names }, `target ${i}`)]
          : target;
    if (indices.length === 0) {
      throw new InputError({
        what: 'an empty set of classes explains nothing',
        where: `target ${i}`,
        expected: 'at least one class index',
        got: '[]',
      });
    }
    for (const index of indices) {
      if (!Number.isInteger(index) || index < 0 || index >= classes) {
        throw new InputError({
          what: 'this class does not exist',
          where: `target ${i}`,
          expected: `a class index from 0 to ${classes - 1}`,
          got: String(index),
        });
      }
      if (result.data[i * classes + index] !== 0) {
        throw new InputError({
          what: 'a class is named twice',
          where: `target ${i}`,
          expected: 'each class once',
          got: `[${indices.join(', ')}]`,
          todo: 'To count a class more than once, give one weight per class: { weights }.',
        });
      }
      result.data[i * classes + index] = 1;
    }
  }
  return result;
}
