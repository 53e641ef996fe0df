/** Resampling of images (nearest, linear, cubic) and its gradient: the transposed interpolation matrices. */
import type { OperatorAttributes, ResizeTarget } from '../attributes.js';
import { shapeOf } from '../graph.js';
import { apply, type Value } from '../node.js';
import type { RuleArguments } from '../rule.js';
import { normaliseAxis, type Shape, staticDimension, type TensorType } from '../type.js';
import { multiplyAxis } from './arrangement.js';

type ResizeAttributes = OperatorAttributes['Resize'];

/** x with height and width (and further axes behind the channels) of these sizes, or so many times as large. */
export function resize(
  x: Value,
  to: ResizeTarget,
  {
    mode = 'linear',
    coordinates = 'half_pixel',
    nearest = 'floor',
    cubicCoefficient = -0.75,
  }: Partial<Omit<ResizeAttributes, 'axes' | 'to'>> = {},
): Value {
  const axes = ('sizes' in to ? to.sizes : to.scales).map((_, i) => i + 2);
  return apply('Resize', [x], { mode, coordinates, nearest, cubicCoefficient, axes, to });
}

/** How one axis is resampled. */
export interface ResizedAxis {
  readonly axis: number;
  readonly length: number;
  readonly outputs: number;
  /** Outputs per input. */
  readonly scale: number;
}

/** Scales are multiplied in single precision, as files store them and runtimes do. */
const scaledLength = (length: number, scale: number): number =>
  Math.floor(Math.fround(length * Math.fround(scale)));

export function resizedAxes(shape: Shape, { axes, to }: ResizeAttributes, where: string): ResizedAxis[] {
  return axes.map((given, i) => {
    const axis = normaliseAxis(given, shape.length, where);
    const length = staticDimension(shape[axis], where);
    if ('sizes' in to) return { axis, length, outputs: to.sizes[i], scale: to.sizes[i] / length };
    return { axis, length, outputs: scaledLength(length, to.scales[i]), scale: to.scales[i] };
  });
}

export function inferResize(
  [{ dataType, shape }]: readonly TensorType[],
  attributes: ResizeAttributes,
  where: string,
): TensorType {
  if (shape === undefined) return { dataType, shape };
  const result = [...shape];
  for (const { axis, outputs } of resizedAxes(shape, attributes, where)) result[axis] = outputs;
  return { dataType, shape: result };
}

function sourceCoordinate(
  output: number,
  { length, outputs, scale }: ResizedAxis,
  kind: ResizeAttributes['coordinates'],
) {
  switch (kind) {
    case 'half_pixel':
      return (output + 0.5) / scale - 0.5;
    case 'pytorch_half_pixel':
      return outputs > 1 ? (output + 0.5) / scale - 0.5 : 0;
    case 'asymmetric':
      return output / scale;
    case 'align_corners':
      return outputs > 1 ? (output * (length - 1)) / (outputs - 1) : 0;
  }
}

function roundNearest(coordinate: number, kind: ResizeAttributes['nearest']): number {
  switch (kind) {
    case 'floor':
      return Math.floor(coordinate);
    case 'ceil':
      return Math.ceil(coordinate);
    case 'round_prefer_floor':
      return Math.ceil(coordinate - 0.5);
    case 'round_prefer_ceil':
      return Math.floor(coordinate + 0.5);
  }
}

/** Keys' cubic convolution kernel at offsets -1, 0, 1, 2 from the pixel left of the coordinate. */
function cubicWeights(t: number, a: number): number[] {
  const near = (d: number) => (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
  const far = (d: number) => a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a;
  return [far(1 + t), near(t), near(1 - t), far(2 - t)];
}

/** The matrix [outputs, length] of one axis's interpolation; pixels beyond the border repeat the border. */
export function interpolationMatrix(
  resized: ResizedAxis,
  attributes: Omit<ResizeAttributes, 'axes' | 'to'>,
): Float64Array {
  const { length, outputs } = resized;
  const matrix = new Float64Array(outputs * length);
  for (let output = 0; output < outputs; output++) {
    const put = (index: number, weight: number) => {
      matrix[output * length + Math.min(Math.max(index, 0), length - 1)] += weight;
    };
    const coordinate = sourceCoordinate(output, resized, attributes.coordinates);
    if (attributes.mode === 'nearest') {
      put(roundNearest(coordinate, attributes.nearest), 1);
    } else {
      const left = Math.floor(coordinate);
      const t = coordinate - left;
      const weights =
        attributes.mode === 'linear' ? [1 - t, t] : cubicWeights(t, attributes.cubicCoefficient);
      const first = attributes.mode === 'linear' ? left : left - 1;
      for (const [i, weight] of weights.entries()) put(first + i, weight);
    }
  }
  return matrix;
}

export function resizeRule({ node, gradient }: RuleArguments<'Resize'>) {
  let result = gradient;
  for (const resized of resizedAxes(shapeOf(node.inputs[0]), node.attributes, 'Resize')) {
    const { axis, length, outputs } = resized;
    const matrix = interpolationMatrix(resized, node.attributes);
    const transposed = new Float64Array(matrix.length);
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < length; i++) transposed[i * outputs + o] = matrix[o * length + i];
    }
    result = multiplyAxis(result, axis, transposed, length);
  }
  return [result];
}
