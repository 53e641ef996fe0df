/** A transposed convolution with strides as one convolution that computes all pixels of a stride cell as channels. */

import type { Value } from '../node.js';
import { pad, reshape, reverse, slice, transpose } from '../operators/arrangement.js';
import { conv } from '../operators/convolution.js';
import type { Dimension } from '../type.js';
import type { Pass } from './rewrite.js';

/** Kernel offsets u = t stride + r + pad, for every phase r of the stride cell, that one axis needs. */
interface Taps {
  readonly first: number;
  readonly count: number;
}

function tapsOf(size: number, stride: number, before: number): Taps {
  const first = -Math.floor((before + stride - 1) / stride);
  return { first, count: Math.floor((size - 1 - before) / stride) - first + 1 };
}

/** Beyond this share of zeros among the weights the transposed convolution is cheaper. */
const mostWork = 2;

/**
 * out[q stride + r] = sum over t of x[q - t] w[t stride + r + pad], where weights outside the kernel are zero: for every
 * phase r a convolution over t. Their results, interleaved, are the output.
 */
export const subPixel: Pass = (node, [x, weight]) => {
  if (node.operator !== 'ConvTranspose' || node.inputs.length !== 2) return undefined;
  const { strides, pads, dilations, group } = node.attributes;
  const [channels, outputs, ...kernel] = (weight.type.shape ?? []).filter(
    (dimension) => typeof dimension === 'number',
  );
  const [batch, , ...size] = node.outputs[0].type.shape ?? [];
  const lengths = size.filter((dimension) => typeof dimension === 'number');
  if (group !== 1 || kernel.length !== 2 || lengths.length !== 2 || batch === undefined) return undefined;
  if (dilations.some((step) => step !== 1) || strides.every((step) => step === 1)) return undefined;
  const taps = kernel.map((length, i) => tapsOf(length, strides[i], pads[i]));
  const work = taps.reduce((product, { count }, i) => (product * (count * strides[i])) / kernel[i], 1);
  // Tap t reads x[q - t]: the convolution starts at the largest t and is padded accordingly.
  const before = taps.map(({ first, count }) => first + count - 1);
  const cells = lengths.map((length, i) => Math.ceil(length / strides[i]));
  const inputs = (x.type.shape ?? []).slice(2).filter((dimension) => typeof dimension === 'number');
  const after = taps.map(({ count }, i) => cells[i] + count - 1 - inputs[i] - before[i]);
  if (work > mostWork || [...before, ...after].some((amount) => amount < 0)) return undefined;

  const start = taps.map(({ first }, i) => -(first * strides[i] + pads[i]));
  const end = taps.map(({ count }, i) => count * strides[i] - kernel[i] - start[i]);
  const padded = pad(weight, [0, 0, ...start, 0, 0, ...end]);
  const [rows, columns] = taps.map(({ count }) => count);
  const [down, across] = strides;
  const split = reshape(padded, [channels, outputs, rows, down, columns, across]);
  // [outputs, phase down, phase across, channels, t reversed, t reversed]
  const phases = reverse(reverse(transpose(split, [1, 3, 5, 0, 2, 4]), 4), 5);
  const all = conv(x, reshape(phases, [outputs * down * across, channels, rows, columns]), {
    pads: [...before, ...after],
  });
  const whole = interleave(all, { batch, outputs, strides: [down, across], cells });
  return [
    lengths.reduce(
      (value, length, i) => (length === cells[i] * strides[i] ? value : slice(value, i + 2, 0, length)),
      whole,
    ),
  ];
};

/** Planes of more pixels are moved one axis at a time: runtimes do that in whole rows, at some cost a plane. */
const largePlane = 1000;

interface StrideCells {
  readonly batch: Dimension;
  readonly outputs: number;
  readonly strides: readonly [down: number, across: number];
  readonly cells: readonly number[];
}

/** The channels [outputs x down x across] of each cell as its pixels. */
function interleave(all: Value, { batch, outputs, strides: [down, across], cells }: StrideCells): Value {
  const [height, width] = cells;
  const size = [batch, outputs, height * down, width * across];
  if (height * width <= largePlane) {
    const split = reshape(all, [batch, outputs, down, across, height, width]);
    return reshape(transpose(split, [0, 1, 4, 2, 5, 3]), size);
  }
  const columns = reshape(all, [batch, outputs * down, across, height * width]);
  const rows = reshape(transpose(columns, [0, 1, 3, 2]), [batch, outputs, down, height, width * across]);
  return reshape(transpose(rows, [0, 1, 3, 2, 4]), size);
}
