/** The interface of a TensorFlow kernel: from an operator's input values to its output values. */

import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs';
import type { Operator, OperatorAttributes } from '../../graph/inference.js';
import type { Arranged } from './arranged.js';

/** The library, whichever package it comes from. */
export type TensorFlow = typeof import('@tensorflow/tfjs');

/** Operators that compute something. */
export type Computed = Exclude<Operator, 'Input' | 'Constant' | 'Opaque'>;

/** Runs inside `tidy`; results must not be the inputs themselves. */
export type Kernel<Op extends Computed> = (
  inputs: readonly Arranged[],
  attributes: OperatorAttributes[Op],
) => Arranged | readonly Arranged[];

/** One kernel for every operator: the compiler finds a missing one. */
export type Kernels = { readonly [Op in Computed]: Kernel<Op> };

const hasRank4 = (tensor: Tensor): tensor is Tensor4D => tensor.rank === 4;
const hasRank1 = (tensor: Tensor): tensor is Tensor1D => tensor.rank === 1;

/** Checks that a tensor has four axes, as TensorFlow's image operators take them. */
export function image(tensor: Tensor): Tensor4D {
  if (hasRank4(tensor)) return tensor;
  throw new Error(`four axes expected, got [${tensor.shape.join(', ')}]`);
}

/** Checks that a tensor has one axis. */
export function vector(tensor: Tensor): Tensor1D {
  if (hasRank1(tensor)) return tensor;
  throw new Error(`one axis expected, got [${tensor.shape.join(', ')}]`);
}

/** Values added before and after along one axis; a negative number of them crops. */
export type Padding = readonly [before: number, after: number];

/** Crops, then pads what is left with one value. */
export function padded(tf: TensorFlow, x: Tensor, amounts: readonly Padding[], value = 0): Tensor {
  const crop = amounts.map(([before, after]) => [Math.max(0, -before), Math.max(0, -after)]);
  const added = amounts.map((both): [number, number] => [Math.max(0, both[0]), Math.max(0, both[1])]);
  const kept = tf.slice(
    x,
    crop.map(([before]) => before),
    x.shape.map((length, axis) => length - crop[axis][0] - crop[axis][1]),
  );
  return tf.pad(kept, added, value);
}
