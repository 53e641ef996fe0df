/** A linear model fitted to weighted samples, least squares or ridge regression, with its standard errors. */
import { failAt, type InputError } from '../error.js';
import { factorise, solveLower, solveUpper } from './cholesky.js';
import { sandwichErrors, type WeightedRow } from './sandwich.js';

export interface Samples {
  /** One row of features after the other [samples * features]. */
  readonly features: ArrayLike<number>;
  /** What the model shall give for each row [samples]. */
  readonly responses: ArrayLike<number>;
  /** How much each row counts [samples], at least 0, not all 0. */
  readonly weights: ArrayLike<number>;
}

export interface FitOptions {
  /** Ridge penalty; 0 for least squares. */
  readonly alpha?: number;
  /** Rows that were drawn independently (1), or two neighbouring rows at a time that depend on each other (2). */
  readonly cluster?: 1 | 2;
}

export interface LinearModel {
  readonly coefficients: Float64Array;
  readonly intercept: number;
  /** Standard error of each coefficient; NaN where no degree of freedom is left to estimate it from. */
  readonly standardErrors: Float64Array;
  /** What the penalty adds to each coefficient in the mean, -alpha A⁻¹ c, which more samples leave ever less of. */
  readonly penaltyBias: Float64Array;
  /** Clusters of positive weight, less the coefficients and the intercept; for Student's t. */
  readonly degreesOfFreedom: number;
}

/**
 * Minimises Σ w (y - intercept - x · coefficients)² + alpha ‖coefficients‖²; the intercept is not penalised.
 * With alpha 0 this is scikit-learn's `LinearRegression`, above its `Ridge`, both with `sample_weight`.
 *
 * Standard errors are those of `sandwichErrors`; the penalty's bias is not in them.
 * @throws InputError where sizes or weights are wrong, or the samples leave a coefficient open
 */
export function fitWeighted(
  { features, responses, weights }: Samples,
  { alpha = 0, cluster = 1 }: FitOptions = {},
): LinearModel {
  const samples = responses.length;
  const width = features.length / samples;
  const total = sum(weights);
  checkSamples({ samples, width, weights, total, alpha, cluster });

  const means = new Float64Array(width);
  let responseMean = 0;
  for (let row = 0; row < samples; row++) {
    const share = weights[row] / total;
    responseMean += share * responses[row];
    for (let i = 0; i < width; i++) means[i] += share * features[row * width + i];
  }
  // The mean of equal numbers, without the rounding that would pass for residuals.
  if (Array.from(responses).every((value) => value === responses[0])) responseMean = responses[0];

  // Centred by the weighted means, the normal equations (XᵀWX + alpha I) c = XᵀWy leave the intercept out.
  const matrix = new Float64Array(width * width);
  const right = new Float64Array(width);
  const centred = new Float64Array(width);
  const secondMoments = new Float64Array(width);
  for (let row = 0; row < samples; row++) {
    if (weights[row] === 0) continue;
    for (let i = 0; i < width; i++) centred[i] = features[row * width + i] - means[i];
    for (let i = 0; i < width; i++) {
      const weighted = weights[row] * centred[i];
      secondMoments[i] += weights[row] * features[row * width + i] ** 2;
      right[i] += weighted * (responses[row] - responseMean);
      for (let j = 0; j <= i; j++) matrix[i * width + j] += weighted * centred[j];
    }
  }
  for (let i = 0; i < width; i++) matrix[i * width + i] += alpha;

  const factor = factorise(matrix, secondMoments);
  if (typeof factor === 'number') throw undetermined(factor);
  const solve = (vector: Float64Array) => solveUpper(factor, solveLower(factor, vector));
  const coefficients = solve(right);
  const intercept = coefficients.reduce((rest, value, i) => rest - value * means[i], responseMean);
  const penaltyBias = solve(coefficients.map((value) => -alpha * value));

  const weighted = (row: number): WeightedRow => {
    const root = Math.sqrt(weights[row]);
    let residual = responses[row] - intercept;
    for (let i = 0; i < width; i++) {
      residual -= coefficients[i] * features[row * width + i];
      centred[i] = root * (features[row * width + i] - means[i]);
    }
    return { root, residual: root * residual, features: solveLower(factor, centred) };
  };
  const clusters = clustersOf(weights, cluster);
  const degreesOfFreedom = clusters.length - width - 1;
  const standardErrors =
    degreesOfFreedom < 1
      ? new Float64Array(width).fill(Number.NaN)
      : sandwichErrors(
          factor,
          clusters.map((members) => members.map(weighted)),
          total,
        );
  return { coefficients, intercept, standardErrors, penaltyBias, degreesOfFreedom };
}

/** The rows of each cluster that have a weight. */
function clustersOf(weights: ArrayLike<number>, cluster: number): number[][] {
  const clusters: number[][] = [];
  for (let start = 0; start < weights.length; start += cluster) {
    const members = [start, start + 1].slice(0, cluster).filter((row) => weights[row] > 0);
    if (members.length > 0) clusters.push(members);
  }
  return clusters;
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}

function checkSamples(got: {
  readonly samples: number;
  readonly width: number;
  readonly weights: ArrayLike<number>;
  readonly total: number;
  readonly alpha: number;
  readonly cluster: number;
}): void {
  const where = 'fitWeighted';
  if (!Number.isInteger(got.width) || got.width < 1 || got.weights.length !== got.samples) {
    throw failAt(where)(
      'features, responses and weights do not belong together',
      'rows of equal length, one response and one weight each',
      `${got.samples} responses, ${got.weights.length} weights, ${got.width} features each`,
    );
  }
  if (got.samples % got.cluster !== 0) {
    throw failAt(where)(
      'a row without its neighbour',
      `clusters of ${got.cluster} rows`,
      `${got.samples} rows`,
    );
  }
  const wrong = Array.from(got.weights).find((weight) => !(weight >= 0));
  if (wrong !== undefined || !(got.total > 0 && Number.isFinite(got.total))) {
    throw failAt(where)(
      'not usable as weights',
      'finite numbers from 0, not all 0',
      wrong === undefined ? `a sum of ${got.total}` : String(wrong),
    );
  }
  if (!(got.alpha >= 0)) {
    throw failAt(where)('not a penalty', 'alpha from 0', String(got.alpha));
  }
}

function undetermined(feature: number): InputError {
  return failAt('fitWeighted', 'Take more samples, weight them more evenly, or set alpha above 0.')(
    `the samples do not determine the coefficient of feature ${feature}`,
    'more different samples than features',
    'features that the others explain fully, or samples whose weights vanish',
  );
}
