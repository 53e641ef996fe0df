/** How far a sampled or approximated attribution may be from what more samples would give. */
import { rows, stack, type Tensor } from '../tensor.js';

/**
 * The error that sampling or approximation leaves in an attribution's values, for [images, bands, height, width]. With
 * t of Student's distribution at `degreesOfFreedom`, value ± t · standardError holds the limit of ever more samples with
 * t's confidence, value by value.
 */
export interface Uncertainty {
  /** Standard error of each value, of the shape of `values`. */
  readonly standardError: Tensor;
  /**
   * Standard error of the sum over the bands, [images, 1, height, width]: bands share their noise, so it does not follow
   * from `standardError`. `relevanceError` makes a map of it.
   */
  readonly pixelStandardError: Tensor;
  /** Per image, of both standard errors; Infinity where they are bounds, not estimates. */
  readonly degreesOfFreedom: readonly number[];
  /**
   * Per image, the relative L2 error to expect of the whole attribution, see `relativeErrorOf`; Infinity where nothing of
   * the values stands out of their error.
   */
  readonly relativeError: readonly number[];
  /** Per image, the gradients that were used, or the forward passes where a method needs no gradient. */
  readonly evaluations: readonly number[];
  /**
   * True where the error is that of a rule, much the same for like images, and not of chance: a mean over noisy copies
   * does not make it less.
   */
  readonly systematic?: true;
  /** Per image, where a tolerance was asked for: whether the relative error came to it before the limit. */
  readonly reached?: readonly boolean[];
}

/**
 * ‖s‖ / √(‖v‖² - ‖s‖²) of standard errors s and values v: the values hold their noise too, E ‖v‖² = ‖limit‖² + ‖s‖², and
 * an error relative to the limit must not shrink by it. Infinity where no limit is left over, 0 where there is no error.
 */
export function relativeErrorOf(standardError: ArrayLike<number>, values: ArrayLike<number>): number {
  const error = sumOfSquares(standardError);
  const limit = sumOfSquares(values) - error;
  if (error === 0) return 0;
  return limit > 0 ? Math.sqrt(error / limit) : Number.POSITIVE_INFINITY;
}

export function sumOfSquares(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i] * values[i];
  return squares;
}

/** The uncertainty of one image. */
export function uncertaintyAt(whole: Uncertainty, i: number): Uncertainty {
  return {
    standardError: rows(whole.standardError, i),
    pixelStandardError: rows(whole.pixelStandardError, i),
    degreesOfFreedom: [whole.degreesOfFreedom[i]],
    relativeError: [whole.relativeError[i]],
    evaluations: [whole.evaluations[i]],
    ...(whole.systematic && { systematic: whole.systematic }),
    ...(whole.reached && { reached: [whole.reached[i]] }),
  };
}

/** Several images' uncertainties as one; all of them have a tolerance, or none. */
export function stackUncertainties(parts: readonly Uncertainty[]): Uncertainty {
  const reached = parts.flatMap((part) => part.reached ?? []);
  return {
    standardError: stack(parts.map((part) => part.standardError)),
    pixelStandardError: stack(parts.map((part) => part.pixelStandardError)),
    degreesOfFreedom: parts.flatMap((part) => part.degreesOfFreedom),
    relativeError: parts.flatMap((part) => part.relativeError),
    evaluations: parts.flatMap((part) => part.evaluations),
    ...(parts.some((part) => part.systematic) && { systematic: true as const }),
    ...(reached.length > 0 && { reached }),
  };
}
