/**
 * The layers of TensorFlow.js and Keras as graph operators, with maps [N, height, width, channels] as [N, channels,
 * height, width].
 */
import { failAt, type InputError } from '../error.js';
import { shapeOf } from '../graph/graph.js';
import { floats, scalar, type Value } from '../graph/node.js';
import {
  clip,
  elu,
  hardSigmoid,
  leakyRelu,
  relu,
  sigmoid,
  softmax,
  softplus,
  tanh,
} from '../graph/operators/activation.js';
import { concat, flatten, pad, reshape, transpose } from '../graph/operators/arrangement.js';
import { conv } from '../graph/operators/convolution.js';
import {
  absolute,
  add,
  divide,
  maximum,
  minimum,
  multiply,
  subtract,
} from '../graph/operators/elementwise.js';
import { gemm, matMul } from '../graph/operators/matMul.js';
import { batchNormalization } from '../graph/operators/normalisation.js';
import { averagePool, maxPool } from '../graph/operators/pooling.js';
import { globalAveragePool } from '../graph/operators/reduction.js';
import { resize } from '../graph/operators/resize.js';
import { staticDimension } from '../graph/type.js';
import { isNumber, type JsonObject } from '../io/json.js';
import { sizeOf, type Tensor } from '../tensor.js';

export interface Layer {
  readonly name: string;
  readonly className: string;
  readonly config: JsonObject;
  /** For messages: file and layer. */
  readonly where: string;
  /**
   * The layer's weight of this name, such as "kernel".
   * @throws InputError if it has another shape
   */
  weight(name: string, shape: readonly number[]): Tensor;
}

type Translate = (inputs: readonly Value[], layer: Layer) => Value;

/** What a file says wrongly, for its error. */
export const inShort = (got: unknown): string | undefined =>
  got === undefined ? undefined : (JSON.stringify(got) ?? String(got)).slice(0, 200);

const convert = 'Convert the network to ONNX (tf2onnx) and open that.';
const refuse = ({ where }: Layer, what: string, expected?: string, got?: unknown): InputError =>
  failAt(where, convert)(what, expected, inShort(got));

/** A field of the layer's configuration that must be of a kind. */
const fieldOf =
  <T>(is: (value: unknown) => value is T, what: string, expected: string) =>
  (layer: Layer, name: string, otherwise?: T): T => {
    const value = layer.config[name] ?? otherwise;
    if (is(value)) return value;
    throw refuse(layer, `${what}: ${name}`, expected, value);
  };

