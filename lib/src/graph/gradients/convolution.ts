/** The gradients of convolutions. */

import { sizeOf } from '../../tensor.js';
import { axesButChannels, shapeOf, spatialSize } from '../graph.js';
import type { ConvolutionAttributes } from '../inference.js';
import type { Value } from '../node.js';
import { concat, pad, reshape, reverse, slice, transpose } from '../operators/arrangement.js';
import { conv, convTranspose } from '../operators/convolution.js';
import { matMul, matrixTranspose } from '../operators/matMul.js';
import { reduceSum } from '../operators/reduction.js';
import type { OperatorRules } from '../rule.js';
import { staticDimension } from '../type.js';

/** The weights [K, C/g, ...] of a convolution as those [C, K/g, ...] of the convolution that is its transpose. */
function transposedWeights(weight: Value, group: number): Value {
  const [outputs, perGroup, ...kernel] = shapeOf(weight).map((dimension) =>
    staticDimension(dimension, 'Conv'),
  );
  const spatial = kernel.map((_, i) => i);
  const flipped = spatial.reduce((value, i) => (kernel[i] === 1 ? value : reverse(value, i + 2)), weight);
  if (group === 1) return transpose(flipped, [1, 0, ...spatial.map((i) => i + 2)]);
  const grouped = reshape(flipped, [group, outputs / group, perGroup, ...kernel]);
  const exchanged = transpose(grouped, [0, 2, 1, ...spatial.map((i) => i + 3)]);
  return reshape(exchanged, [group * perGroup, outputs / group, ...kernel]);
}

/** The gradient towards the input of a convolution, given the input's spatial size. */
function inputGradient(
  gradient: Value,
  weight: Value,
  inputSize: readonly number[],
  { strides, pads, dilations, group }: ConvolutionAttributes,
): Value {
  const kernel = spatialSize(weight);
  const rank = kernel.length;
  const reach = kernel.map((size, i) => dilations[i] * (size - 1));
  const fullPads = [...reach, ...reach].map((amount, i) => amount - pads[i]);
  // With stride 1 it is a convolution with flipped, exchanged weights: as fast as the forward pass.
  if (strides.every((stride) => stride === 1) && fullPads.every((amount) => amount >= 0)) {
    return conv(gradient, transposedWeights(weight, group), { pads: fullPads, dilations, group });
  }
  const outputSize = spatialSize(gradient);
  const outputPadding = inputSize.map(
    (size, i) => size - ((outputSize[i] - 1) * strides[i] + reach[i] + 1 - pads[i] - pads[i + rank]),
  );
  return convTranspose(gradient, weight, { strides, pads, dilations, group, outputPadding });
}

/**
 * The gradient towards the weights: dW[k, c, u] = sum over n, p of g[n, k, p] x[n, c, stride p + dilation u - pad].
 * The shifted views of one side, one per kernel offset u, are laid below each other and multiplied with the other
 * side at once. With stride 1 either side can be shifted, and the one with fewer channels copies less.
 */
function weightGradient(
  x: Value,
  gradient: Value,
  kernel: readonly number[],
  attributes: ConvolutionAttributes,
): Value {
  const { strides, pads, dilations, group } = attributes;
  const rank = kernel.length;
  const [batch, channels] = shapeOf(x);
  const inputs = staticDimension(channels, 'Conv') / group;
  const outputs = staticDimension(shapeOf(gradient)[1], 'Conv') / group;
  const offsets = sizeOf(kernel);
  const reach = kernel.map((size, i) => dilations[i] * (size - 1));
  const fullPads = [...reach, ...reach].map((amount, i) => amount - pads[i]);
  const shiftGradient =
    outputs < inputs && strides.every((stride) => stride === 1) && fullPads.every((amount) => amount >= 0);

  // A fixed batch becomes part of the summed axis of one product; a symbolic one is summed after it.
  const fixed = typeof batch === 'number';
  const channelsFirst = (value: Value): Value =>
    fixed ? transpose(value, [1, 0, ...reach.map((_, i) => i + 2)]) : value;
  const asRows = (value: Value, count: number): Value => {
    const positions = sizeOf(spatialSize(value));
    return reshape(
      value,
      fixed ? [group, count, batch * positions] : [batch ?? 'N', group, count, positions],
    );
  };
  /** The views of a padded value that start at every kernel offset, below each other: [..., offsets x count, positions]. */
  const shifted = (
    value: Value,
    count: number,
    size: readonly number[],
    step: readonly number[],
    start: (offset: number, axis: number) => number,
  ): Value => {
    const views = Array.from({ length: offsets }, (_, offset) => {
      let rest = offset;
      let view = value;
      for (let i = rank - 1; i >= 0; i--) {
        const from = start(rest % kernel[i], i);
        rest = Math.floor(rest / kernel[i]);
        view = slice(view, i + 2, from, from + (size[i] - 1) * step[i] + 1, step[i]);
      }
      return asRows(view, count);
    });
    return concat(views, fixed ? 1 : 2);
  };
  const padded = (value: Value, amounts: readonly number[]): Value =>
    pad(value, [0, 0, ...amounts.slice(0, rank), 0, 0, ...amounts.slice(rank)]);

  const [source, arriving] = [channelsFirst(x), channelsFirst(gradient)];
  const [above, below] = shiftGradient
    ? [
        shifted(
          padded(arriving, fullPads),
          outputs,
          spatialSize(x),
          strides,
          (offset, i) => reach[i] - offset * dilations[i],
        ),
        asRows(source, inputs),
      ]
    : [
        asRows(arriving, outputs),
        shifted(
          padded(source, pads),
          inputs,
          spatialSize(gradient),
          strides,
          (offset, i) => offset * dilations[i],
        ),
      ];
  const products = matMul(above, matrixTranspose(below));
  const summed = fixed ? products : reduceSum(products, [0]);
  const ordered = shiftGradient
    ? transpose(reshape(summed, [group, offsets, outputs, inputs]), [0, 2, 3, 1])
    : transpose(reshape(summed, [group, outputs, offsets, inputs]), [0, 1, 3, 2]);
  return reshape(ordered, [group * outputs, inputs, ...kernel]);
}

export const convolution = {
  Conv({ node, gradient, wanted }) {
    const [x, weight] = node.inputs;
    return [
      wanted[0] ? inputGradient(gradient, weight, spatialSize(x), node.attributes) : undefined,
      wanted[1] ? weightGradient(x, gradient, spatialSize(weight), node.attributes) : undefined,
      wanted[2] ? reduceSum(gradient, axesButChannels(gradient)) : undefined,
    ];
  },
  /** A transposed convolution is the input gradient of a convolution, so its own gradient is that convolution. */
  ConvTranspose({ node, gradient, wanted }) {
    const [x, weight] = node.inputs;
    const { strides, pads, dilations, group } = node.attributes;
    const attributes = { strides, pads, dilations, group };
    return [
      wanted[0] ? conv(gradient, weight, attributes) : undefined,
      wanted[1] ? weightGradient(gradient, x, spatialSize(weight), attributes) : undefined,
      wanted[2] ? reduceSum(gradient, axesButChannels(gradient)) : undefined,
    ];
  },
} satisfies Partial<OperatorRules>;
