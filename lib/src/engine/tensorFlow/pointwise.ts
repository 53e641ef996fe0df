/** Kernels that compute each value from those at the same place, and sums over axes: they work in any order of axes. */
import type { Tensor } from '@tensorflow/tfjs';
import { Arranged, channelsLast, commonOrder } from './arranged.js';
import { type Computed, type Kernels, type TensorFlow, vector } from './kernel.js';

export type Pointwise = Extract<
  Computed,
  | 'Add'
  | 'Sub'
  | 'Mul'
  | 'Div'
  | 'Max'
  | 'Min'
  | 'Pow'
  | 'Greater'
  | 'Where'
  | 'Mod'
  | 'BatchNormalization'
  | 'Relu'
  | 'LeakyRelu'
  | 'Elu'
  | 'Sigmoid'
  | 'Tanh'
  | 'Softplus'
  | 'Softmax'
  | 'LogSoftmax'
  | 'Clip'
  | 'Abs'
  | 'Neg'
  | 'Sign'
  | 'Exp'
  | 'Log'
  | 'Sqrt'
  | 'Erf'
  | 'GlobalAveragePool'
  | 'ReduceMean'
  | 'ReduceSum'
  | 'Identity'
  | 'Dropout'
  | 'Cast'
  | 'ZerosLike'
>;

type Inputs = readonly Arranged[];

/** One value from one value. */
const each =
  (formula: (x: Tensor) => Tensor) =>
  ([x]: Inputs): Arranged =>
    new Arranged(formula(x.tensor), x.order);

/** Values that are broadcast together, aligned at their last axis and laid in one order. */
function aligned<Result>(inputs: Inputs, formula: (...tensors: Tensor[]) => Result) {
  const order = commonOrder(inputs);
  const tensors = inputs.map((input) => input.withRank(order.length).in(order));
  return { result: formula(...tensors), order };
}

const broadcast =
  (formula: (...tensors: Tensor[]) => Tensor) =>
  (inputs: Inputs): Arranged => {
    const { result, order } = aligned(inputs, formula);
    return new Arranged(result, order);
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

export function createPointwise(tf: TensorFlow): Kernels<Pointwise> {
  /** x less the largest value, so that no power overflows. */
  const lowered = (x: Tensor, place: number): Tensor => tf.sub(x, tf.max(x, place, true));
  const types = { bool: 'bool', int: 'int32', float: 'float32' } as const;
  return {
    Add: broadcast((a, b) => tf.add(a, b)),
    Sub: broadcast((a, b) => tf.sub(a, b)),
    Mul: broadcast((a, b) => tf.mul(a, b)),
    Div: broadcast((a, b) => tf.div(a, b)),
    Max: folded((a, b) => tf.maximum(a, b)),
    Min: folded((a, b) => tf.minimum(a, b)),
    Pow: broadcast((a, b) => tf.pow(a, b)),
    Greater: broadcast((a, b) => tf.greater(a, b)),
    Where: broadcast((condition, a, b) => tf.where(condition, a, b)),
    Mod: broadcast((a, b) => tf.mod(a, b)),
    BatchNormalization([x, scale, bias, mean, variance], { epsilon }) {
      const order = channelsLast(x.order.length);
      const laid = x.in(order);
      const [s, b, m, v] = [scale, bias, mean, variance].map(({ tensor }) => vector(tensor));
      const channels = x.shape[1];
      const pixels = laid.rank === 4 ? laid : laid.reshape([1, 1, laid.size / channels, channels]);
      const y = tf.batchNorm(pixels, m, v, b, s, epsilon);
      return new Arranged(laid.rank === 4 ? y : y.reshape(laid.shape), order);
    },
    Relu: each((x) => tf.relu(x)),
    LeakyRelu: ([x], { alpha }) => new Arranged(tf.leakyRelu(x.tensor, alpha), x.order),
    Elu: ([x], { alpha }) => each((y) => tf.where(tf.greater(y, 0), y, tf.mul(tf.expm1(y), alpha)))([x]),
    Sigmoid: each((x) => tf.sigmoid(x)),
    Tanh: each((x) => tf.tanh(x)),
    Softplus: each((x) => tf.softplus(x)),
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
    Abs: each((x) => tf.abs(x)),
    Neg: each((x) => tf.neg(x)),
    Sign: each((x) => tf.sign(x)),
    Exp: each((x) => tf.exp(x)),
    Log: each((x) => tf.log(x)),
    Sqrt: each((x) => tf.sqrt(x)),
    Erf: each((x) => tf.erf(x)),
    GlobalAveragePool: ([x]) =>
      reduced(x, x.order.toSorted((a, b) => a - b).slice(2), true, (...given) => tf.mean(...given)),
    ReduceMean: ([x], { axes, keepDims }) => reduced(x, axes, keepDims, (...given) => tf.mean(...given)),
    ReduceSum: ([x], { axes, keepDims }) => reduced(x, axes, keepDims, (...given) => tf.sum(...given)),
    Identity: ([x]) => x.clone(),
    Dropout: ([x]) => x.clone(),
    Cast([x], { to }) {
      const kind = to === 'bool' ? 'bool' : to.startsWith('float') ? 'float' : 'int';
      return new Arranged(tf.cast(x.tensor, types[kind]), x.order);
    },
    ZerosLike: each((x) => tf.zerosLike(x)),
  };
}
