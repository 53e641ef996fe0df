/** Gaussian smoothing of image planes, as SciPy's `gaussian_filter` computes it (mode "reflect", truncated at 4 sigma). */
import { type Tensor, zeros } from '../tensor.js';

/** The half kernel, from the centre outwards; it sums to 1 over both sides. */
function halfKernel(sigma: number): Float64Array {
  const radius = Math.floor(4 * sigma + 0.5);
  const half = Float64Array.from({ length: radius + 1 }, (_, i) =>
    Math.exp((-0.5 * i * i) / (sigma * sigma)),
  );
  const sum = half.reduce((total, value, i) => total + (i === 0 ? value : 2 * value), 0);
  return half.map((value) => value / sum);
}

/** The index that a position outside 0 … length - 1 mirrors: (d c b a | a b c d | d c b a). */
function reflect(position: number, length: number): number {
  const period = 2 * length;
  const folded = ((position % period) + period) % period;
  return folded < length ? folded : period - 1 - folded;
}

/**
 * Each plane [height, width] of the image smoothed, rows and columns alike.
 * @param image [..., height, width]
 * @param sigma standard deviation in pixels; 0 returns the image as it is
 */
export function gaussianFilter(image: Tensor, sigma: number): Tensor {
  if (sigma === 0) return image;
  const [height, width] = image.shape.slice(-2);
  const kernel = halfKernel(sigma);
  const radius = kernel.length - 1;
  const along = (source: Tensor, length: number, stride: number): Tensor => {
    const result = zeros(source.shape);
    const mirrored = Int32Array.from({ length: length + 2 * radius }, (_, i) => reflect(i - radius, length));
    const line = new Float64Array(mirrored.length);
    for (let start = 0; start < source.data.length; start += length * stride) {
      for (let offset = start; offset < start + stride; offset++) {
        for (let i = 0; i < line.length; i++) line[i] = source.data[offset + mirrored[i] * stride];
        for (let at = 0; at < length; at++) {
          const centre = at + radius;
          let sum = line[centre] * kernel[0];
          // Outermost first, as SciPy adds: the sums then round alike.
          for (let i = radius; i > 0; i--) sum += (line[centre - i] + line[centre + i]) * kernel[i];
          result.data[offset + at * stride] = sum;
        }
      }
    }
    return result;
  };
  return along(along(image, height, width), width, 1);
}
