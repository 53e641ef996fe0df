/** Maximum and average pooling, and what sends values back to the maxima. */
import { InputError } from '../../error.js';
import { shapeOf } from '../graph.js';
import { apply, constant, createNode, define, type OperatorAttributes, type Value } from '../node.js';
import { type Shape, shapeText, sizePerImage, staticDimension } from '../type.js';
import { reshape, ScatterElements } from './arrangement.js';
import { Mod, zerosLike } from './elementwise.js';

export interface PoolAttributes {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly ceilMode: boolean;
}

declare module '../node.js' {
  interface OperatorAttributes {
    /** With two outputs the second holds flat int64 indices of the maxima in the whole input. */
    MaxPool: PoolAttributes & { readonly dilations: readonly number[]; readonly indices: boolean };
    AveragePool: PoolAttributes & { readonly countIncludePad: boolean };
  }
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

export const MaxPool = define('MaxPool', ([{ dataType, shape }], attributes, where) => {
  const pooled = shape && [
    ...shape.slice(0, 2),
    ...pooledSize(shape, attributes, attributes.dilations, where),
  ];
  const values = { dataType, shape: pooled };
  return attributes.indices ? [values, { dataType: 'int64' as const, shape: pooled }] : [values];
});

export const AveragePool = define('AveragePool', ([{ dataType, shape }], attributes, where) => {
  return {
    dataType,
    shape: shape && [...shape.slice(0, 2), ...pooledSize(shape, attributes, undefined, where)],
  };
});

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
  return apply(MaxPool, [x], { ...complete(options), dilations, indices: false }, name);
}

/**
 * The mean of each window [N, C, ..], padding not counted; strides as long as the window by default. ONNX: AveragePool.
 * @throws InputError if a window is larger than the padded image
 */
export function averagePool(x: Value, options: PoolOptions, name?: string): Value {
  return apply(AveragePool, [x], { ...complete(options), countIncludePad: false }, name);
}

/** Index of each window's maximum inside its own image, [N, C x ...] flattened per image. */
export function maximumIndices(x: Value, attributes: OperatorAttributes['MaxPool']): Value {
  const [, indices] = createNode(MaxPool, [x], { ...attributes, indices: true }).outputs;
  const [batch, ...rest] = shapeOf(indices);
  const perImage = BigInt(sizePerImage(shapeOf(x).slice(1)));
  const size = constant({ dataType: 'int64', shape: [], data: BigInt64Array.of(perImage) });
  return reshape(apply(Mod, [indices, size], {}), [batch, sizePerImage(rest)]);
}

/**
 * Sends pooled values back to given positions of x. Windows may overlap: `add` sums what meets there (the gradient);
 * `none` keeps the last, as PyTorch's max_unpool does.
 */
export function unpool(values: Value, indices: Value, x: Value, reduction: 'add' | 'none' = 'add'): Value {
  const shape = shapeOf(x);
  const empty = reshape(zerosLike(x), [shape[0], sizePerImage(shape.slice(1))]);
  const updates = reshape(values, shapeOf(indices));
  return reshape(apply(ScatterElements, [empty, indices, updates], { axis: 1, reduction }), shape);
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
