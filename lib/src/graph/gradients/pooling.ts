/** The gradients of pooling. */
import { sizeOf } from '../../tensor.js';
import { shapeOf, spatialSize } from '../graph.js';
import { floats, scalar } from '../node.js';
import { pad, slice } from '../operators/arrangement.js';
import { convTranspose } from '../operators/convolution.js';
import { multiply } from '../operators/elementwise.js';
import { averagedPixels, maximumIndices, unpool } from '../operators/pooling.js';
import { resize } from '../operators/resize.js';
import type { OperatorRules } from '../rule.js';
import { staticDimension } from '../type.js';

export const pooling = {
  MaxPool({ node, gradient }) {
    const [x] = node.inputs;
    return [unpool(gradient, maximumIndices(x, node.attributes), x)];
  },
  /** Each output's gradient, divided by its window's pixel count, goes to every pixel of the window. */
  AveragePool({ node, gradient }) {
    const [x] = node.inputs;
    const { kernel, strides, pads } = node.attributes;
    const rank = kernel.length;
    const [size, windows] = [spatialSize(x), spatialSize(gradient)];
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
    const weight = floats(new Float32Array(channels * sizeOf(kernel)).fill(1), [channels, 1, ...kernel]);
    const whole = convTranspose(shares, weight, { strides, group: channels });
    const after = spreadTo(windows.map((count, i) => (count - 1) * strides[i] + kernel[i]));
    const cropped = pads.slice(0, rank).reduce((value, amount, i) => {
      if (amount === 0) return value;
      return slice(value, i + 2, amount, staticDimension(shapeOf(value)[i + 2], 'AveragePool'));
    }, whole);
    return [pad(cropped, [0, 0, ...kernel.map(() => 0), 0, 0, ...after])];
  },
} satisfies Partial<OperatorRules>;
