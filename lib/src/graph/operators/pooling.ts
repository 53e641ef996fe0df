/** Maximum and average pooling, and their gradients. */
import { InputError } from '../../error.js';
import type { OperatorAttributes, PoolAttributes } from '../attributes.js';
import { shapeOf } from '../graph.js';
import { apply, constant, createNode, floats, scalar, type Value } from '../node.js';
import type { RuleArguments } from '../rule.js';
import { type Shape, shapeText, staticDimension, type TensorType } from '../type.js';
import { pad, reshape, slice } from './arrangement.js';
import { convTranspose } from './convolution.js';
import { multiply, zerosLike } from './elementwise.js';
import { resize } from './resize.js';

function complete({
  kernel,
  strides,
  pads,
  ceilMode,
}: Partial<PoolAttributes> & { kernel: readonly number[] }) {
  return {
    kernel,
    strides: strides ?? kernel,
    pads: pads ?? [...kernel, ...kernel].map(() => 0),
    ceilMode: ceilMode ?? false,
  };
}

type PoolOptions = Partial<PoolAttributes> & Pick<PoolAttributes, 'kernel'>;

export function maxPool(x: Value, options: PoolOptions, name?: string): Value {
  const dilations = options.kernel.map(() => 1);
  return apply('MaxPool', [x], { ...complete(options), dilations, indices: false }, name);
}

export function averagePool(x: Value, options: PoolOptions, name?: string): Value {
  return apply('AveragePool', [x], { ...complete(options), countIncludePad: false }, name);
}

/** Number of windows along one axis; in ceil mode a window must start inside the input or its first padding. */
export function windowCount(
  size: number,
  reach: number,
  stride: number,
  before: number,
  after: number,
  ceil: boolean,
) {
  const steps = (size + before + after - reach) / stride;
  if (!ceil) return Math.floor(steps) + 1;
  const count = Math.ceil(steps) + 1;
  return (count - 1) * stride >= size + before ? count - 1 : count;
}

function pooledSize(
  shape: Shape,
  { kernel, strides, pads, ceilMode }: PoolAttributes,
  dilations: readonly number[] | undefined,
  where: string,
): number[] {
  return kernel.map((size, i) => {
    const length = staticDimension(shape[i + 2], where);
    const reach = (dilations?.[i] ?? 1) * (size - 1) + 1;
    const [before, after] = [pads[i], pads[i + kernel.length]];
    if (length + before + after < reach) {
      throw new InputError({
        what: 'the pooling window is larger than the image',
        where,
        expected: `at least ${reach} pixels`,
        got: shapeText(shape),
      });
    }
    return windowCount(length, reach, strides[i], before, after, ceilMode);
  });
}

export function inferMaxPool(
  [{ dataType, shape }]: readonly TensorType[],
  attributes: OperatorAttributes['MaxPool'],
  where: string,
): TensorType[] {
  const pooled = shape && [
    ...shape.slice(0, 2),
    ...pooledSize(shape, attributes, attributes.dilations, where),
  ];
  const values: TensorType = { dataType, shape: pooled };
  return attributes.indices ? [values, { dataType: 'int64', shape: pooled }] : [values];
}

export function inferAveragePool(
  [{ dataType, shape }]: readonly TensorType[],
  attributes: OperatorAttributes['AveragePool'],
  where: string,
): TensorType {
  return {
    dataType,
    shape: shape && [...shape.slice(0, 2), ...pooledSize(shape, attributes, undefined, where)],
  };
}

/** Index of each window's maximum inside its own image, [N, C x ...] flattened per image. */
export function maximumIndices(x: Value, attributes: OperatorAttributes['MaxPool']): Value {
  const [, indices] = createNode('MaxPool', [x], { ...attributes, indices: true }).outputs;
  const [batch, ...rest] = shapeOf(indices);
  const perImage = shapeOf(x)
    .slice(1)
    .reduce<number>((product, dimension) => product * staticDimension(dimension, 'MaxPool'), 1);
  const count = rest.reduce<number>((product, dimension) => product * Number(dimension), 1);
  const size = constant({ dataType: 'int64', shape: [], data: BigInt64Array.of(BigInt(perImage)) });
  return reshape(apply('Mod', [indices, size], {}), [batch, count]);
}

/**
 * Sends pooled values back to given positions of x. Windows may overlap: `add` sums what meets there (the gradient);
 * `none` keeps the last, as PyTorch's max_unpool does.
 */
export function unpool(values: Value, indices: Value, x: Value, reduction: 'add' | 'none' = 'add'): Value {
  const shape = shapeOf(x);
  const perImage = shape
    .slice(1)
    .reduce<number>((product, dimension) => product * staticDimension(dimension, 'MaxPool'), 1);
  const empty = reshape(zerosLike(x), [shape[0], perImage]);
  const updates = reshape(values, shapeOf(indices));
  return reshape(apply('ScatterElements', [empty, indices, updates], { axis: 1, reduction }), shape);
}

export function maxPoolRule({ node, gradient }: RuleArguments<'MaxPool'>) {
  const [x] = node.inputs;
  return [unpool(gradient, maximumIndices(x, node.attributes), x)];
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

/** Each output's gradient, divided by its window's pixel count, goes to every pixel of the window. */
export function averagePoolRule({ node, gradient }: RuleArguments<'AveragePool'>) {
  const [x] = node.inputs;
  const { kernel, strides, pads } = node.attributes;
  const rank = kernel.length;
  const size = shapeOf(x)
    .slice(2)
    .map((dimension) => staticDimension(dimension, 'AveragePool'));
  const windows = shapeOf(gradient)
    .slice(2)
    .map((dimension) => staticDimension(dimension, 'AveragePool'));
  const counts = averagedPixels(size, node.attributes, windows);
  const [first] = counts;
  const shares = counts.every((count) => count === first)
    ? multiply(gradient, scalar(1 / first))
    : multiply(
        gradient,
        floats(
          counts.map((count) => 1 / count),
          [1, 1, ...windows],
        ),
      );
  const spreadTo = (spread: readonly number[]) => size.map((length, i) => length - (spread[i] - pads[i]));
  if (kernel.every((length, i) => length === strides[i]) && pads.every((amount) => amount === 0)) {
    const enlarged = resize(shares, { scales: kernel }, { mode: 'nearest', coordinates: 'asymmetric' });
    const after = spreadTo(windows.map((count, i) => count * kernel[i]));
    return [pad(enlarged, [0, 0, ...kernel.map(() => 0), 0, 0, ...after])];
  }
  const channels = staticDimension(shapeOf(x)[1], 'AveragePool');
  const ones = kernel.reduce((product, length) => product * length, channels);
  const weight = floats(new Float32Array(ones).fill(1), [channels, 1, ...kernel]);
  const whole = convTranspose(shares, weight, { strides, group: channels });
  const after = spreadTo(windows.map((count, i) => (count - 1) * strides[i] + kernel[i]));
  const cropped = pads.slice(0, rank).reduce((value, amount, i) => {
    if (amount === 0) return value;
    return slice(value, i + 2, amount, staticDimension(shapeOf(value)[i + 2], 'AveragePool'));
  }, whole);
  return [pad(cropped, [0, 0, ...kernel.map(() => 0), 0, 0, ...after])];
}
