/** What a TensorFlow kernel is: from the values that an operator takes to those that it gives. */
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs';
import type { Operator, OperatorAttributes } from '../../graph/attributes.js';
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
export type Kernels<Ops extends Computed = Computed> = { readonly [Op in Ops]: Kernel<Op> };

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
