/** Kernels that compute each value from those at the same place, and sums over axes: they work in any order of axes. */
import type { Tensor } from '@tensorflow/tfjs';
import { Arranged, channelsLast, commonOrder, naturalOrder } from './arranged.js';
import { type Kernels, type TensorFlow, vector } from './kernel.js';

type Inputs = readonly Arranged[];

/** One value from one value. */
const each =
  (formula: (x: Tensor) => Tensor) =>
  ([x]: Inputs): Arranged =>
    new Arranged(formula(x.tensor), x.order);

/** One value from several that are broadcast together: aligned at their last axis and laid in one order. */
const broadcast =
  (formula: (...tensors: Tensor[]) => Tensor) =>
  (inputs: Inputs): Arranged => {
    const order = commonOrder(inputs);
    const tensors = inputs.map((input) => input.withRank(order.length).in(order));
    return new Arranged(formula(...tensors), order);
  };

/** Two by two, for operators that take any number of inputs. */
const folded = (formula: (a: Tensor, b: Tensor) => Tensor) =>
  broadcast((first, ...others) => others.reduce((result, other) => formula(result, other), first.clone()));

function reduced(
  x: Arranged,
  axes: readonly number[],
  keepDims: boolean,
  formula: (x: Tensor, places: number[], keepDims: boolean) => Tensor,
): Arranged {
  // TensorFlow takes no axes for all of them.
  if (axes.length === 0) return x.clone();
  const places = axes.map((axis) => x.place(axis));
  const result = formula(x.tensor, places, keepDims);
  if (keepDims) return new Arranged(result, x.order);
  const left = x.order.filter((_, place) => !places.includes(place));
  const sorted = [...left].sort((a, b) => a - b);
  return new Arranged(
    result,
    left.map((axis) => sorted.indexOf(axis)),
  );
}

export function createPointwise(tf: TensorFlow) {
  /** x less the largest value, so that no power overflows. */
  const lowered = (x: Tensor, place: number): Tensor => tf.sub(x, tf.max(x, place, true));
  const types = { bool: 'bool', int: 'int32', float: 'float32' } as const;
  return {
    Add: broadcast(tf.add),
    Sub: broadcast(tf.sub),
    Mul: broadcast(tf.mul),
    Div: broadcast(tf.div),
    Max: folded(tf.maximum),
    Min: folded(tf.minimum),
    Pow: broadcast(tf.pow),
    Greater: broadcast(tf.greater),
    Where: broadcast(tf.where),
    Mod: broadcast(tf.mod),
    BatchNormalization([x, scale, bias, mean, variance], { epsilon }) {
      const order = channelsLast(x.order.length);
      const laid = x.in(order);
      const [s, b, m, v] = [scale, bias, mean, variance].map(({ tensor }) => vector(tensor));
      const channels = x.shape[1];
      const pixels = laid.rank === 4 ? laid : laid.reshape([1, 1, laid.size / channels, channels]);
      const y = tf.batchNorm(pixels, m, v, b, s, epsilon);
      return new Arranged(laid.rank === 4 ? y : y.reshape(laid.shape), order);
    },
    Relu: each(tf.relu),
    LeakyRelu: ([x], { alpha }) => new Arranged(tf.leakyRelu(x.tensor, alpha), x.order),
    Elu: ([x], { alpha }) => each((y) => tf.where(tf.greater(y, 0), y, tf.mul(tf.expm1(y), alpha)))([x]),
    Sigmoid: each(tf.sigmoid),
    Tanh: each(tf.tanh),
    Softplus: each(tf.softplus),
    Softmax([x], { axis }) {
      const place = x.place(axis);
      const powers = tf.exp(lowered(x.tensor, place));
      return new Arranged(tf.div(powers, tf.sum(powers, place, true)), x.order);
    },
    LogSoftmax([x], { axis }) {
      const place = x.place(axis);
      const lower = lowered(x.tensor, place);
      return new Arranged(tf.sub(lower, tf.log(tf.sum(tf.exp(lower), place, true))), x.order);
    },
    Clip: ([x], { min, max }) => new Arranged(tf.clipByValue(x.tensor, min, max), x.order),
    Abs: each(tf.abs),
    Neg: each(tf.neg),
    Sign: each(tf.sign),
    Exp: each(tf.exp),
    Log: each(tf.log),
    Sqrt: each(tf.sqrt),
    Erf: each(tf.erf),
    Sin: each(tf.sin),
    Cos: each(tf.cos),
    Atan: each(tf.atan),
    GlobalAveragePool: ([x]) => reduced(x, naturalOrder(x.order.length).slice(2), true, tf.mean),
    ReduceMean: ([x], { axes, keepDims }) => reduced(x, axes, keepDims, tf.mean),
    ReduceSum: ([x], { axes, keepDims }) => reduced(x, axes, keepDims, tf.sum),
    ReduceMax: ([x], { axes, keepDims }) => reduced(x, axes, keepDims, tf.max),
    CumSum: ([x], { axis, exclusive, reverse }) =>
      new Arranged(tf.cumsum(x.tensor, x.place(axis), exclusive, reverse), x.order),
    Identity: ([x]) => x.clone(),
    Dropout: ([x]) => x.clone(),
    Cast([x], { to }) {
      const kind = to === 'bool' ? 'bool' : to.startsWith('float') ? 'float' : 'int';
      return new Arranged(tf.cast(x.tensor, types[kind]), x.order);
    },
    ZerosLike: each(tf.zerosLike),
  } satisfies Partial<Kernels>;
}
