/** Maximum and average pooling, and what sends values back to the maxima. */

import { shapeOf } from '../graph.js';
import type { OperatorAttributes, PoolAttributes } from '../inference.js';
import { apply, constant, createNode, type Value } from '../node.js';
import { sizePerImage } from '../type.js';
import { reshape } from './arrangement.js';
import { zerosLike } from './elementwise.js';

type PoolOptions = Partial<PoolAttributes> & Pick<PoolAttributes, 'kernel'>;

function complete({ kernel, strides, pads, ceilMode }: PoolOptions) {
  return {
    kernel,
    strides: strides ?? kernel,
    pads: pads ?? [...kernel, ...kernel].map(() => 0),
    ceilMode: ceilMode ?? false,
  };
}

/**
 * The largest value of each window [N, C, ..]; strides as long as the window by default. ONNX: MaxPool.
 * @throws InputError if a window is larger than the padded image
 */
export function maxPool(x: Value, options: PoolOptions, name?: string): Value {
  const dilations = options.kernel.map(() => 1);
  return apply('MaxPool', [x], { ...complete(options), dilations, indices: false }, name);
}

/**
 * The mean of each window [N, C, ..], padding not counted; strides as long as the window by default. ONNX: AveragePool.
 * @throws InputError if a window is larger than the padded image
 */
export function averagePool(x: Value, options: PoolOptions, name?: string): Value {
  return apply('AveragePool', [x], { ...complete(options), countIncludePad: false }, name);
}

/** Index of each window's maximum inside its own image, [N, C x ...] flattened per image. */
export function maximumIndices(x: Value, attributes: OperatorAttributes['MaxPool']): Value {
  const [, indices] = createNode('MaxPool', [x], { ...attributes, indices: true }).outputs;
  const [batch, ...rest] = shapeOf(indices);
  const perImage = BigInt(sizePerImage(shapeOf(x).slice(1)));
  const size = constant({ dataType: 'int64', shape: [], data: BigInt64Array.of(perImage) });
  return reshape(apply('Mod', [indices, size], {}), [batch, sizePerImage(rest)]);
}

/**
 * Sends pooled values back to given positions of x. Windows may overlap: `add` sums what meets there (the gradient);
 * `none` keeps the last, as PyTorch's max_unpool does.
 */
export function unpool(values: Value, indices: Value, x: Value, reduction: 'add' | 'none' = 'add'): Value {
  const shape = shapeOf(x);
  const empty = reshape(zerosLike(x), [shape[0], sizePerImage(shape.slice(1))]);
  const updates = reshape(values, shapeOf(indices));
  return reshape(apply('ScatterElements', [empty, indices, updates], { axis: 1, reduction }), shape);
}

/** How many input pixels each window averages, row by row. */
export function averagedPixels(
  size: readonly number[],
  attributes: OperatorAttributes['AveragePool'],
  windows: readonly number[],
) {
  const { kernel, strides, pads, countIncludePad } = attributes;
  const perAxis = windows.map((count, axis) =>
    Array.from({ length: count }, (_, i) => {
      const start = i * strides[axis] - pads[axis];
      const [low, high] = countIncludePad
        ? [-pads[axis], size[axis] + pads[axis + windows.length]]
        : [0, size[axis]];
      return Math.min(start + kernel[axis], high) - Math.max(start, low);
    }),
  );
  return perAxis.reduce<number[]>((all, axis) => all.flatMap((a) => axis.map((b) => a * b)), [1]);
}
