/** Upsampling of one band by an integer factor, so that 20 m and 60 m bands lie on the 10 m grid. */
import { requireChoice, requireCount, requireLength } from '../../check.js';

export const resamplings = ['nearest', 'bilinear', 'bicubic'] as const;

export type Resampling = (typeof resamplings)[number];

/** Keys' cubic convolution parameter, as in PyTorch and ONNX Resize (GDAL takes -0.5). */
const cubicA = -0.75;

/** Where output rows (or columns) come from: `perOutput` sources each, clamped to the band, and their weights. */
interface Taps {
  readonly perOutput: number;
  readonly sources: Int32Array;
  readonly weights: Float64Array;
}

/** Keys' kernel at distance t >= 0 (Keys 1981, eq. 4 with free a). */
function cubicKernel(t: number): number {
  if (t <= 1) return ((cubicA + 2) * t - (cubicA + 3)) * t * t + 1;
  if (t < 2) return ((t - 5) * t + 8) * t * cubicA - 4 * cubicA;
  return 0;
}

/** Half-pixel centres: the centre of output pixel i lies at x = (i + 1/2) / factor - 1/2 in source pixels. */
function tapsOf(length: number, factor: number, method: Resampling): Taps {
  const perOutput = method === 'nearest' ? 1 : method === 'bilinear' ? 2 : 4;
  const sources = new Int32Array(length * factor * perOutput);
  const weights = new Float64Array(sources.length);
  for (let i = 0; i < length * factor; i++) {
    const x = (i + 0.5) / factor - 0.5;
    const base = Math.floor(x);
    const t = x - base;
    for (let k = 0; k < perOutput; k++) {
      const offset = method === 'bicubic' ? k - 1 : k;
      const source = method === 'nearest' ? Math.floor(i / factor) : base + offset;
      sources[i * perOutput + k] = Math.min(Math.max(source, 0), length - 1);
      weights[i * perOutput + k] =
        method === 'nearest' ? 1 : method === 'bilinear' ? [1 - t, t][k] : cubicKernel(Math.abs(t - offset));
    }
  }
  return { perOutput, sources, weights };
}

/**
 * Upsamples `band` [height, width] to [height * factor, width * factor].
 *
 * Pixel centres are at half-integers and the border is replicated, as PyTorch's `interpolate` with
 * `align_corners=False` and ONNX Resize `half_pixel`; sums are taken in float64. Bicubic uses a = -0.75 and can
 * overshoot the source's range, even below zero; the other two cannot.
 * @throws InputError if the sizes are not positive integers, or disagree with the data
 */
export function upsample(
  band: Float32Array,
  [height, width]: readonly [height: number, width: number],
  factor: number,
  method: Resampling = 'bilinear',
): Float32Array {
  for (const [name, count] of Object.entries({ height, width, factor }))
    requireCount(count, `upsample, ${name}`);
  requireLength(band, height * width, 'upsample, band');
  requireChoice('resampling', method, resamplings, 'upsample');
  if (factor === 1) return band.slice();
  const wideWidth = width * factor;
  const wide = new Float64Array(height * wideWidth);
  const across = tapsOf(width, factor, method);
  const { perOutput } = across;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < wideWidth; x++) {
      let sum = 0;
      for (let k = x * perOutput; k < (x + 1) * perOutput; k++) {
        sum += across.weights[k] * band[y * width + across.sources[k]];
      }
      wide[y * wideWidth + x] = sum;
    }
  }
  const result = new Float32Array(factor * wide.length);
  const down = tapsOf(height, factor, method);
  for (let y = 0; y < height * factor; y++) {
    for (let x = 0; x < wideWidth; x++) {
      let sum = 0;
      for (let k = y * perOutput; k < (y + 1) * perOutput; k++) {
        sum += down.weights[k] * wide[down.sources[k] * wideWidth + x];
      }
      result[y * wideWidth + x] = sum;
    }
  }
  return result;
}
