/** Kernels of convolution, pooling and resampling, all with the channels last. */

import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { type OperatorAttributes, resizedAxes, windowCount } from '../../graph/inference.js';
import { averagedPixels } from '../../graph/operators/pooling.js';
import { interpolationMatrix } from '../../graph/operators/resize.js';
import { sizeOf } from '../../tensor.js';
import { Arranged, channelsLast } from './arranged.js';
import { image, type Kernels, type Padding, padded, type TensorFlow } from './kernel.js';

type Pair = readonly [height: number, width: number];

/** What happens along height and width; a row of pixels is an image of width 1. */
interface Window {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly before: Pair;
  readonly after: Pair;
}

const pair = ([height, width]: readonly number[], single: number): Pair => [height, width ?? single];

/** Height and width, of which a row of pixels has no second. */
function pads(amounts: readonly number[], rank: number): Pick<Window, 'before' | 'after'> {
  return { before: pair(amounts.slice(0, rank), 0), after: pair(amounts.slice(rank), 0) };
}

const last = channelsLast(4);
/** Weights [outputs, inputs, height, width] as TensorFlow holds them: [height, width, inputs, outputs]. */
const filterOrder = [2, 3, 1, 0];

const both = (amounts: Pair, wanted: number): boolean => amounts.every((amount) => amount === wanted);

/** How far a dilated kernel reaches along each axis. */
const reachOf = ({ kernel, dilations }: Pick<Window, 'kernel' | 'dilations'>): Pair => [
  dilations[0] * (kernel[0] - 1) + 1,
  dilations[1] * (kernel[1] - 1) + 1,
];

/** An image or weights of one spatial axis as one of two. */
function widened(x: Arranged): Arranged {
  return x.order.length === 4 ? x : new Arranged(x.natural().reshape([...x.shape, 1]));
}

/** A result with as many axes as the input had. */
function narrowed(y: Arranged, like: Arranged): Arranged {
  return like.order.length === 4 ? y : new Arranged(y.natural().reshape(y.shape.slice(0, 3)));
}

