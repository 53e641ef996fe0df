/** A linear model fitted to weighted samples: least squares, or ridge regression. */
import { InputError } from '../error.js';

export interface Samples {
  /** One row of features after the other [samples * features]. */
  readonly features: ArrayLike<number>;
  /** What the model shall give for each row [samples]. */
  readonly responses: ArrayLike<number>;
  /** How much each row counts [samples], at least 0, not all 0. */
  readonly weights: ArrayLike<number>;
}

export interface LinearModel {
  readonly coefficients: Float64Array;
  readonly intercept: number;
}

/**
 * Minimises Σ w (y - intercept - x · coefficients)² + alpha ‖coefficients‖²; the intercept is not penalised.
 * With alpha 0 this is scikit-learn's `LinearRegression`, above its `Ridge`, both with `sample_weight`.
 * @throws InputError where sizes or weights are wrong, or the samples leave a coefficient open
 */
export function fitWeighted(
  { features, responses, weights }: Samples,
  { alpha = 0 }: { readonly alpha?: number } = {},
): LinearModel {
  const samples = responses.length;
  const width = features.length / samples;
  const total = sum(weights);
  checkSamples({ samples, width, weights, total, alpha });

  const means = new Float64Array(width);
  let responseMean = 0;
  for (let row = 0; row < samples; row++) {
    const share = weights[row] / total;
    responseMean += share * responses[row];
    for (let i = 0; i < width; i++) means[i] += share * features[row * width + i];
  }

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

  const coefficients = solveSymmetric(matrix, right, secondMoments);
  const intercept = coefficients.reduce((rest, value, i) => rest - value * means[i], responseMean);
  return { coefficients, intercept };
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
}): void {
  const where = 'fitWeighted';
  if (!Number.isInteger(got.width) || got.width < 1 || got.weights.length !== got.samples) {
    throw new InputError({
      what: 'features, responses and weights do not belong together',
      where,
      expected: 'rows of equal length, one response and one weight each',
      got: `${got.samples} responses, ${got.weights.length} weights, ${got.width} features each`,
    });
  }
  const wrong = Array.from(got.weights).find((weight) => !(weight >= 0));
  if (wrong !== undefined || !(got.total > 0 && Number.isFinite(got.total))) {
    throw new InputError({
      what: 'not usable as weights',
      where,
      expected: 'finite numbers from 0, not all 0',
      got: wrong === undefined ? `a sum of ${got.total}` : String(wrong),
    });
  }
  if (!(got.alpha >= 0)) {
    throw new InputError({ what: 'not a penalty', where, expected: 'alpha from 0', got: String(got.alpha) });
  }
}

/**
 * Solves M x = b for a symmetric positive definite M by Cholesky's M = L Lᵀ.
 * @param matrix row-major, only the lower triangle is read; MUTATED: becomes L
 * @param scales of the sums behind each row of M, against which a rest counts as rounding
 */
function solveSymmetric(matrix: Float64Array, right: Float64Array, scales: Float64Array): Float64Array {
  const size = right.length;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i * size + j];
      for (let k = 0; k < j; k++) rest -= matrix[i * size + k] * matrix[j * size + k];
      if (j < i) matrix[i * size + j] = rest / matrix[j * size + j];
      else if (rest > 8 * size * Number.EPSILON * scales[i]) matrix[i * size + i] = Math.sqrt(rest);
      else throw undetermined(i);
    }
  }
  const x = Float64Array.from(right);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) x[i] -= matrix[i * size + k] * x[k];
    x[i] /= matrix[i * size + i];
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) x[i] -= matrix[k * size + i] * x[k];
    x[i] /= matrix[i * size + i];
  }
  return x;
}

function undetermined(feature: number): InputError {
  return new InputError({
    what: `the samples do not determine the coefficient of feature ${feature}`,
    where: 'fitWeighted',
    expected: 'more different samples than features',
    got: 'features that the others explain fully, or samples whose weights vanish',
    todo: 'Take more samples, weight them more evenly, or set alpha above 0.',
  });
}
