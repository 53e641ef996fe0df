/** Every operator: its attributes, and the types of its outputs from those of its inputs (shape inference). */
import { failAt, type InputError } from '../error.js';
import {
  broadcastShapes,
  type ConstantTensor,
  type DataType,
  mergeDimensions,
  normaliseAxis,
  type Shape,
  shapeText,
  staticDimension,
  type TensorType,
} from './type.js';

/** @throws InputError if the operator cannot take inputs of these types */
type Infer<Attributes, Types = TensorType> = (
  inputs: readonly TensorType[],
  attributes: Attributes,
  where: string,
) => Types;

/** No attributes. */
export type None = Readonly<Record<string, never>>;

/** Attribute values as an ONNX file stores them; kept for operators that landlens only passes through. */
export type RawAttribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'string'; readonly value: Uint8Array }
  | { readonly type: 'tensor'; readonly value: ConstantTensor }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly bigint[] }
  | { readonly type: 'strings'; readonly value: readonly Uint8Array[] };

interface OpaqueAttributes {
  readonly operator: string;
  readonly domain: string;
  /** Version of the domain's operator set that the operator needs, where it is not 18 (own domain) or 1 (others). */
  readonly opset?: number;
  readonly raw: Readonly<Record<string, RawAttribute>>;
  /** ONNX input slot of each input (optional inputs may be missing). */
  readonly slots: readonly number[];
  readonly outputTypes: readonly TensorType[];
}

export interface ConvolutionAttributes {
  readonly strides: readonly number[];
  /** Begin of every spatial axis, then end of every spatial axis. */
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  readonly group: number;
}

export interface PoolAttributes {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly ceilMode: boolean;
}