export function createImaging(tf: TensorFlow) {
  /** Pads height and width of [n, height, width, c]; negative amounts crop. */
  function framed(x: Tensor4D, before: Pair, after: Pair, value = 0): Tensor4D {
    if (both(before, 0) && both(after, 0)) return x;
    const along = (axis: 0 | 1): Padding => [before[axis], after[axis]];
    return image(padded(tf, x, [[0, 0], along(0), along(1), [0, 0]], value));
  }

  /** Puts `steps - 1` zeros between the values along two neighbouring axes. */
  function spread(x: Tensor4D, first: 0 | 1, steps: Pair): Tensor4D {
    if (both(steps, 1)) return x;
    const { shape } = x;
    const apart = shape.flatMap((length, axis) =>
      axis === first || axis === first + 1 ? [length, 1] : [length],
    );
    const gaps = apart.map((): [number, number] => [0, 0]);
    gaps[first + 1] = [0, steps[0] - 1];
    gaps[first + 3] = [0, steps[1] - 1];
    const scale = (axis: number): number => (axis === first || axis === first + 1 ? steps[axis - first] : 1);
    const whole = tf.pad(x.reshape(apart), gaps).reshape(shape.map((length, axis) => length * scale(axis)));
    const ends = shape.map((length, axis) => (length - 1) * scale(axis) + 1);
    return image(tf.slice(whole, [0, 0, 0, 0], ends));
  }

  /** TensorFlow.js convolves with strides or with dilations: where both are wanted, the weights get the zeros between them. */
  function undilated(filter: Tensor4D, window: Window): { filter: Tensor4D; window: Window } {
    const wide = spread(filter, 0, window.dilations);
    return { filter: wide, window: { ...window, kernel: reachOf(window), dilations: [1, 1] } };
  }

  /** x [n, h, w, c] with a filter [h, w, c, k]. */
  function plainConvolution(x: Tensor4D, filter: Tensor4D, window: Window): Tensor4D {
    if (!both(window.strides, 1) && !both(window.dilations, 1)) {
      const { filter: wide, window: tight } = undilated(filter, window);
      return plainConvolution(x, wide, tight);
    }
    const { before, after, strides, dilations } = window;
    const negative = [...before, ...after].some((amount) => amount < 0);
    const source = negative ? framed(x, before, after) : x;
    const explicit = negative || (both(before, 0) && both(after, 0));
    return tf.conv2d(
      source,
      filter,
      [...strides],
      explicit
        ? 'valid'
        : [
            [0, 0],
            [before[0], after[0]],
            [before[1], after[1]],
            [0, 0],
          ],
      'NHWC',
      [...dilations],
    );
  }

  /** One filter or several for every channel: x [n, h, w, c] with a filter [h, w, 1, c x m]. */
  function depthwiseConvolution(x: Tensor4D, filter: Tensor4D, given: Window): Tensor4D {
    const { filter: wide, window } = undilated(filter, given);
    const [height, width, , outputs] = wide.shape;
    const channels = x.shape[3];
    const source = framed(x, window.before, window.after);
    const weights = wide.reshape<Tensor4D>([height, width, channels, outputs / channels]);
    // TensorFlow's own kernel takes equal strides only.
    const stride = window.strides[0] === window.strides[1] ? window.strides[0] : 1;
    const y = tf.depthwiseConv2d(source, weights, stride, 'valid');
    return stride === 1 ? subsampled(y, window.strides) : y;
  }

  const subsampled = (x: Tensor4D, strides: Pair): Tensor4D =>
    both(strides, 1) ? x : image(tf.stridedSlice(x, [0, 0, 0, 0], [...x.shape], [1, ...strides, 1]));

  /** x channels last, weights [outputs, inputs / group, height, width] in filter order. */
  function convolution(x: Tensor4D, filter: Tensor4D, window: Window, group: number): Tensor4D {
    if (group === 1) return plainConvolution(x, filter, window);
    if (group === x.shape[3]) return depthwiseConvolution(x, filter, window);
    const [parts, filters] = [x, filter].map((tensor) => tf.split(tensor, group, 3).map(image));
    return tf.concat4d(
      parts.map((part, i) => plainConvolution(part, filters[i], window)),
      3,
    );
  }

  const withBias = (y: Tensor4D, bias: Arranged | undefined): Arranged =>
    new Arranged(bias === undefined ? y : tf.add(y, bias.natural()), last);

  function conv(
    [x, weight, bias]: readonly Arranged[],
    { strides, pads: amounts, dilations, group }: OperatorAttributes['Conv'],
  ): Arranged {
    const filter = image(widened(weight).in(filterOrder));
    const window: Window = {
      kernel: [filter.shape[0], filter.shape[1]],
      strides: pair(strides, 1),
      dilations: pair(dilations, 1),
      ...pads(amounts, strides.length),
    };
    const y = convolution(image(widened(x).in(last)), filter, window, group);
    return narrowed(withBias(y, bias), x);
  }

  function convTranspose(
    [x, weight, bias]: readonly Arranged[],
    { strides: steps, pads: amounts, dilations, group, outputPadding }: OperatorAttributes['ConvTranspose'],
  ): Arranged {
    const strides = pair(steps, 1);
    const { before, after } = pads(amounts, steps.length);
    const more = pair(outputPadding, 0);
    const source = image(widened(x).in(last));
    // [height, width, outputs / group, inputs], with the zeros of a dilation in it.
    const filter = spread(image(widened(weight).in(filterOrder)), 0, pair(dilations, 1));
    const window: Window = {
      kernel: [filter.shape[0], filter.shape[1]],
      strides,
      dilations: [1, 1],
      before,
      after: [after[0] - more[0], after[1] - more[1]],
    };
    const y = group === 1 ? scattered(source, filter, window) : gathered(source, filter, window, group);
    return narrowed(withBias(y, bias), x);
  }

  /** Every pixel spread by the kernel. */
  function scattered(x: Tensor4D, filter: Tensor4D, { kernel, strides, before, after }: Window): Tensor4D {
    const [n, height, width] = x.shape;
    const whole: [number, number, number, number] = [
      n,
      (height - 1) * strides[0] + kernel[0],
      (width - 1) * strides[1] + kernel[1],
      filter.shape[2],
    ];
    const y = tf.conv2dTranspose(x, filter, whole, [...strides], 'valid');
    return framed(y, [-before[0], -before[1]], [-after[0], -after[1]]);
  }

  /** The same as a convolution with flipped weights over an image with zeros between its pixels, which can be grouped. */
  function gathered(x: Tensor4D, filter: Tensor4D, window: Window, group: number): Tensor4D {
    const { kernel, strides, before, after } = window;
    const [height, width, outputs, inputs] = filter.shape;
    const flipped = tf.reverse4d(filter, [0, 1]);
    const exchanged = flipped
      .reshape([height, width, outputs, group, inputs / group])
      .transpose([0, 1, 4, 3, 2])
      .reshape([height, width, inputs / group, group * outputs]);
    const backward: Window = {
      ...window,
      strides: [1, 1],
      before: [kernel[0] - 1 - before[0], kernel[1] - 1 - before[1]],
      after: [kernel[0] - 1 - after[0], kernel[1] - 1 - after[1]],
    };
    return convolution(spread(x, 1, strides), image(exchanged), backward, group);
  }

  /** A window's pooling, and the image padded so that all windows lie inside it. */
  function poolWindow(
    x: Arranged,
    attributes: OperatorAttributes['AveragePool' | 'MaxPool'],
    dilations: readonly number[],
    value: number,
  ) {
    const { kernel, pads: amounts, ceilMode } = attributes;
    const source = image(widened(x).in(last));
    const window: Window = {
      kernel: pair(kernel, 1),
      strides: pair(attributes.strides, 1),
      dilations: pair(dilations, 1),
      ...pads(amounts, kernel.length),
    };
    const lengths: Pair = [source.shape[1], source.shape[2]];
    const reach = reachOf(window);
    const { strides, before, after } = window;
    const count = (axis: 0 | 1): number =>
      windowCount(lengths[axis], reach[axis], strides[axis], before[axis], after[axis], ceilMode);
    const counts: Pair = [count(0), count(1)];
    const end = (axis: 0 | 1): number =>
      (counts[axis] - 1) * strides[axis] + reach[axis] - lengths[axis] - before[axis];
    const whole = framed(source, before, [end(0), end(1)], value);
    return { whole, window, lengths, counts };
  }

  function maxPool([x]: readonly Arranged[], attributes: OperatorAttributes['MaxPool']): Arranged[] {
    const { whole, window, lengths, counts } = poolWindow(
      x,
      attributes,
      attributes.dilations,
      Number.NEGATIVE_INFINITY,
    );
    const { kernel, strides, dilations, before } = window;
    if (!attributes.indices && both(dilations, 1)) {
      const pooled = tf.maxPool(whole, [...kernel], [...strides], 'valid');
      return [narrowed(new Arranged(pooled, last), x)];
    }
    // The image as each place of the kernel sees it; the first of equal ones wins.
    const [n, , , channels] = whole.shape;
    const seen = (u: number, v: number): Tensor => {
      const begin = [0, u * dilations[0], v * dilations[1], 0];
      const sizes = [n, (counts[0] - 1) * strides[0] + 1, (counts[1] - 1) * strides[1] + 1, channels];
      return subsampled(image(tf.slice(whole, begin, sizes)), strides);
    };
    let best = seen(0, 0);
    let offset: Tensor = tf.zerosLike(best).cast('int32');
    for (let i = 1; i < kernel[0] * kernel[1]; i++) {
      const [u, v] = [Math.floor(i / kernel[1]), i % kernel[1]];
      const candidate = seen(u, v);
      const wins = tf.greater(candidate, best);
      best = tf.where(wins, candidate, best);
      const step = tf.scalar(u * dilations[0] * lengths[1] + v * dilations[1], 'int32');
      offset = attributes.indices ? tf.where(wins, step, offset) : offset;
    }
    const values = narrowed(new Arranged(best, last), x);
    if (!attributes.indices) return [values];
    /** Multiples of `step` from `first` along one of the axes [n, height, width, channels]. */
    const along = (axis: number, count: number, step: number, first = 0): Tensor => {
      const numbers = Int32Array.from({ length: count }, (_, i) => first + i * step);
      return tf.tensor(numbers, [1, 1, 1, 1].with(axis, count), 'int32');
    };
    const size = lengths[0] * lengths[1];
    const corners = [
      along(1, counts[0], strides[0] * lengths[1], -before[0] * lengths[1] - before[1]),
      along(2, counts[1], strides[1]),
      along(3, channels, size),
      along(0, n, size * channels),
    ].reduce((sum, positions) => tf.add(sum, positions));
    return [values, narrowed(new Arranged(tf.add(offset, corners), last), x)];
  }

  function averagePool([x]: readonly Arranged[], attributes: OperatorAttributes['AveragePool']): Arranged {
    const { whole, window, lengths, counts } = poolWindow(
      x,
      attributes,
      attributes.kernel.map(() => 1),
      0,
    );
    const { kernel, strides } = window;
    const mean = tf.avgPool(whole, [...kernel], [...strides], 'valid');
    // TensorFlow divides by the kernel's size, but only pixels of the image and declared padding count.
    const axes = attributes.kernel.length;
    const pixels = averagedPixels(lengths.slice(0, axes), attributes, counts.slice(0, axes));
    const shares = pixels.map((count) => (kernel[0] * kernel[1]) / count);
    const corrected = shares.every((share) => share === 1)
      ? mean
      : tf.mul(mean, tf.tensor4d(shares, [1, ...counts, 1]));
    return narrowed(new Arranged(corrected, last), x);
  }

  /** Every axis by its interpolation matrix, which is small. */
  function resize([x]: readonly Arranged[], attributes: OperatorAttributes['Resize']): Arranged {
    const resampled = resizedAxes(x.shape, attributes, 'Resize').reduce<Tensor>((y, resized) => {
      const { axis, length, outputs } = resized;
      const place = x.place(axis);
      const { shape } = y;
      const matrix = interpolationMatrix(resized, attributes);
      const weights = tf.tensor3d(Float32Array.from(matrix), [1, outputs, length]);
      const columns = y.reshape([sizeOf(shape.slice(0, place)), length, sizeOf(shape.slice(place + 1))]);
      return tf.matMul(weights, columns).reshape(shape.with(place, outputs));
    }, x.tensor.clone());
    return new Arranged(resampled, x.order);
  }

  return {
    Conv: conv,
    ConvTranspose: convTranspose,
    MaxPool: maxPool,
    AveragePool: averagePool,
    Resize: resize,
  } satisfies Partial<Kernels>;
}
