/** Targets as weights over the classes: every method explains the weighted sum of the classifier's logits. */
import { failAt } from '../error.js';
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
        throw failAt(`target ${i}`)(
          'a target needs one finite weight per class',
          `${classes} weights`,
          `[${target.weights.join(', ')}]`,
        );
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
      throw failAt(`target ${i}`)(
        'an empty set of classes explains nothing',
        'at least one class index',
        '[]',
      );
    }
    for (const index of indices) {
      if (!Number.isInteger(index) || index < 0 || index >= classes) {
        throw failAt(`target ${i}`)(
          'this class does not exist',
          `a class index from 0 to ${classes - 1}`,
          String(index),
        );
      }
      if (result.data[i * classes + index] !== 0) {
        throw failAt(
          `target ${i}`,
          'To count a class more than once, give one weight per class: { weights }.',
        )('a class is named twice', 'each class once', `[${indices.join(', ')}]`);
      }
      result.data[i * classes + index] = 1;
    }
  }
  return result;
}