const isCount = (value: unknown, least: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= 2 ** 24;
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
const isPositive = (value: unknown): value is number => isCount(value, 1);

const numberOf = fieldOf(isNumber, 'not a number', 'a number');
const flagOf = fieldOf(isFlag, 'neither true nor false', 'true or false');
const countOf = fieldOf(isPositive, 'not a count', 'a whole number from 1');

/** A number for height and width: n, or [height, width]. */
function pairOf(
  layer: Layer,
  name: string,
  otherwise?: readonly [number, number],
): readonly [number, number] {
  const value = layer.config[name] ?? otherwise;
  if (isCount(value, 1)) return [value, value];
  if (Array.isArray(value) && value.length === 2) {
    const [height, width]: unknown[] = value;
    if (isCount(height, 1) && isCount(width, 1)) return [height, width];
  }
  throw refuse(layer, `not a height and width: ${name}`, 'a whole number from 1, or two', value);
}

function only([x, ...others]: readonly Value[], layer: Layer): Value {
  if (x !== undefined && others.length === 0) return x;
  throw refuse(layer, 'a layer of one input', '1 input', others.length + (x === undefined ? 0 : 1));
}

/** The one input, which must be maps. */
function mapsOf(inputs: readonly Value[], layer: Layer): Value {
  const x = only(inputs, layer);
  if (shapeOf(x).length === 4) return x;
  throw refuse(layer, 'a layer of maps', '[N, height, width, channels]', shapeOf(x));
}

const lengthsOf = (x: Value, layer: Layer): number[] =>
  shapeOf(x)
    .slice(1)
    .map((length) => staticDimension(length, layer.where));

const toChannelsLast = (x: Value): Value => (shapeOf(x).length === 4 ? transpose(x, [0, 2, 3, 1]) : x);
const toChannelsFirst = (x: Value): Value => (shapeOf(x).length === 4 ? transpose(x, [0, 3, 1, 2]) : x);

/** The axis of this layout for an axis of TensorFlow's. */
function axisOf(layer: Layer, x: Value, axis: unknown): number {
  const rank = shapeOf(x).length;
  const given = typeof axis === 'number' && Number.isSafeInteger(axis) ? (axis < 0 ? axis + rank : axis) : 0;
  if (given < 1 || given >= rank)
    throw refuse(layer, 'not an axis of its input', `from 1 to ${rank - 1}, or -1`, axis);
  if (rank !== 4) return given;
  return given === 3 ? 1 : given + 1;
}

const channelAxis = (x: Value): number => (shapeOf(x).length === 3 ? 2 : 1);

function requireChannelsLast(layer: Layer): void {
  const format = layer.config.data_format ?? 'channels_last';
  if (format !== 'channels_last') throw refuse(layer, 'another data_format', 'channels_last', format);
}

/** A constant with its axes exchanged. */
function permuted({ data, shape }: Tensor, order: readonly number[]): Tensor {
  const strides = shape.map((_, i) => sizeOf(shape.slice(i + 1)));
  const target = order.map((axis) => shape[axis]);
  const steps = order.map((axis) => strides[axis]);
  const result = new Float32Array(data.length);
  const index = new Array<number>(target.length).fill(0);
  let from = 0;
  for (let i = 0; i < result.length; i++) {
    result[i] = data[from];
    for (let axis = index.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++index[axis] < target[axis]) break;
      from -= steps[axis] * target[axis];
      index[axis] = 0;
    }
  }
  return { data: result, shape: target };
}

const asConstant = ({ data, shape }: Tensor, name = ''): Value => floats(data, shape, name);

/** TensorFlow's padding "same": ceil(length / stride) windows, the odd pixel of padding behind. */
function padsOf(
  layer: Layer,
  size: readonly number[],
  { reach, strides }: { readonly reach: readonly number[]; readonly strides: readonly number[] },
): number[] {
  const padding = layer.config.padding ?? 'valid';
  if (padding === 'valid') return [0, 0, 0, 0];
  if (padding !== 'same') throw refuse(layer, 'another padding', 'valid or same', padding);
  const total = size.map((length, i) =>
    Math.max((Math.ceil(length / strides[i]) - 1) * strides[i] + reach[i] - length, 0),
  );
  const before = total.map((amount) => Math.floor(amount / 2));
  return [...before, ...total.map((amount, i) => amount - before[i])];
}

interface Kernel {
  readonly weight: Value;
  readonly size: readonly [number, number];
  readonly group: number;
}

/** A convolution with the layer's strides, dilations and padding. */
function convolve(x: Value, layer: Layer, { weight, size, group }: Kernel): Value {
  requireChannelsLast(layer);
  const strides = pairOf(layer, 'strides', [1, 1]);
  const dilations = pairOf(layer, 'dilation_rate', [1, 1]);
  const reach = size.map((length, i) => dilations[i] * (length - 1) + 1);
  const pads = padsOf(layer, lengthsOf(x, layer).slice(1), { reach, strides });
  return conv(x, weight, { strides, dilations, pads, group });
}

/** Adds the layer's bias to the channels, if it has one. */
function biased(x: Value, layer: Layer): Value {
  if (!flagOf(layer, 'use_bias', true)) return x;
  const axis = channelAxis(x);
  const channels = lengthsOf(x, layer)[axis - 1];
  const { data } = layer.weight('bias', [channels]);
  const shape = shapeOf(x).map((_, i) => (i === axis ? channels : 1));
  return add(x, floats(data, shape, `${layer.name}/bias`));
}

