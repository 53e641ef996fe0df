/** Operators that move values: concatenate, split, slice, gather, pad, reshape, transpose. */

import type { OperatorAttributes } from '../inference.js';
import { apply, createNode, type Value } from '../node.js';
import type { Shape } from '../type.js';

/**
 * Values joined along an axis (default: channels). ONNX: Concat.
 * @throws InputError if they differ in another axis
 */
export const concat = (values: readonly Value[], axis = 1): Value =>
  values.length === 1 ? values[0] : apply('Concat', values, { axis });

/**
 * x cut along an axis (default: channels) into parts of these lengths. ONNX: Split.
 * @throws InputError if the lengths do not add up to the axis
 */
export const split = (x: Value, sizes: readonly number[], axis = 1): readonly Value[] =>
  createNode('Split', [x], { axis, sizes }).outputs;

/**
 * The values from start to end (exclusive) of one axis; negative positions count from its end. ONNX: Slice.
 * @throws InputError if there is no such axis, or it is the batch
 */
export function slice(x: Value, axis: number, start: number, end: number, step = 1): Value {
  return apply('Slice', [x], { axes: [axis], starts: [start], ends: [end], steps: [step] });
}

/** ONNX's way to say "down to and including the first" in a slice with a negative step. */
const beforeFirst = -(2 ** 31);

/** The values of an axis from the last to the first. ONNX: Slice. */
export const reverse = (x: Value, axis: number): Value => slice(x, axis, -1, beforeFirst, -1);

/**
 * The values at positions of one axis: x [.., L, ..] and indices [..I] (int64 or int32) to [.., ..I, ..]. ONNX: Gather.
 * @throws InputError if there is no such axis
 */
export const gather = (x: Value, indices: Value, axis: number): Value =>
  apply('Gather', [x, indices], { axis });

/**
 * x repeated along its dimensions of 1 to these lengths. ONNX: Expand.
 * @throws InputError if the lengths cannot be broadcast with the shape of x
 */
export const expand = (x: Value, lengths: readonly number[]): Value => apply('Expand', [x], { lengths });

/**
 * Values added around x: before every axis, then behind every axis; negative amounts crop. ONNX: Pad.
 * @throws InputError if the batch is padded
 */
export function pad(
  x: Value,
  pads: readonly number[],
  { mode = 'constant' as const, value = 0 }: Partial<Pick<OperatorAttributes['Pad'], 'mode' | 'value'>> = {},
): Value {
  return pads.every((amount) => amount === 0) ? x : apply('Pad', [x], { pads, mode, value });
}

/**
 * The values of x, in their order, in another shape. ONNX: Reshape.
 * @throws InputError if the shape holds another number of values
 */
export const reshape = (x: Value, shape: Shape): Value =>
  x.type.shape?.join() === shape.join() ? x : apply('Reshape', [x], { shape });

/** The axes before and from `axis` on merged into one each. ONNX: Flatten. */
export const flatten = (x: Value, axis = 1): Value => apply('Flatten', [x], { axis });

/**
 * x without these axes, each of length 1. ONNX: Squeeze.
 * @throws InputError if one of them is longer
 */
export const squeeze = (x: Value, axes: readonly number[], name?: string): Value =>
  apply('Squeeze', [x], { axes }, name);

/**
 * The axes in another order: axis i of the result is axis permutation[i] of x. ONNX: Transpose.
 * @throws InputError if it is not a permutation of the axes
 */
export const transpose = (x: Value, permutation: readonly number[]): Value =>
  apply('Transpose', [x], { permutation });
