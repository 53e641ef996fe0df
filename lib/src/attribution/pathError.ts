/** How far a quadrature rule may be from the integral along a path, from how much its gradients differ from point to point. */
import { type Tensor, zeros } from '../tensor.js';
import type { Sampled } from './sampling.js';
import { relativeErrorOf } from './uncertainty.js';

/** What is kept of the gradients at a rule's points: w is the mean weight of the two points of a difference. */
export interface PathSums {
  readonly points: number;
  /** Σ weight · gradient · (x - x') [1, bands, height, width]. */
  readonly values: Tensor;
  /** Σ (w · difference to the next point)², of the same shape. */
  readonly squares: Tensor;
  /** The same of the sums over the bands [1, 1, height, width]. */
  readonly pixelSquares: Tensor;
  /** ‖w · difference to the next point‖², for each such pair in a run. */
  readonly near: readonly number[];
  /** ‖w · difference to the next point but one‖². */
  readonly far: readonly number[];
}

/**
 * The matrix [points, points] that takes weighted gradients w_i g_i to w (g_i - g_{i + lag}), one a row, where
 * w = (w_i + w_{i + lag}) / 2; the last `lag` rows are 0.
 */
export function differenceMatrix(weights: readonly number[], lag: number): Tensor {
  const points = weights.length;
  const matrix = zeros([points, points]);
  for (let i = 0; i + lag < points; i++) {
    const weight = (weights[i] + weights[i + lag]) / 2;
    matrix.data[i * points + i] = weight / weights[i];
    matrix.data[i * points + i + lag] = -weight / weights[i + lag];
  }
  return matrix;
}

/**
 * Geostatistics' estimate for a regular sample (Matheron, 1965; Gundersen and Jensen, 1987). Along the way, networks of
 * ReLUs have gradients that jump: their differences grow like those of fractional Brownian motion,
 * E (g(a + h) - g(a))² ∝ h^2H, with H near 1/2, and 1 where g is smooth. H follows from the differences to the next point
 * and to the next but one. The mean of such a g over a step of width w and g at its middle then differ by
 *
 *   κ(H) w² E (g(a + w) - g(a))² / 2 in the mean square, κ(H) = 2^(1 - 2H) / (2H + 1) - 1 / ((2H + 1) (H + 1)),
 *
 * which is 1/6 for a jump, at an unknown place of the step, and 0 for a straight line. The sum over the steps is the
 * squared standard error. Rules with unequal weights are taken for such steps. From fewer than three points H is 0, the
 * most careful. The degrees of freedom are the number of differences that carry the sum, (Σ s)² / Σ s².
 */
export function estimatePathError(sums: PathSums): Sampled & { readonly smoothness: number } {
  const { points, values, near, far } = sums;
  const total = (lengths: readonly number[]): number => lengths.reduce((sum, length) => sum + length, 0);
  const [nearTotal, farTotal] = [total(near), total(far)];
  const growth = far.length === 0 || nearTotal === 0 ? 1 : farTotal / far.length / (nearTotal / near.length);
  const smoothness = Math.min(1, Math.max(0, Math.log2(growth) / 2));
  if (near.length === 0) return { values, smoothness };
  // Runs end between two points, whose difference is missing.
  const scale = ((middleError(smoothness) / 2) * points) / near.length;
  const error = ({ data, shape }: Tensor): Tensor => ({
    data: data.map((square) => Math.sqrt(scale * square)),
    shape,
  });
  const standardError = error(sums.squares);
  const uncertainty = {
    standardError,
    pixelStandardError: error(sums.pixelSquares),
    degreesOfFreedom: [
      nearTotal === 0 ? near.length : nearTotal ** 2 / total(near.map((length) => length ** 2)),
    ],
    relativeError: [relativeErrorOf(standardError.data, values.data)],
    evaluations: [points],
    systematic: true as const,
  };
  return { values, smoothness, uncertainty };
}

/** κ(H); not below 0 by rounding. */
const middleError = (h: number): number =>
  Math.max(0, 2 ** (1 - 2 * h) / (2 * h + 1) - 1 / ((2 * h + 1) * (h + 1)));