const conv2d: Translate = (inputs, layer) => {
  const x = mapsOf(inputs, layer);
  const size = pairOf(layer, 'kernel_size');
  const group = layer.config.groups === undefined ? 1 : countOf(layer, 'groups');
  const [channels] = lengthsOf(x, layer);
  if (channels % group !== 0)
    throw refuse(layer, 'groups do not divide the channels', `a divisor of ${channels}`, group);
  const kernel = layer.weight('kernel', [...size, channels / group, countOf(layer, 'filters')]);
  const weight = asConstant(permuted(kernel, [3, 2, 0, 1]), `${layer.name}/kernel`);
  return activated(biased(convolve(x, layer, { weight, size, group }), layer), layer);
};

/** One convolution per channel, `depth_multiplier` maps each. */
function depthwise(x: Value, layer: Layer): Value {
  const size = pairOf(layer, 'kernel_size');
  const [channels] = lengthsOf(x, layer);
  const multiplier = numberOf(layer, 'depth_multiplier', 1);
  const kernel = layer.weight('depthwise_kernel', [...size, channels, multiplier]);
  const { data } = permuted(kernel, [2, 3, 0, 1]);
  const weight = floats(data, [channels * multiplier, 1, ...size], `${layer.name}/depthwise_kernel`);
  return convolve(x, layer, { weight, size, group: channels });
}

const separableConv2d: Translate = (inputs, layer) => {
  const x = depthwise(mapsOf(inputs, layer), layer);
  const [channels] = lengthsOf(x, layer);
  const kernel = layer.weight('pointwise_kernel', [1, 1, channels, countOf(layer, 'filters')]);
  const weight = asConstant(permuted(kernel, [3, 2, 0, 1]), `${layer.name}/pointwise_kernel`);
  return activated(biased(conv(x, weight), layer), layer);
};

const dense: Translate = (inputs, layer) => {
  const x = only(inputs, layer);
  const axis = channelAxis(x);
  const kernel = layer.weight('kernel', [lengthsOf(x, layer)[axis - 1], countOf(layer, 'units')]);
  const name = `${layer.name}/kernel`;
  if (shapeOf(x).length === 4) {
    const { data, shape } = permuted(kernel, [1, 0]);
    return activated(biased(conv(x, floats(data, [...shape, 1, 1], name)), layer), layer);
  }
  if (shapeOf(x).length !== 2) return activated(biased(matMul(x, asConstant(kernel, name)), layer), layer);
  const bias = flagOf(layer, 'use_bias', true)
    ? asConstant(layer.weight('bias', [kernel.shape[1]]))
    : undefined;
  return activated(gemm(x, asConstant(kernel, name), bias), layer);
};

const batchNormalisation: Translate = (inputs, layer) => {
  const x = only(inputs, layer);
  const given = layer.config.axis ?? -1;
  const axis = axisOf(layer, x, Array.isArray(given) && given.length === 1 ? given[0] : given);
  if (axis !== 1) throw refuse(layer, 'normalisation of another axis than the channels', 'axis -1', given);
  const [channels] = lengthsOf(x, layer);
  const read = (name: string, flag?: string): Value => {
    const isThere = flag === undefined || flagOf(layer, flag, true);
    const missing = (): Tensor => ({
      data: new Float32Array(channels).fill(name === 'gamma' ? 1 : 0),
      shape: [channels],
    });
    return asConstant(isThere ? layer.weight(name, [channels]) : missing(), `${layer.name}/${name}`);
  };
  const parameters = {
    scale: read('gamma', 'scale'),
    bias: read('beta', 'center'),
    mean: read('moving_mean'),
    variance: read('moving_variance'),
  };
  return batchNormalization(x, parameters, { epsilon: numberOf(layer, 'epsilon', 1e-3) });
};

const activations: Readonly<Record<string, (x: Value) => Value>> = {
  linear: (x) => x,
  relu: (x) => relu(x),
  relu6: (x) => clip(x, 0, 6),
  sigmoid: (x) => sigmoid(x),
  hardsigmoid: (x) => hardSigmoid(x, 0.2, 0.5),
  softmax: (x) => softmax(x, channelAxis(x)),
  tanh,
  elu: (x) => elu(x),
  /** Klambauer et al. (2017). */
  selu: (x) => multiply(scalar(1.0507009873554805), elu(x, 1.6732632423543772)),
  softplus,
  softsign: (x) => divide(x, add(scalar(1), absolute(x))),
  swish: (x) => multiply(x, sigmoid(x)),
  silu: (x) => multiply(x, sigmoid(x)),
  mish: (x) => multiply(x, tanh(softplus(x))),
};

