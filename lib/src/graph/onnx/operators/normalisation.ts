/** Normalisations in ONNX. */
import { axesButChannels, isFixed } from '../../graph.js';
import { apply, scalar, type Value } from '../../node.js';
import { reshape } from '../../operators/arrangement.js';
import { add, divide, multiply, squareRoot, subtract } from '../../operators/elementwise.js';
import { layerNormalization } from '../../operators/normalisation.js';
import { reduceMean } from '../../operators/reduction.js';
import { normaliseAxis, type Shape, shapeText } from '../../type.js';
import { type Call, flag, integer, number, refuse } from '../call.js';
import { allStatic, type Decoders, inputsOf } from '../decoder.js';
import { type Encoders, float } from '../encoder.js';

/** A normalisation of stored weights by their own statistics per channel, as PyTorch writes weight standardisation. */
function standardise(call: Call, [x, scale, bias, ...running]: readonly Value[], shape: Shape): Value[] {
  const axes = axesButChannels(x);
  const momentum = scalar(number(call, 'momentum', 0.9));
  const rest = scalar(1 - number(call, 'momentum', 0.9));
  const mean = reduceMean(x, axes, true);
  const difference = subtract(x, mean);
  const variance = reduceMean(multiply(difference, difference), axes, true);
  const perChannel = (value: Value): Value => reshape(value, mean.type.shape ?? []);
  const deviation = squareRoot(add(variance, scalar(number(call, 'epsilon', 1e-5))));
  const scaled = multiply(divide(difference, deviation), perChannel(scale));
  const statistics = [mean, variance].map((value) => reshape(value, shape.slice(1, 2)));
  const updated = statistics.map((value, i) => add(multiply(running[i], momentum), multiply(value, rest)));
  return [apply('Add', [scaled, perChannel(bias)], {}, call.name), ...updated, ...statistics];
}

/** Statistics per image and group of channels. */
function normaliseGroups(call: Call, groups: number | undefined): readonly Value[] | undefined {
  const [x, scale, bias] = inputsOf(call, 3, 3);
  const { shape, dataType } = x.type;
  const rest = shape && allStatic(shape.slice(1));
  if (shape === undefined || rest === undefined || rest.length < 2 || dataType !== 'float32')
    return undefined;
  const [channels, ...size] = rest;
  const count = groups ?? channels;
  if (!(count >= 1) || channels % count !== 0)
    throw refuse(call, `${count} groups do not divide ${channels} channels`);
  /** One number per channel, or (GroupNormalization before opset 21) one per group. */
  const perChannel = (value: Value): Value | undefined => {
    const [length] = value.type.shape ?? [];
    if (length !== channels && length !== count) return undefined;
    const ones = size.map(() => 1);
    if (length === channels) return reshape(value, [count, channels / count, ...ones]);
    return reshape(value, [count, 1, ...ones]);
  };
  const [factor, offset] = [perChannel(scale), perChannel(bias)];
  if (factor === undefined || offset === undefined) return undefined;
  const grouped = reshape(x, [shape[0], count, channels / count, ...size]);
  const axes = [1, ...size].map((_, i) => i + 2);
  const epsilon = number(call, 'epsilon', 1e-5);
  const normal = layerNormalization(grouped, { scale: factor, bias: offset }, { axes, epsilon });
  return [apply('Reshape', [normal], { shape }, call.name)];
}

export const decoders: Decoders = {
  BatchNormalization(call) {
    const { opset } = call;
    const training = opset >= 14 ? flag(call, 'training_mode') : call.outputs.slice(1).some(Boolean);
    if (opset < 9 && !flag(call, 'spatial', true)) throw refuse(call, 'spatial = 0 is not supported');
    const inputs = inputsOf(call, 5, 5);
    const { shape } = inputs[0].type;
    if (shape !== undefined && shape.length < 2) {
      throw refuse(call, `batch normalisation needs channels (got ${shapeText(shape)})`);
    }
    if (training) {
      if (shape !== undefined && isFixed(inputs[0])) return standardise(call, inputs, shape);
      throw refuse(
        call,
        'batch normalisation is in training mode',
        'Export the network for inference (PyTorch: model.eval() first).',
      );
    }
    return [apply('BatchNormalization', inputs, { epsilon: number(call, 'epsilon', 1e-5) }, call.name)];
  },
  LayerNormalization(call) {
    const [x, scale, bias] = inputsOf(call, 2, 3);
    const { shape, dataType } = x.type;
    if (shape === undefined || dataType !== 'float32' || call.outputs.slice(1).some(Boolean))
      return undefined;
    const first = normaliseAxis(integer(call, 'axis', -1), shape.length, call.where);
    const axes = shape.flatMap((_, axis) => (axis < first ? [] : [axis]));
    const epsilon = number(call, 'epsilon', 1e-5);
    return [layerNormalization(x, { scale, bias }, { axes, epsilon }, call.name)];
  },
  InstanceNormalization: (call) => normaliseGroups(call, undefined),
  GroupNormalization: (call) => normaliseGroups(call, integer(call, 'num_groups', 1)),
};

export const encoders = {
  BatchNormalization: ({ attributes: { epsilon } }) => ({ attributes: { epsilon: float(epsilon) } }),
} satisfies Encoders;