export interface ReduceAttributes {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** The new lengths of the axes, or how many times as long they become (rounded down). */
export type ResizeTarget = { readonly sizes: readonly number[] } | { readonly scales: readonly number[] };

export interface ResizeAttributes {
  readonly mode: 'nearest' | 'linear' | 'cubic';
  readonly coordinates: 'half_pixel' | 'pytorch_half_pixel' | 'asymmetric' | 'align_corners';
  readonly nearest: 'round_prefer_floor' | 'round_prefer_ceil' | 'floor' | 'ceil';
  readonly cubicCoefficient: number;
  /** The axes that are resampled. */
  readonly axes: readonly number[];
  readonly to: ResizeTarget;
}

export interface OneAxis {
  readonly axis: number;
}

export interface SomeAxes {
  readonly axes: readonly number[];
}

/** The type of the first input. */
const same =
  <Attributes = None>(): Infer<Attributes> =>
  ([type]) =>
    type;

/** The element type of the first input, and a shape that follows from its shape. */
const shaped =
  <Attributes>(infer: (shape: Shape, attributes: Attributes, where: string) => Shape): Infer<Attributes> =>
  ([{ dataType, shape }], attributes, where) => ({
    dataType,
    shape: shape && infer(shape, attributes, where),
  });

/** The element type of the first of two inputs, and a shape that follows from both shapes. */
const shapedByTwo =
  <Attributes>(
    infer: (a: Shape, b: Shape, attributes: Attributes, where: string) => Shape,
  ): Infer<Attributes> =>
  ([a, b], attributes, where) => ({
    dataType: a.dataType,
    shape: a.shape && b.shape && infer(a.shape, b.shape, attributes, where),
  });

const broadcast = shapedByTwo<None>((a, b, _, where) => broadcastShapes(a, b, where));

/** First index, step and number of values that a slice takes along one axis (ONNX clamps out-of-range bounds). */
export function sliceRange(length: number, start: number, end: number, step: number) {
  const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
  const from = clamp(start < 0 ? start + length : start, 0, step > 0 ? length : length - 1);
  const to = clamp(end < 0 ? end + length : end, step > 0 ? 0 : -1, length);
  return { from, step, count: Math.max(0, Math.ceil((to - from) / step)) };
}

/** Which input index a padded output index shows. */
export function paddedSource(length: number, before: number, mode: 'reflect' | 'edge') {
  return (output: number): number => {
    const i = output - before;
    if (mode === 'edge') return Math.min(Math.max(i, 0), length - 1);
    const period = Math.max(1, 2 * (length - 1));
    const folded = ((i % period) + period) % period;
    return folded < length ? folded : period - folded;
  };
}

const misfit = (where: string, expected: string, x: Shape, weight: Shape): InputError =>
  failAt(where)(
    'the input does not fit the weights',
    expected,
    `input ${shapeText(x)}, weights ${shapeText(weight)}`,
  );

const matrixMisfit = (where: string, a: Shape, b: Shape): InputError =>
  failAt(where)(
    'matrices do not fit together',
    'columns of the first = rows of the second',
    `${shapeText(a)} and ${shapeText(b)}`,
  );

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

function pooled(
  shape: Shape,
  { kernel, strides, pads, ceilMode }: PoolAttributes,
  dilations: readonly number[],
  where: string,
): Shape {
  const spatial = kernel.map((size, i) => {
    const length = staticDimension(shape[i + 2], where);
    const reach = dilations[i] * (size - 1) + 1;
    const [before, after] = [pads[i], pads[i + kernel.length]];
    if (length + before + after < reach) {
      throw failAt(where)(
        'the pooling window is larger than the image',
        `at least ${reach} pixels`,
        shapeText(shape),
      );
    }
    return windowCount(length, reach, strides[i], before, after, ceilMode);
  });
  return [...shape.slice(0, 2), ...spatial];
}

/** The shape without the axes, or with 1 in their place. */
export function reducedShape(shape: Shape, { axes, keepDims }: ReduceAttributes, where: string): Shape {
  const reduced = new Set(axes.map((axis) => normaliseAxis(axis, shape.length, where)));
  return shape.flatMap((dimension, axis) => (reduced.has(axis) ? (keepDims ? [1] : []) : [dimension]));
}

/** How one axis is resampled. */
export interface ResizedAxis {
  readonly axis: number;
  readonly length: number;
  readonly outputs: number;
  /** Outputs per input. */
  readonly scale: number;
}

/** Scales are multiplied in single precision, as files store them and runtimes do. */
const scaledLength = (length: number, scale: number): number =>
  Math.floor(Math.fround(length * Math.fround(scale)));

export function resizedAxes(shape: Shape, { axes, to }: ResizeAttributes, where: string): ResizedAxis[] {
  return axes.map((given, i) => {
    const axis = normaliseAxis(given, shape.length, where);
    const length = staticDimension(shape[axis], where);
    if ('sizes' in to) return { axis, length, outputs: to.sizes[i], scale: to.sizes[i] / length };
    return { axis, length, outputs: scaledLength(length, to.scales[i]), scale: to.scales[i] };
  });
}

const inferences = {
  /** A value that each run is fed. */
  Input: (_: readonly TensorType[], { type }: { readonly type: TensorType }) => type,
  Constant: (_: readonly TensorType[], { value }: { readonly value: ConstantTensor }) => ({
    dataType: value.dataType,
    shape: value.shape,
  }),
  /** An operator that the engine can run and landlens cannot differentiate. */
  Opaque: (_: readonly TensorType[], { outputTypes }: OpaqueAttributes) => outputTypes,

  Add: broadcast,
  Sub: broadcast,
  Mul: broadcast,
  Div: broadcast,
  Pow: broadcast,
  Max: broadcast,
  Min: broadcast,
  /** The remainder of int64 values. */
  Mod: broadcast,
  /** A comparison, whose result is a bool tensor. */
  Greater: (inputs: readonly TensorType[], attributes: None, where: string) => ({
    ...broadcast(inputs, attributes, where),
    dataType: 'bool' as const,
  }),
  Where: ([condition, a, b]: readonly TensorType[], attributes: None, where: string) =>
    broadcast([a, broadcast([condition, b], attributes, where)], attributes, where),
  Abs: same(),
  Neg: same(),
  Sign: same(),
  Exp: same(),
  Log: same(),
  Sqrt: same(),
  Erf: same(),
  Sin: same(),
  Cos: same(),
  Atan: same(),
  /** Zeros like the input, whatever its batch. */
  ZerosLike: same(),
  Identity: same(),
  /** At inference: the identity. */
  Dropout: same(),
  Cast: ([{ shape }]: readonly TensorType[], { to }: { readonly to: DataType }) => ({ dataType: to, shape }),

  Relu: same(),
  LeakyRelu: same<{ readonly alpha: number }>(),
  Elu: same<{ readonly alpha: number }>(),
  Sigmoid: same(),
  Tanh: same(),
  Softplus: same(),
  Softmax: same<OneAxis>(),
  LogSoftmax: same<OneAxis>(),
  Clip: same<{ readonly min: number; readonly max: number }>(),
  /** Inputs x, scale, bias, mean, variance; mean and variance may be computed values (batch statistics). */
  BatchNormalization: same<{ readonly epsilon: number }>(),

  MatMul: shapedByTwo<None>((a, b, _, where) => {
    if (a.length < 2 || b.length < 2 || a.at(-1) !== b.at(-2)) throw matrixMisfit(where, a, b);
    const batch = broadcastShapes(a.slice(0, -2), b.slice(0, -2), where);
    return [...batch, ...a.slice(-2, -1), ...b.slice(-1)];
  }),
  Gemm: shapedByTwo<{
    readonly alpha: number;
    readonly beta: number;
    readonly transA: boolean;
    readonly transB: boolean;
  }>((a, b, { transA, transB }, where) => {
    const [rows, inner] = transA ? [a[1], a[0]] : a;
    const [depth, columns] = transB ? [b[1], b[0]] : b;
    if (a.length !== 2 || b.length !== 2 || inner !== depth) throw matrixMisfit(where, a, b);
    return [rows, columns];
  }),
  /** floor((size + pads - dilated kernel) / stride) + 1 along every spatial axis. */
  Conv: shapedByTwo<ConvolutionAttributes>((x, weight, { strides, pads, dilations, group }, where) => {
    const [outputs, perGroup, ...kernel] = weight;
    if (x.length !== weight.length || x[1] !== Number(perGroup) * group) {
      throw misfit(where, `${Number(perGroup) * group} input channels`, x, weight);
    }
    const spatial = kernel.map((size, i) => {
      const reach = dilations[i] * (staticDimension(size, where) - 1) + 1;
      const padded = staticDimension(x[i + 2], where) + pads[i] + pads[i + kernel.length];
      if (padded < reach) throw misfit(where, `at least ${reach} padded pixels`, x, weight);
      return Math.floor((padded - reach) / strides[i]) + 1;
    });
    return [x[0], outputs, ...spatial];
  }),
  ConvTranspose: shapedByTwo<ConvolutionAttributes & { readonly outputPadding: readonly number[] }>(
    (x, weight, { strides, pads, dilations, group, outputPadding }, where) => {
      const [inputs, perGroup, ...kernel] = weight;
      if (x.length !== weight.length || x[1] !== inputs) {
        throw misfit(where, `${inputs} input channels`, x, weight);
      }
      // The transposed convolution must be the gradient of a convolution; onnxruntime asks for the same.
      if (outputPadding.some((amount, i) => amount >= strides[i])) {
        throw failAt(where)(
          'the output padding must be smaller than the stride',
          `less than [${strides.join(', ')}]`,
          `[${outputPadding.join(', ')}]`,
        );
      }
      const spatial = kernel.map((size, i) => {
        const reach = dilations[i] * (staticDimension(size, where) - 1) + 1;
        const steps = strides[i] * (staticDimension(x[i + 2], where) - 1);
        return steps + reach - pads[i] - pads[i + kernel.length] + outputPadding[i];
      });
      return [x[0], Number(perGroup) * group, ...spatial];
    },
  ),

  /** With two outputs the second holds flat int64 indices of the maxima in the whole input. */
  MaxPool: (
    [{ dataType, shape }]: readonly TensorType[],
    attributes: PoolAttributes & { readonly dilations: readonly number[]; readonly indices: boolean },
    where: string,
  ) => {
    const values = { dataType, shape: shape && pooled(shape, attributes, attributes.dilations, where) };
    return attributes.indices ? [values, { ...values, dataType: 'int64' as const }] : [values];
  },
  AveragePool: shaped<PoolAttributes & { readonly countIncludePad: boolean }>((shape, attributes, where) =>
    pooled(
      shape,
      attributes,
      attributes.kernel.map(() => 1),
      where,
    ),
  ),
  GlobalAveragePool: shaped<None>((shape) => shape.map((dimension, axis) => (axis < 2 ? dimension : 1))),
  ReduceMean: shaped(reducedShape),
  ReduceSum: shaped(reducedShape),
  ReduceMax: shaped(reducedShape),
  /** Sums of the values up to each along an axis: without it (exclusive), or from it on (reverse). */
  CumSum: same<OneAxis & { readonly exclusive: boolean; readonly reverse: boolean }>(),
  Resize: shaped<ResizeAttributes>((shape, attributes, where) =>
    resizedAxes(shape, attributes, where).reduce<Shape>(
      (result, { axis, outputs }) => result.with(axis, outputs),
      shape,
    ),
  ),

  Concat: (types: readonly TensorType[], { axis }: OneAxis, where: string) => {
    const [{ dataType, shape: first }] = types;
    if (first === undefined) return { dataType, shape: undefined };
    const at = normaliseAxis(axis, first.length, where);
    let total = 0;
    for (const { shape } of types) {
      if (shape === undefined) return { dataType, shape: undefined };
      if (shape.length !== first.length || shape.some((dimension, i) => i !== at && dimension !== first[i])) {
        throw failAt(where)(
          'concatenated tensors differ outside the axis',
          shapeText(first),
          shapeText(shape),
        );
      }
      total += staticDimension(shape[at], where);
    }
    return { dataType, shape: first.with(at, total) };
  },
  Split: (
    [{ dataType, shape }]: readonly TensorType[],
    { axis, sizes }: OneAxis & { readonly sizes: readonly number[] },
    where: string,
  ) => {
    if (shape === undefined) return sizes.map(() => ({ dataType, shape }));
    const at = normaliseAxis(axis, shape.length, where);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (total !== shape[at]) {
      throw failAt(where)(
        'split sizes do not add up',
        `${shape[at]} along axis ${at}`,
        `${sizes.join(' + ')} = ${total}`,
      );
    }
    return sizes.map((size) => ({ dataType, shape: shape.with(at, size) }));
  },
  Slice: shaped<
    SomeAxes & {
      readonly starts: readonly number[];
      readonly ends: readonly number[];
      readonly steps: readonly number[];
    }
  >((shape, { axes, starts, ends, steps }, where) => {
    const result = [...shape];
    for (const [i, axis] of axes.entries()) {
      const at = normaliseAxis(axis, shape.length, where);
      result[at] = sliceRange(staticDimension(shape[at], where), starts[i], ends[i], steps[i]).count;
    }
    return result;
  }),
  /** Broadcasting with a shape: dimensions of 1 are repeated; a length of 1 keeps what is there. */
  Expand: shaped<{ readonly lengths: readonly number[] }>((shape, { lengths }, where) =>
    broadcastShapes(shape, lengths, where),
  ),
  /** The values at given positions of one axis, which is replaced by the dimensions of the indices. */
  Gather: shapedByTwo<OneAxis>((shape, indices, { axis }, where) =>
    shape.toSpliced(normaliseAxis(axis, shape.length, where), 1, ...indices),
  ),
  /** data + updates at flat indices (reduction add), or overwritten by the last update (reduction none). */
  ScatterElements: same<OneAxis & { readonly reduction: 'none' | 'add' }>(),
  /** Begin of every axis, then end of every axis; negative values crop. */
  Pad: shaped<{
    readonly pads: readonly number[];
    readonly mode: 'constant' | 'reflect' | 'edge';
    readonly value: number;
  }>((shape, { pads }, where) =>
    shape.map((dimension, axis) => {
      const amount = pads[axis] + pads[axis + shape.length];
      return amount === 0 ? dimension : staticDimension(dimension, where) + amount;
    }),
  ),
  Reshape: (
    [{ dataType, shape }]: readonly TensorType[],
    target: { readonly shape: Shape },
    where: string,
  ) => {
    if (shape !== undefined && mergeDimensions(shape) !== mergeDimensions(target.shape)) {
      throw failAt(where)(
        'reshape changes the number of values',
        `as many values as ${shapeText(shape)}`,
        shapeText(target.shape),
      );
    }
    return { dataType, shape: target.shape };
  },
  Flatten: shaped<OneAxis>((shape, { axis }) => {
    const at = axis < 0 ? axis + shape.length : axis;
    return [mergeDimensions(shape.slice(0, at)), mergeDimensions(shape.slice(at))];
  }),
  Squeeze: shaped<SomeAxes>((shape, { axes }, where) => {
    const removed = new Set(axes.map((axis) => normaliseAxis(axis, shape.length, where)));
    if ([...removed].some((axis) => shape[axis] !== 1)) {
      throw failAt(where)('only dimensions of 1 can be squeezed', undefined, shapeText(shape));
    }
    return shape.filter((_, axis) => !removed.has(axis));
  }),
  Unsqueeze: shaped<SomeAxes>((shape, { axes }, where) => {
    const rank = shape.length + axes.length;
    const added = new Set(axes.map((axis) => normaliseAxis(axis, rank, where)));
    const rest = shape[Symbol.iterator]();
    return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.next().value ?? 1)));
  }),
  Transpose: shaped<{ readonly permutation: readonly number[] }>((shape, { permutation }, where) => {
    if ([...permutation].sort((a, b) => a - b).join() !== shape.map((_, i) => i).join()) {
      throw failAt(where)(
        'not a permutation of the axes',
        `the axes of ${shapeText(shape)}`,
        `[${permutation.join(', ')}]`,
      );
    }
    return permutation.map((axis) => shape[axis]);
  }),
};

export type Operator = keyof typeof inferences;

/** The attributes of every operator, in one normalised form: differences between opsets end in the ONNX reader. */
export type OperatorAttributes = { readonly [Op in Operator]: Parameters<(typeof inferences)[Op]>[1] };

/** By the name of the operator. */
export const infer: {
  readonly [Op in Operator]: Infer<OperatorAttributes[Op], TensorType | readonly TensorType[]>;
} = inferences;
