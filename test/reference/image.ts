/** The definitions of convolution, pooling and resampling. */

import {
  type ConvolutionAttributes,
  type OperatorAttributes,
  type PoolAttributes,
  type ResizedAxis,
  resizedAxes,
} from '../../lib/src/graph/inference.js';
import { sizeOf } from '../../lib/src/tensor.js';
import { build, forEachIndex, type Index, locate, type ReferenceTensor, read, withShape } from './array.js';
import { addProduct, transposed } from './product.js';

/** Windows along every axis: floor((length - reach) / stride) + 1, or its ceiling without windows that start behind the image. */
function windowCounts(
  lengths: readonly number[],
  { kernel, strides, pads, ceilMode }: PoolAttributes,
  dilations: readonly number[],
): number[] {
  return kernel.map((size, i) => {
    const reach = dilations[i] * (size - 1) + 1;
    const steps = (lengths[i] + pads[i] + pads[i + kernel.length] - reach) / strides[i];
    const count = (ceilMode ? Math.ceil(steps) : Math.floor(steps)) + 1;
    return ceilMode && (count - 1) * strides[i] >= lengths[i] + pads[i] ? count - 1 : count;
  });
}

/**
 * The pixel of a plane under every offset of the kernel in every window, or -1 where that is padding:
 * window x stride + offset x dilation - pad. [offsets x windows]
 */
function pixelsUnder(
  lengths: readonly number[],
  windows: readonly number[],
  kernel: readonly number[],
  { strides, dilations, pads }: Omit<ConvolutionAttributes, 'group'>,
): Int32Array {
  const pixels = new Int32Array(sizeOf(kernel) * sizeOf(windows));
  forEachIndex([...kernel, ...windows], (index, position) => {
    const at = lengths.map(
      (_, i) => index[kernel.length + i] * strides[i] + index[i] * dilations[i] - pads[i],
    );
    pixels[position] = locate(lengths, at);
  });
  return pixels;
}

/** Part i of several equal ones that lie behind one another. */
const partOf = (data: Float64Array, i: number, parts: number): Float64Array =>
  data.subarray((i * data.length) / parts, ((i + 1) * data.length) / parts);

/** An array of maps [images, channels, ...] whose values start at the bias of their channel. */
function mapsFrom(shape: readonly number[], bias: ReferenceTensor | undefined): ReferenceTensor {
  const [images, channels] = shape;
  const data = new Float64Array(sizeOf(shape));
  const maps = images * channels;
  if (bias !== undefined) for (let i = 0; i < maps; i++) partOf(data, i, maps).fill(bias.data[i % channels]);
  return { data, shape };
}

/** The pixels under each kernel offset are laid below one another, and the weights [outputs, inputs x offsets] multiply them. */
export function conv(
  [x, weight, bias]: readonly ReferenceTensor[],
  { strides, pads, dilations, group }: OperatorAttributes['Conv'],
): ReferenceTensor {
  const [images, , ...lengths] = x.shape;
  const [outputs, perGroup, ...kernel] = weight.shape;
  const windows = windowCounts(lengths, { kernel, strides, pads, ceilMode: false }, dilations);
  const pixels = pixelsUnder(lengths, windows, kernel, { strides, pads, dilations });
  const result = mapsFrom([images, outputs, ...windows], bias);
  const columns = new Float64Array(perGroup * pixels.length);
  const parts = images * group;
  for (let part = 0; part < parts; part++) {
    const source = partOf(x.data, part, parts);
    for (let c = 0; c < perGroup; c++) {
      const [plane, below] = [partOf(source, c, perGroup), partOf(columns, c, perGroup)];
      for (let i = 0; i < pixels.length; i++) below[i] = pixels[i] < 0 ? 0 : plane[pixels[i]];
    }
    const size = [outputs / group, perGroup * sizeOf(kernel), sizeOf(windows)] as const;
    addProduct(partOf(result.data, part, parts), partOf(weight.data, part % group, group), columns, size);
  }
  return result;
}

/** The transpose of `conv`: the weights' products are added to the pixels under each kernel offset. */
export function convTranspose(
  [x, weight, bias]: readonly ReferenceTensor[],
  { strides, pads, dilations, group, outputPadding }: OperatorAttributes['ConvTranspose'],
): ReferenceTensor {
  const [images, inputs, ...windows] = x.shape;
  const [, perGroup, ...kernel] = weight.shape;
  const lengths = kernel.map((size, i) => {
    const reach = strides[i] * (windows[i] - 1) + dilations[i] * (size - 1) + 1;
    return reach - pads[i] - pads[i + kernel.length] + outputPadding[i];
  });
  const pixels = pixelsUnder(lengths, windows, kernel, { strides, pads, dilations });
  const result = mapsFrom([images, perGroup * group, ...lengths], bias);
  const size = [perGroup * sizeOf(kernel), inputs / group, sizeOf(windows)] as const;
  const byGroup = transposed(withShape(weight, [group, size[1], size[0]])).data;
  const parts = images * group;
  for (let part = 0; part < parts; part++) {
    const columns = new Float64Array(perGroup * pixels.length);
    addProduct(columns, partOf(byGroup, part % group, group), partOf(x.data, part, parts), size);
    const target = partOf(result.data, part, parts);
    for (let c = 0; c < perGroup; c++) {
      const [plane, below] = [partOf(target, c, perGroup), partOf(columns, c, perGroup)];
      for (let i = 0; i < pixels.length; i++) if (pixels[i] >= 0) plane[pixels[i]] += below[i];
    }
  }
  return result;
}

