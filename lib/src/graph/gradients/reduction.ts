/** The gradients of means, sums and maxima over axes, and of running sums. */

import { sizeOf } from '../../tensor.js';
import { shapeOf, spatialSize } from '../graph.js';
import { type ReduceAttributes, reducedShape } from '../inference.js';
import { apply, scalar, type Value } from '../node.js';
import { expand, reshape } from '../operators/arrangement.js';
import { add, divide, greater, multiply, where, zerosLike } from '../operators/elementwise.js';
import { reducedAxes, reduceSum } from '../operators/reduction.js';
import type { OperatorRules } from '../rule.js';
import { isBatch, sizePerImage, staticDimension } from '../type.js';

/** The gradient with the reduced axes back as 1, then spread over them. */
function spread(gradient: Value, x: Value, attributes: ReduceAttributes, factor: number): Value {
  const shape = shapeOf(x);
  const reduced = reducedAxes(shape, attributes);
  const kept = reshape(
    gradient,
    shape.map((dimension, axis) => (reduced.has(axis) ? 1 : dimension)),
  );
  const share = factor === 1 ? kept : multiply(kept, scalar(factor));
  if (reduced.has(shape.findIndex(isBatch))) return add(share, zerosLike(x));
  const lengths = shape.map((dimension, axis) =>
    reduced.has(axis) ? staticDimension(dimension, 'reduction') : 1,
  );
  return expand(share, lengths);
}

export const reduction = {
  ReduceSum: ({ node, gradient }) => [spread(gradient, node.inputs[0], node.attributes, 1)],
  /** The mean's gradient is the sum's divided by the number of averaged values, of which the batch may be part. */
  ReduceMean({ node, gradient }) {
    const [x] = node.inputs;
    const shape = shapeOf(x);
    const reduced = [...reducedAxes(shape, node.attributes)];
    const count = sizePerImage(reduced.map((axis) => shape[axis]));
    if (!reduced.includes(shape.findIndex(isBatch))) return [spread(gradient, x, node.attributes, 1 / count)];
    const batch = reduceSum(
      add(zerosLike(x), scalar(1)),
      shape.map((_, axis) => axis),
      false,
    );
    const perBatch = divide(gradient, divide(batch, scalar(sizePerImage(shape))));
    return [spread(perBatch, x, node.attributes, 1 / count)];
  },
  /** The gradient flows to all values that are the largest, in equal shares: PyTorch's `amax`. */
  ReduceMax({ node, gradient }) {
    const [x] = node.inputs;
    const { axes } = node.attributes;
    const kept = reducedShape(shapeOf(x), { axes, keepDims: true }, 'ReduceMax');
    const isLess = greater(reshape(node.outputs[0], kept), x);
    const count = reduceSum(where(isLess, scalar(0), scalar(1)), axes, true);
    return [where(isLess, scalar(0), divide(reshape(gradient, kept), count))];
  },
  GlobalAveragePool({ node, gradient }) {
    const [x] = node.inputs;
    const size = spatialSize(x);
    const axes = size.map((_, i) => i + 2);
    return [spread(gradient, x, { axes, keepDims: true }, 1 / sizeOf(size))];
  },
  /** A value counts in all sums behind it (before it where the sum runs backwards), so its gradient is their sum. */
  CumSum({ node, gradient }) {
    const { axis, exclusive, reverse } = node.attributes;
    return [apply('CumSum', [gradient], { axis, exclusive, reverse: !reverse })];
  },
} satisfies Partial<OperatorRules>;
