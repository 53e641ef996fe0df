/** Resampling of images (nearest, linear, cubic). */
import type { ResizeAttributes, ResizedAxis, ResizeTarget } from '../inference.js';
import { apply, type Value } from '../node.js';

/**
 * x [N, C, ..] with its spatial axes of these sizes, or so many times as large; linear, with pixels as areas, by default. ONNX:
 * Resize.
 * @throws InputError if x has fewer axes
 */
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
