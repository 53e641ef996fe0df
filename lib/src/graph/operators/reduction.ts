/** Means, sums, products and extremes over axes, and running sums along one. */

import { shapeOf } from '../graph.js';
import { type ReduceAttributes, reducedShape } from '../inference.js';
import { apply, type Value } from '../node.js';
import { normaliseAxis, type Shape, staticDimension } from '../type.js';
import { concat, reshape, slice, squeeze, transpose } from './arrangement.js';
import { exponential, logarithm, multiply, subtract } from './elementwise.js';

/**
 * The sum over these axes, which are left out or kept as 1. ONNX: ReduceSum.
 * @throws InputError if there is no such axis
 */
export const reduceSum = (x: Value, axes: readonly number[], keepDims = false): Value =>
  apply('ReduceSum', [x], { axes, keepDims });

/**
 * The mean over these axes, which are left out or kept as 1. ONNX: ReduceMean.
 * @throws InputError if there is no such axis
 */
export const reduceMean = (x: Value, axes: readonly number[], keepDims = false): Value =>
  apply('ReduceMean', [x], { axes, keepDims });

/**
 * The largest value over these axes, which are left out or kept as 1. ONNX: ReduceMax.
 * @throws InputError if there is no such axis
 */
export const reduceMax = (x: Value, axes: readonly number[], keepDims = false): Value =>
  apply('ReduceMax', [x], { axes, keepDims });

/** The mean of each channel over the whole image: [N, C, ..] to [N, C, 1, ..]. ONNX: GlobalAveragePool. */
export const globalAveragePool = (x: Value): Value => apply('GlobalAveragePool', [x], {});

/** log(sum(e^x)) over axes, less their largest value, so that no power overflows. ONNX: ReduceLogSumExp. */
export function reduceLogSumExp(x: Value, { axes, keepDims }: ReduceAttributes, name?: string): Value {
  const largest = reduceMax(x, axes, true);
  const sum = reduceSum(exponential(subtract(x, largest)), axes, true);
  const result = apply('Add', [logarithm(sum), largest], {}, keepDims ? name : undefined);
  return keepDims ? result : squeeze(result, axes, name);
}

/** The product over axes, by multiplying halves with each other: its gradient is right where factors are 0. ONNX: ReduceProd. */
export function reduceProduct(x: Value, attributes: ReduceAttributes, name: string): Value {
  const shape = shapeOf(x);
  const reduced = reducedAxes(shape, attributes);
  const kept = shape.flatMap((_, axis) => (reduced.has(axis) ? [] : [axis]));
  const last = kept.length;
  let length = [...reduced].reduce((count, axis) => count * staticDimension(shape[axis], name), 1);
  let factors = reshape(transpose(x, [...kept, ...reduced]), [...kept.map((axis) => shape[axis]), length]);
  while (length > 1) {
    const half = Math.floor(length / 2);
    const pairs = multiply(slice(factors, last, 0, half), slice(factors, last, half, 2 * half));
    factors = length % 2 === 0 ? pairs : concat([pairs, slice(factors, last, 2 * half, length)], last);
    length = Math.ceil(length / 2);
  }
  return apply('Reshape', [factors], { shape: reducedShape(shape, attributes, name) }, name);
}

export function reducedAxes(shape: Shape, { axes }: ReduceAttributes): Set<number> {
  return new Set(axes.map((axis) => normaliseAxis(axis, shape.length, 'reduction')));
}
