/** The definitions of convolution, pooling and resampling. */
import type { OperatorAttributes, PoolAttributes } from '../../graph/attributes.js';
import { resizedLength } from '../../graph/operators/resize.js';
import { build, forEachIndex, type Index, locate, map, type ReferenceTensor, read, total } from './array.js';

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

export function conv(
  [x, weight, bias]: readonly ReferenceTensor[],
  { strides, pads, dilations, group }: OperatorAttributes['Conv'],
): ReferenceTensor {
  const [outputs, perGroup, ...kernel] = weight.shape;
  const counts = windowCounts(x.shape.slice(2), { kernel, strides, pads, ceilMode: false }, dilations);
  return build([x.shape[0], outputs, ...counts], ([n, k, ...p]) => {
    const first = Math.floor(k / (outputs / group)) * perGroup;
    const sum = total([perGroup, ...kernel], ([c, ...u]) => {
      const at = u.map((offset, i) => p[i] * strides[i] + offset * dilations[i] - pads[i]);
      return read(x, [n, first + c, ...at]) * read(weight, [k, c, ...u]);
    });
    return sum + (bias?.data[k] ?? 0);
  });
}

/** A gather: each output pixel sums the input pixels that reach it. */
export function convTranspose(
  [x, weight, bias]: readonly ReferenceTensor[],
  { strides, pads, dilations, group, outputPadding }: OperatorAttributes['ConvTranspose'],
): ReferenceTensor {
  const [inputs, perGroup, ...kernel] = weight.shape;
  const lengths = kernel.map((size, i) => {
    const reach = strides[i] * (x.shape[i + 2] - 1) + dilations[i] * (size - 1) + 1;
    return reach - pads[i] - pads[i + kernel.length] + outputPadding[i];
  });
  return build([x.shape[0], perGroup * group, ...lengths], ([n, k, ...q]) => {
    const first = Math.floor(k / perGroup) * (inputs / group);
    const sum = total([inputs / group, ...kernel], ([c, ...u]) => {
      const at = u.map((offset, i) => (q[i] + pads[i] - offset * dilations[i]) / strides[i]);
      return read(x, [n, first + c, ...at]) * read(weight, [first + c, k % perGroup, ...u]);
    });
    return sum + (bias?.data[k] ?? 0);
  });
}

/** Values and flat indices, in the whole input, of the first maximum of each window; padding never wins. */
export function maxPool(x: ReferenceTensor, attributes: OperatorAttributes['MaxPool']): ReferenceTensor[] {
  const { kernel, strides, pads, dilations, indices } = attributes;
  const counts = windowCounts(x.shape.slice(2), attributes, dilations);
  const winners = build([...x.shape.slice(0, 2), ...counts], ([n, c, ...window]) => {
    let best = -1;
    forEachIndex(kernel, (offset) => {
      const at = offset.map((u, i) => window[i] * strides[i] + u * dilations[i] - pads[i]);
      const position = locate(x.shape, [n, c, ...at]);
      if (position >= 0 && (best < 0 || x.data[position] > x.data[best])) best = position;
    });
    return best;
  });
  const values = map(winners, (position) => x.data[position]);
  return indices ? [values, winners] : [values];
}

export function averagePool(
  x: ReferenceTensor,
  attributes: OperatorAttributes['AveragePool'],
): ReferenceTensor {
  const { kernel, strides, pads, countIncludePad } = attributes;
  const lengths = x.shape.slice(2);
  const counts = windowCounts(
    lengths,
    attributes,
    kernel.map(() => 1),
  );
  return build([...x.shape.slice(0, 2), ...counts], ([n, c, ...window]) => {
    let sum = 0;
    let count = 0;
    forEachIndex(kernel, (offset) => {
      const at = offset.map((u, i) => window[i] * strides[i] + u - pads[i]);
      sum += read(x, [n, c, ...at]);
      // Counted padding ends with the declared one: ceil mode may reach beyond it.
      const inside = at.every((i, axis) => i >= 0 && i < lengths[axis]);
      const padded = at.every((i, axis) => i < lengths[axis] + pads[axis + kernel.length]);
      if (inside || (countIncludePad && padded)) count++;
    });
    return sum / count;
  });
}

interface Tap {
  readonly from: number;
  readonly weight: number;
}

type ResizeAttributes = OperatorAttributes['Resize'];

/** Which input pixels of one axis an output pixel mixes; those beyond the border repeat the border. */
function resizeTaps(length: number, scale: number, attributes: ResizeAttributes, output: number): Tap[] {
  const outputs = resizedLength(length, scale);
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
  const shape = x.shape.map((length, axis) => resizedLength(length, attributes.scales[axis]));
  const taps = shape.map((outputs, axis) =>
    Array.from({ length: outputs }, (_, output) =>
      resizeTaps(x.shape[axis], attributes.scales[axis], attributes, output),
    ),
  );
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