/** The layer's `activation`; names are written hard_sigmoid or hardSigmoid. */
function activated(x: Value, layer: Layer): Value {
  const name = layer.config.activation ?? 'linear';
  const key = typeof name === 'string' ? name.replaceAll('_', '').toLowerCase() : '';
  if (!Object.hasOwn(activations, key)) {
    throw refuse(layer, 'an activation that is not known', Object.keys(activations).join(', '), name);
  }
  return activations[key](x);
}

const reluLayer: Translate = (inputs, layer) => {
  const x = only(inputs, layer);
  if (numberOf(layer, 'negative_slope', 0) !== 0 || numberOf(layer, 'threshold', 0) !== 0) {
    throw refuse(layer, 'a ReLU with slope or threshold', 'negative_slope 0, threshold 0');
  }
  const limit = layer.config.max_value ?? undefined;
  return limit === undefined ? relu(x) : clip(x, 0, numberOf(layer, 'max_value', 0));
};

function pool(operator: typeof maxPool | typeof averagePool): Translate {
  return (inputs, layer) => {
    requireChannelsLast(layer);
    const x = mapsOf(inputs, layer);
    const kernel = pairOf(layer, 'pool_size', [2, 2]);
    const strides = pairOf(layer, 'strides', kernel);
    const pads = padsOf(layer, lengthsOf(x, layer).slice(1), { reach: kernel, strides });
    return operator(x, { kernel, strides, pads });
  };
}

function globalPool(operator: (x: Value, layer: Layer) => Value): Translate {
  return (inputs, layer) => {
    requireChannelsLast(layer);
    const pooled = operator(mapsOf(inputs, layer), layer);
    const keeps = flagOf(layer, 'keepdims', flagOf(layer, 'keep_dims', false));
    return keeps ? pooled : flatten(pooled);
  };
}

/** Pixels before and after height and width: n, [height, width] or [[top, bottom], [left, right]]. */
function bordersOf(layer: Layer, name: string): readonly [number[], number[]] {
  const value: unknown = layer.config[name] ?? 1;
  const sides = Array.isArray(value) && value.length === 2 ? value : [value, value];
  const pairs = sides.map((side: unknown) => (Array.isArray(side) ? side : [side, side]));
  const isRight = pairs.every(
    (pair) => pair.length === 2 && pair.every((amount: unknown) => isCount(amount, 0)),
  );
  if (!isRight) throw refuse(layer, `not a border: ${name}`, '[[top, bottom], [left, right]]', value);
  return [pairs.map(([before]) => Number(before)), pairs.map(([, after]) => Number(after))];
}

function border(name: string, sign: 1 | -1): Translate {
  return (inputs, layer) => {
    requireChannelsLast(layer);
    const [before, after] = bordersOf(layer, name);
    const amounts = [0, 0, ...before, 0, 0, ...after];
    return pad(
      mapsOf(inputs, layer),
      amounts.map((amount) => sign * amount),
    );
  };
}

const upSampling: Translate = (inputs, layer) => {
  requireChannelsLast(layer);
  const kind = layer.config.interpolation ?? 'nearest';
  // Keras and TensorFlow.js place the corners of a bilinear enlargement differently, and the file does not tell whose it is.
  if (kind !== 'nearest') throw refuse(layer, 'another interpolation', 'nearest', kind);
  const scales = pairOf(layer, 'size', [2, 2]);
  return resize(mapsOf(inputs, layer), { scales }, { mode: 'nearest', coordinates: 'asymmetric' });
};

