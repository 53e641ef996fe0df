/** One definition per operator. */
import type { Operator, OperatorAttributes } from '../../lib/src/graph/inference.js';
import { normaliseAxis } from '../../lib/src/graph/type.js';
import { sizeOf } from '../../lib/src/tensor.js';
import {
  cast,
  concat,
  gather,
  pad,
  reshape,
  scatterElements,
  slice,
  split,
  transpose,
} from './arrangement.js';
import {
  broadcast,
  broadcastShape,
  foldOver,
  map,
  type ReferenceTensor,
  reduce,
  repeatTo,
  sumOver,
  withShape,
} from './array.js';
import { averagePool, conv, convTranspose, maxPool, resize } from './image.js';
import { matMul, transposed } from './product.js';

export type Kernel<Op extends Operator> = (
  inputs: readonly ReferenceTensor[],
  attributes: OperatorAttributes[Op],
) => ReferenceTensor | readonly ReferenceTensor[];

/** One value from the values at the same place of each input. */
const pointwise =
  (formula: (...values: number[]) => number) =>
  (inputs: readonly ReferenceTensor[]): ReferenceTensor =>
    broadcast(inputs, formula);

const identity = ([x]: readonly ReferenceTensor[]): ReferenceTensor => x;

/** erf(x) = 2 / sqrt(pi) e^(-x^2) (x + 2 x^3 / 3 + 4 x^5 / 15 + ...): every term is positive, so none cancel. */
function errorFunction(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let sum = 0;
  let term = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    sum += term;
    term *= (2 * x * x) / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** x - log(sum(e^x)), less the largest value, so that no power overflows. */
function logSoftmax(x: ReferenceTensor, axis: number): ReferenceTensor {
  const largest = foldOver(x, [axis], Number.NEGATIVE_INFINITY, Math.max);
  const lower = broadcast([x, largest], (value, top) => value - top);
  return broadcast([lower, sumOver(map(lower, Math.exp), [axis])], (value, sum) => value - Math.log(sum));
}

/** Running sums along an axis, from its end where they go in reverse. */
function cumulativeSum(
  { data, shape }: ReferenceTensor,
  { axis, exclusive, reverse }: OperatorAttributes['CumSum'],
): ReferenceTensor {
  const at = normaliseAxis(axis, shape.length, 'CumSum');
  const length = shape[at];
  const step = sizeOf(shape.slice(at + 1));
  const sums = new Float64Array(data.length);
  for (let row = 0; row < data.length / length; row++) {
    const first = Math.floor(row / step) * length * step + (row % step);
    let sum = 0;
    for (let i = 0; i < length; i++) {
      const place = first + (reverse ? length - 1 - i : i) * step;
      const next = sum + data[place];
      sums[place] = exclusive ? sum : next;
      sum = next;
    }
  }
  return { data: sums, shape };
}

export const kernels: { readonly [Op in Exclude<Operator, 'Input' | 'Opaque'>]: Kernel<Op> } = {
  Constant: (_, { value: { data, shape } }) => ({ data: Float64Array.from(data, Number), shape }),
  Conv: conv,
  ConvTranspose: convTranspose,
  Gemm: ([a, b, c], { alpha, beta, transA, transB }) => {
    const product = matMul(transA ? transposed(a) : a, transB ? transposed(b) : b);
    if (c === undefined) return map(product, (value) => alpha * value);
    return broadcast([product, c], (value, added) => alpha * value + beta * added);
  },
  MatMul: ([a, b]) => matMul(a, b),
  Add: pointwise((a, b) => a + b),
  Sub: pointwise((a, b) => a - b),
  Mul: pointwise((a, b) => a * b),
  Div: pointwise((a, b) => a / b),
  Max: pointwise(Math.max),
  Min: pointwise(Math.min),
  Pow: pointwise(Math.pow),
  Greater: pointwise((a, b) => Number(a > b)),
  Where: pointwise((condition, a, b) => (condition ? a : b)),
  // The remainder has the divisor's sign, as in Python.
  Mod: pointwise((a, b) => a - b * Math.floor(a / b)),
  BatchNormalization: ([x, ...parameters], { epsilon }) => {
    const perChannel = x.shape.map((length, axis) => (axis === 1 ? length : 1));
    return broadcast(
      [x, ...parameters.map((parameter) => withShape(parameter, perChannel))],
      (value, scale, bias, mean, variance) => ((value - mean) / Math.sqrt(variance + epsilon)) * scale + bias,
    );
  },
  Relu: pointwise((x) => Math.max(x, 0)),
  LeakyRelu: ([x], { alpha }) => map(x, (value) => (value >= 0 ? value : alpha * value)),
  Elu: ([x], { alpha }) => map(x, (value) => (value > 0 ? value : alpha * Math.expm1(value))),
  Sigmoid: pointwise((x) => 1 / (1 + Math.exp(-x))),
  Tanh: pointwise(Math.tanh),
  // log(1 + e^x) without overflow.
  Softplus: pointwise((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  Softmax: ([x], { axis }) => map(logSoftmax(x, axis), Math.exp),
  LogSoftmax: ([x], { axis }) => logSoftmax(x, axis),
  Clip: ([x], { min, max }) => map(x, (value) => Math.min(Math.max(value, min), max)),
  Abs: pointwise(Math.abs),
  Neg: pointwise((x) => -x),
  Sign: pointwise(Math.sign),
  Exp: pointwise(Math.exp),
  Log: pointwise(Math.log),
  Sqrt: pointwise(Math.sqrt),
  Erf: pointwise(errorFunction),
  Sin: pointwise(Math.sin),
  Cos: pointwise(Math.cos),
  Atan: pointwise(Math.atan),
  MaxPool: ([x], attributes) => maxPool(x, attributes),
  AveragePool: ([x], attributes) => averagePool(x, attributes),
  GlobalAveragePool: ([x]) =>
    reduce(x, { axes: x.shape.map((_, axis) => axis).slice(2), keepDims: true }, true),
  ReduceMean: ([x], attributes) => reduce(x, attributes, true),
  ReduceSum: ([x], attributes) => reduce(x, attributes, false),
  ReduceMax: ([x], { axes, keepDims }) => {
    const largest = foldOver(x, axes, Number.NEGATIVE_INFINITY, Math.max);
    return keepDims ? largest : withShape(largest, reduce(x, { axes, keepDims }, false).shape);
  },
  CumSum: ([x], attributes) => cumulativeSum(x, attributes),
  Concat: concat,
  Split: ([x], attributes) => split(x, attributes),
  Slice: ([x], attributes) => slice(x, attributes),
  Expand: ([x], { lengths }) => repeatTo(x, broadcastShape([x.shape, lengths])),
  Gather: ([x, indices], attributes) => gather(x, indices, attributes),
  Pad: ([x], attributes) => pad(x, attributes),
  Reshape: ([x], { shape }) => reshape(x, shape),
  Flatten: ([x], { axis }) => withShape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]),
  Squeeze: ([x], { axes }) => {
    const removed = new Set(axes.map((axis) => normaliseAxis(axis, x.shape.length, 'Squeeze')));
    return withShape(
      x,
      x.shape.filter((_, axis) => !removed.has(axis)),
    );
  },
  Unsqueeze: ([x], { axes }) => {
    const rank = x.shape.length + axes.length;
    const shape = [...x.shape];
    const places = axes.map((axis) => normaliseAxis(axis, rank, 'Unsqueeze'));
    for (const axis of places.sort((a, b) => a - b)) shape.splice(axis, 0, 1);
    return withShape(x, shape);
  },
  Transpose: ([x], attributes) => transpose(x, attributes),
  Identity: identity,
  Dropout: identity,
  Resize: ([x], attributes) => resize(x, attributes),
  Cast: ([x], attributes) => cast(x, attributes),
  ScatterElements: scatterElements,
  ZerosLike: ([x]) => map(x, () => 0),
};
