/** Means, sums, products and extremes over axes, sums along them, and their gradients. */

import type { ReduceAttributes } from '../attributes.js';
import { shapeOf } from '../graph.js';
import { apply, floats, scalar, type Value } from '../node.js';
import type { RuleArguments } from '../rule.js';
import { isBatch, normaliseAxis, perImage, type Shape, staticDimension, type TensorType } from '../type.js';
import { concat, reshape, slice, transpose } from './arrangement.js';
import { add, divide, exponential, greater, multiply, subtract, where, zerosLike } from './elementwise.js';

export function inferReduce(
  [{ dataType, shape }]: readonly TensorType[],
  { axes, keepDims }: ReduceAttributes,
  where: string,
): TensorType {
  if (shape === undefined) return { dataType, shape };
  const reduced = new Set(axes.map((axis) => normaliseAxis(axis, shape.length, where)));
  const result = shape.flatMap((dimension, axis) =>
    reduced.has(axis) ? (keepDims ? [1] : []) : [dimension],
  );
  return { dataType, shape: result };
}

export const reduceSum = (x: Value, axes: readonly number[], keepDims = false): Value =>
  apply('ReduceSum', [x], { axes, keepDims });
export const reduceMax = (x: Value, axes: readonly number[], keepDims = false): Value =>
  apply('ReduceMax', [x], { axes, keepDims });
export const reduceMean = (x: Value, axes: readonly number[], keepDims = false): Value =>
  apply('ReduceMean', [x], { axes, keepDims });

/** The largest value less the logarithms' common scale: log(sum(e^x)) without overflow. */
export function reduceLogSumExp(x: Value, { axes, keepDims }: ReduceAttributes, name?: string): Value {
  const largest = apply('ReduceMax', [x], { axes, keepDims: true });
  const sum = reduceSum(exponential(subtract(x, largest)), axes, true);
  const last = keepDims ? name : undefined;
  const result = apply('Add', [apply('Log', [sum], {}), largest], {}, last);
  return keepDims ? result : apply('Squeeze', [result], { axes }, name);
}

/** A product over axes, in halves multiplied with each other: so its gradient is right where factors are 0. */
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
  const { shape: result = [] } = inferReduce([x.type], attributes, name);
  return apply('Reshape', [factors], { shape: result }, name);
}

function reducedAxes(shape: Shape, { axes }: ReduceAttributes): Set<number> {
  return new Set(axes.map((axis) => normaliseAxis(axis, shape.length, 'reduction')));
}

/** The gradient with the reduced axes back as 1, then spread over them. */
function spread(gradient: Value, x: Value, attributes: ReduceAttributes, factor: number): Value {
  const shape = shapeOf(x);
  const reduced = reducedAxes(shape, attributes);
  const kept = reshape(
    gradient,
    shape.map((dimension, axis) => (reduced.has(axis) ? 1 : dimension)),
  );
  const share = factor === 1 ? kept : multiply(kept, floats([factor], []));
  if (reduced.has(shape.findIndex(isBatch))) return add(share, zerosLike(x));
  const lengths = shape.map((dimension, axis) =>
    reduced.has(axis) ? staticDimension(dimension, 'reduction') : 1,
  );
  return apply('Expand', [share], { lengths });
}

export const reduceSumRule = ({ node, gradient }: RuleArguments<'ReduceSum'>) => [
  spread(gradient, node.inputs[0], node.attributes, 1),
];

/** The gradient flows to all values that are the largest, in equal shares: PyTorch's `amax`. */
export function reduceMaxRule({ node, gradient }: RuleArguments<'ReduceMax'>) {
  const [x] = node.inputs;
  const { axes } = node.attributes;
  const { shape: kept = [] } = inferReduce([x.type], { axes, keepDims: true }, 'ReduceMax');
  const isLess = greater(reshape(node.outputs[0], kept), x);
  const count = reduceSum(where(isLess, scalar(0), scalar(1)), axes, true);
  return [where(isLess, scalar(0), divide(reshape(gradient, kept), count))];
}

/** A value counts in all sums behind it (before it where the sum runs backwards), so its gradient is their sum. */
export function cumulativeSumRule({ node, gradient }: RuleArguments<'CumSum'>) {
  const { axis, exclusive, reverse } = node.attributes;
  return [apply('CumSum', [gradient], { axis, exclusive, reverse: !reverse })];
}

/** The mean's gradient is the sum's divided by the number of averaged values, of which the batch may be part. */
export function reduceMeanRule({ node, gradient }: RuleArguments<'ReduceMean'>) {
  const [x] = node.inputs;
  const shape = shapeOf(x);
  const reduced = [...reducedAxes(shape, node.attributes)];
  const count = reduced.reduce((product, axis) => product * perImage(shape[axis]), 1);
  if (!reduced.includes(shape.findIndex(isBatch))) return [spread(gradient, x, node.attributes, 1 / count)];
  const batch = reduceSum(
    add(zerosLike(x), floats([1], [])),
    shape.map((_, axis) => axis),
    false,
  );
  const others = shape.reduce<number>((product, dimension) => product * perImage(dimension), 1);
  const perBatch = divide(gradient, divide(batch, floats([others], [])));
  return [spread(perBatch, x, node.attributes, 1 / count)];
}

export function inferGlobalAveragePool([{ dataType, shape }]: readonly TensorType[]): TensorType {
  return { dataType, shape: shape?.map((dimension, axis) => (axis < 2 ? dimension : 1)) };
}

export const globalAveragePool = (x: Value): Value => apply('GlobalAveragePool', [x], {});

export function globalAveragePoolRule({ node, gradient }: RuleArguments<'GlobalAveragePool'>) {
  const [x] = node.inputs;
  const axes = shapeOf(x).flatMap((_, axis) => (axis < 2 ? [] : [axis]));
  const count = axes.reduce((product, axis) => product * Number(shapeOf(x)[axis]), 1);
  return [spread(gradient, x, { axes, keepDims: true }, 1 / count)];
}