const reshaping: Translate = (inputs, layer) => {
  const x = only(inputs, layer);
  const target = layer.config.target_shape;
  const known = Array.isArray(target) ? target.filter((length): length is number => isCount(length, 1)) : [];
  const open = Array.isArray(target) ? target.filter((length) => length === -1 || length === null).length : 2;
  const size = sizeOf(lengthsOf(x, layer));
  const rest = size / sizeOf(known);
  if (
    !Array.isArray(target) ||
    open > 1 ||
    known.length + open !== target.length ||
    !(open ? isCount(rest, 1) : rest === 1)
  ) {
    throw refuse(layer, 'reshaping to another number of values', `${size} values`, target);
  }
  const lengths = target.map((length) => (isCount(length, 1) ? length : rest));
  // The values follow each other as TensorFlow lays them out.
  return toChannelsFirst(reshape(toChannelsLast(x), ['N', ...lengths]));
};

/** Combines inputs of one rank, from the first to the last. */
function merge(combine: (a: Value, b: Value) => Value): Translate {
  return (inputs, layer) => {
    const [first, ...others] = inputs;
    const ranks = new Set(inputs.map((value) => shapeOf(value).length));
    if (first === undefined || ranks.size !== 1) throw refuse(layer, 'inputs of one rank', 'at least one');
    return others.reduce(combine, first);
  };
}

/** How each class of layers works at inference. */
const translations: Readonly<Record<string, Translate>> = {
  Activation: (inputs, layer) => activated(only(inputs, layer), layer),
  Add: merge(add),
  AlphaDropout: only,
  Average: (inputs, layer) => divide(merge(add)(inputs, layer), scalar(inputs.length)),
  AveragePooling2D: pool(averagePool),
  BatchNormalization: batchNormalisation,
  Concatenate: (inputs, layer) => {
    const [first] = inputs;
    if (first === undefined) throw refuse(layer, 'nothing to concatenate');
    return concat(inputs, axisOf(layer, first, layer.config.axis ?? -1));
  },
  Conv2D: conv2d,
  Cropping2D: border('cropping', -1),
  Dense: dense,
  DepthwiseConv2D: (inputs, layer) =>
    activated(biased(depthwise(mapsOf(inputs, layer), layer), layer), layer),
  Dropout: only,
  ELU: (inputs, layer) => elu(only(inputs, layer), numberOf(layer, 'alpha', 1)),
  Flatten: (inputs, layer) => {
    requireChannelsLast(layer);
    return flatten(toChannelsLast(only(inputs, layer)));
  },
  GaussianDropout: only,
  GaussianNoise: only,
  GlobalAveragePooling2D: globalPool(globalAveragePool),
  GlobalMaxPooling2D: globalPool((x, layer) => maxPool(x, { kernel: lengthsOf(x, layer).slice(1) })),
  LeakyReLU: (inputs, layer) => leakyRelu(only(inputs, layer), numberOf(layer, 'alpha', 0.3)),
  Maximum: merge(maximum),
  MaxPooling2D: pool(maxPool),
  Minimum: merge(minimum),
  Multiply: merge(multiply),
  ReLU: reluLayer,
  Rescaling: (inputs, layer) => {
    const scaled = multiply(only(inputs, layer), scalar(numberOf(layer, 'scale', 1)));
    return add(scaled, scalar(numberOf(layer, 'offset', 0)));
  },
  Reshape: reshaping,
  SeparableConv2D: separableConv2d,
  Softmax: (inputs, layer) => {
    const x = only(inputs, layer);
    return softmax(x, axisOf(layer, x, layer.config.axis ?? -1));
  },
  SpatialDropout2D: only,
  Subtract: merge(subtract),
  UpSampling2D: upSampling,
  ZeroPadding2D: border('padding', 1),
};

/** The most values of one image that a layer may make: 1 GiB. */
const largestValue = 2 ** 28;

/**
 * The output of a layer.
 * @throws InputError naming the layer if it is not known, or does not fit its inputs
 */
export function translateLayer(inputs: readonly Value[], layer: Layer): Value {
  if (!Object.hasOwn(translations, layer.className)) {
    throw refuse(
      layer,
      `layers of class ${layer.className.slice(0, 80)} are not known`,
      Object.keys(translations).join(', '),
    );
  }
  const value = translations[layer.className](inputs, layer);
  const lengths = lengthsOf(value, layer);
  if (lengths.every((length) => isCount(length, 1)) && sizeOf(lengths) <= largestValue) return value;
  throw refuse(layer, 'an impossible or too large output', `at most ${largestValue} values`, shapeOf(value));
}