/** Values and flat indices, in the whole input, of the first maximum of each window; padding never wins. */
export function maxPool(x: ReferenceTensor, attributes: OperatorAttributes['MaxPool']): ReferenceTensor[] {
  const { kernel, strides, pads, dilations, indices } = attributes;
  const [images, channels, ...lengths] = x.shape;
  const counts = windowCounts(lengths, attributes, dilations);
  const pixels = pixelsUnder(lengths, counts, kernel, { strides, pads, dilations });
  const [area, windows, offsets] = [sizeOf(lengths), sizeOf(counts), sizeOf(kernel)];
  const shape = [images, channels, ...counts];
  const winners = new Float64Array(sizeOf(shape));
  for (let i = 0; i < winners.length; i++) {
    const start = Math.floor(i / windows) * area;
    let best = -1;
    for (let offset = 0; offset < offsets; offset++) {
      const pixel = pixels[offset * windows + (i % windows)];
      if (pixel >= 0 && (best < 0 || x.data[start + pixel] > x.data[best])) best = start + pixel;
    }
    winners[i] = best;
  }
  const values = { data: winners.map((position) => x.data[position]), shape };
  return indices ? [values, { data: winners, shape }] : [values];
}

export function averagePool(
  x: ReferenceTensor,
  attributes: OperatorAttributes['AveragePool'],
): ReferenceTensor {
  const { kernel, strides, pads, countIncludePad } = attributes;
  const [images, channels, ...lengths] = x.shape;
  const dilations = kernel.map(() => 1);
  const counts = windowCounts(lengths, attributes, dilations);
  const pixels = pixelsUnder(lengths, counts, kernel, { strides, pads, dilations });
  // Counted padding ends with the declared one: ceil mode may reach beyond it.
  const padded = lengths.map((length, i) => length + pads[i] + pads[i + kernel.length]);
  const counted = countIncludePad
    ? pixelsUnder(padded, counts, kernel, { strides, pads: pads.map(() => 0), dilations })
    : pixels;
  const [area, windows, offsets] = [sizeOf(lengths), sizeOf(counts), sizeOf(kernel)];
  const shape = [images, channels, ...counts];
  const data = new Float64Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) {
    let [sum, count] = [0, 0];
    for (let at = i % windows; at < offsets * windows; at += windows) {
      if (pixels[at] >= 0) sum += x.data[Math.floor(i / windows) * area + pixels[at]];
      if (counted[at] >= 0) count++;
    }
    data[i] = sum / count;
  }
  return { data, shape };
}

interface Tap {
  readonly from: number;
  readonly weight: number;
}

type ResizeAttributes = OperatorAttributes['Resize'];

/** Which input pixels of one axis an output pixel mixes; those beyond the border repeat the border. */
function resizeTaps(
  { length, outputs, scale }: ResizedAxis,
  attributes: ResizeAttributes,
  output: number,
): Tap[] {
  const centred = (output + 0.5) / scale - 0.5;
  const coordinate = {
    half_pixel: centred,
    pytorch_half_pixel: outputs > 1 ? centred : 0,
    asymmetric: output / scale,
    align_corners: outputs > 1 ? (output * (length - 1)) / (outputs - 1) : 0,
  }[attributes.coordinates];
  const nearest = {
    floor: Math.floor(coordinate),
    ceil: Math.ceil(coordinate),
    round_prefer_floor: Math.ceil(coordinate - 0.5),
    round_prefer_ceil: Math.floor(coordinate + 0.5),
  }[attributes.nearest];
  const tap = (from: number, weight: number): Tap => ({
    from: Math.min(Math.max(from, 0), length - 1),
    weight,
  });
  const left = Math.floor(coordinate);
  if (attributes.mode === 'nearest') return [tap(nearest, 1)];
  if (attributes.mode === 'linear')
    return [0, 1].map((i) => tap(left + i, 1 - Math.abs(coordinate - left - i)));
  return [-1, 0, 1, 2].map((i) =>
    tap(left + i, cubicKernel(Math.abs(coordinate - left - i), attributes.cubicCoefficient)),
  );
}

/** Keys' cubic convolution kernel at a distance in pixels. */
function cubicKernel(d: number, a: number): number {
  if (d <= 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
  return d < 2 ? a * (d ** 3 - 5 * d ** 2 + 8 * d - 4) : 0;
}

export function resize(x: ReferenceTensor, attributes: ResizeAttributes): ReferenceTensor {
  const shape = [...x.shape];
  const taps = x.shape.map((length) => Array.from({ length }, (_, i): Tap[] => [{ from: i, weight: 1 }]));
  for (const resized of resizedAxes(x.shape, attributes, 'Resize')) {
    const { axis, outputs } = resized;
    shape[axis] = outputs;
    taps[axis] = Array.from({ length: outputs }, (_, output) => resizeTaps(resized, attributes, output));
  }
  const mix = (index: Index, source: Index): number => {
    const axis = source.length;
    if (axis === shape.length) return read(x, source);
    return taps[axis][index[axis]].reduce(
      (sum, { from, weight }) => sum + weight * mix(index, [...source, from]),
      0,
    );
  };
  return build(shape, (index) => mix(index, []));
}
