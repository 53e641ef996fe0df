/** Resampling of images (nearest, linear, cubic) and its gradient: the transposed interpolation matrices. */
import type { OperatorAttributes } from '../attributes.js';
import { shapeOf } from '../graph.js';
import { apply, type Value } from '../node.js';
import type { RuleArguments } from '../rule.js';
import { staticDimension, type TensorType } from '../type.js';
import { multiplyAxis } from './arrangement.js';

type ResizeAttributes = OperatorAttributes['Resize'];

export function resize(
  x: Value,
  scales: readonly number[],
  {
    mode = 'linear',
    coordinates = 'half_pixel',
    nearest = 'floor',
    cubicCoefficient = -0.75,
  }: Partial<Omit<ResizeAttributes, 'scales'>> = {},
): Value {
  return apply('Resize', [x], { mode, coordinates, nearest, cubicCoefficient, scales });
}

/** A tiny surplus keeps floor(size x (target / size)) at the target in spite of rounding. */
export const resizedLength = (length: number, scale: number): number => Math.floor(length * scale + 1e-4);

export function inferResize(
  [{ dataType, shape }]: readonly TensorType[],
  { scales }: ResizeAttributes,
  where: string,
): TensorType {
  return {
    dataType,
    shape: shape?.map((dimension, axis) =>
      scales[axis] === 1 ? dimension : resizedLength(staticDimension(dimension, where), scales[axis]),
    ),
  };
}

function sourceCoordinate(
  output: number,
  length: number,
  scale: number,
  kind: ResizeAttributes['coordinates'],
) {
  const outputs = resizedLength(length, scale);
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
  length: number,
  scale: number,
  attributes: Omit<ResizeAttributes, 'scales'>,
) {
  const outputs = resizedLength(length, scale);
  const matrix = new Float64Array(outputs * length);
  for (let output = 0; output < outputs; output++) {
    const put = (index: number, weight: number) => {
      matrix[output * length + Math.min(Math.max(index, 0), length - 1)] += weight;
    };
    const coordinate = sourceCoordinate(output, length, scale, attributes.coordinates);
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
  return { matrix, outputs };
}

export function resizeRule({ node, gradient }: RuleArguments<'Resize'>) {
  const shape = shapeOf(node.inputs[0]);
  let result = gradient;
  for (const [axis, scale] of node.attributes.scales.entries()) {
    if (scale === 1) continue;
    const length = staticDimension(shape[axis], 'Resize');
    const { matrix, outputs } = interpolationMatrix(length, scale, node.attributes);
    const transposed = new Float64Array(matrix.length);
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < length; i++) transposed[i * outputs + o] = matrix[o * length + i];
    }
    result = multiplyAxis(result, axis, transposed, length);
  }
  return [result];
}
