/** How far a quadrature rule may be from the integral along a path, from how much its gradients differ from point to point. */
import type { Feeds, Results } from '../engine/engine.js';
import { input, type Value } from '../graph/node.js';
import { flatten } from '../graph/operators/arrangement.js';
import { multiply } from '../graph/operators/elementwise.js';
import { matMul } from '../graph/operators/matMul.js';
import { reduceSum } from '../graph/operators/reduction.js';
import { createRandom } from '../random.js';
import { addTo, rows, type Tensor, zeros } from '../tensor.js';
import { effectiveCount } from './effectiveCount.js';
import type { Sampled } from './sampling.js';
import { relativeErrorOf, sumOfSquares } from './uncertainty.js';

/** Differences of the gradients at a rule's points, times w, the mean weight of the two points. */
export interface DifferenceSums {
  /** Sums of differences to the next point with random signs [groups, values of a gradient]. */
  readonly groups: Tensor;
  /** Differences to the next point: how many, and the sum of their squared lengths. */
  readonly near: Differences;
  /** Differences to the next point but one. */
  readonly far: Differences;
}

interface Differences {
  readonly count: number;
  readonly squares: number;
}

/** What is kept of the gradients at a rule's points. */
export interface PathSums extends DifferenceSums {
  readonly points: number;
  /** Σ weight · gradient · (x - x') [1, bands, height, width]. */
  readonly values: Tensor;
  /** Σ (group, taken to the image · (x - x'))² over the groups, of the same shape. */
  readonly squares: Tensor;
  /** The same of the sums over the bands [1, 1, height, width]. */
  readonly pixelSquares: Tensor;
}

/** Groups of differences: what is known of a value's error has as many degrees of freedom. */
export const groupCount = 8;

/**
 * The matrix [groups, points] that takes weighted gradients w_i g_i to sums of w (g_i - g_{i + lag}) with random signs, one
 * sum a group, where w = (w_i + w_{i + lag}) / 2. The squares of the sums have the mean of the differences' squares, as
 * signs undo the products of two (Hutchinson, 1990), and so few sums are cheap to take back to the image. Neighbours are in
 * different groups: each sees the whole run. Both lags have the same signs, so that their ratio hardly depends on them.
 * @param first number of the run's first point on the path
 */
export function signedDifferences(weights: readonly number[], lag: number, first = 0): Tensor {
  const points = weights.length;
  const matrix = zeros([groupCount, points]);
  const random = createRandom('path error', first);
  for (let i = 0; i + lag < points; i++) {
    const sign = random.uniform() < 0.5 ? -1 : 1;
    const weight = (sign * (weights[i] + weights[i + lag])) / 2;
    const group = (i % groupCount) * points;
    matrix.data[group + i] += weight / weights[i];
    matrix.data[group + i + lag] -= weight / weights[i + lag];
  }
  return matrix;
}

/** Inputs of the graph below, for points with these weights. */
export const groupSigns = (weights: readonly number[], first: number): Feeds => ({
  'near signs': signedDifferences(weights, 1, first),
  'far signs': signedDifferences(weights, 2, first),
});

/** `DifferenceSums` of a run's weighted gradients ['N', ...] inside the engine. */
export function differenceGroups(
  gradients: Value,
): Readonly<Record<'near' | 'nearSquares' | 'farSquares', Value>> {
  const [near, far] = ['near signs', 'far signs'].map((signs) =>
    matMul(input(signs, [groupCount, 'N']), flatten(gradients)),
  );
  const squares = (x: Value): Value => reduceSum(multiply(x, x), [0, 1], true);
  return { near, nearSquares: squares(near), farSquares: squares(far) };
}

/** Adds up what the graph gives of each run; a difference between two runs is left out. */
export function createDifferenceSums() {
  let groups: Tensor | undefined;
  const [near, far] = [
    { count: 0, squares: 0 },
    { count: 0, squares: 0 },
  ];
  return {
    add(run: Results, points: number): void {
      groups ??= zeros(run.near.shape);
      addTo(groups, run.near);
      near.squares += run.nearSquares.data[0];
      far.squares += run.farSquares.data[0];
      near.count += Math.max(0, points - 1);
      far.count += Math.max(0, points - 2);
    },
    sums(): DifferenceSums {
      if (groups === undefined) throw new Error('no run was added');
      return { groups, near, far };
    },
  };
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
 * most careful. The degrees of freedom are the number of groups that carry the sum, (Σ s)² / Σ s².
 */
export function estimatePathError(sums: PathSums): Sampled & { readonly smoothness: number } {
  const { points, values, groups, near, far } = sums;
  const meanSquare = ({ count, squares }: Differences): number => squares / count;
  const growth = far.count === 0 || near.squares === 0 ? 1 : meanSquare(far) / meanSquare(near);
  const smoothness = Math.min(1, Math.max(0, Math.log2(growth) / 2));
  if (near.count === 0) return { values, smoothness };
  // Runs end between two points, whose difference is missing.
  const scale = ((middleError(smoothness) / 2) * points) / near.count;
  const error = ({ data, shape }: Tensor): Tensor => ({
    data: data.map((square) => Math.sqrt(scale * square)),
    shape,
  });
  const standardError = error(sums.squares);
  const lengths = Array.from({ length: groupCount }, (_, group) => sumOfSquares(rows(groups, group).data));
  const uncertainty = {
    standardError,
    pixelStandardError: error(sums.pixelSquares),
    degreesOfFreedom: [effectiveCount(lengths) || groupCount],
    relativeError: [relativeErrorOf(standardError.data, values.data)],
    evaluations: [points],
    systematic: true as const,
  };
  return { values, smoothness, uncertainty };
}

/** κ(H); not below 0 by rounding. */
const middleError = (h: number): number =>
  Math.max(0, 2 ** (1 - 2 * h) / (2 * h + 1) - 1 / ((2 * h + 1) * (h + 1)));
