/** Whether stated errors are true: how often an interval holds the reference's value, and how far the map really is from it. */
import { studentQuantile } from 'landlens/analysis/studentQuantile';
import { sumOfSquares } from 'landlens/attribution/uncertainty';

/** Values with their standard errors, one image's. */
export interface Estimate {
  readonly values: ArrayLike<number>;
  readonly standardErrors: ArrayLike<number>;
  /** Of the standard errors; Infinity where they are bounds. */
  readonly degreesOfFreedom: number;
}

/** Indices of the fewest values that hold the share of the sum of all magnitudes: those that carry relevance. */
export function carriersOf(values: ArrayLike<number>, share = 0.99): readonly number[] {
  const magnitudes = Float64Array.from(values, Math.abs);
  const order = [...magnitudes.keys()].sort((a, b) => magnitudes[b] - magnitudes[a]);
  const whole = magnitudes.reduce((sum, magnitude) => sum + magnitude, 0);
  const carriers: number[] = [];
  let held = 0;
  for (const at of order) {
    if (held >= share * whole) break;
    carriers.push(at);
    held += magnitudes[at];
  }
  return carriers;
}

/**
 * The share of the values that carry the reference's relevance whose interval holds the reference's value: their distance
 * is at most t · √(s² + r²) with both standard errors, as the reference has an error too. NaN where it is all zeros.
 *
 * t has Welch and Satterthwaite's degrees of freedom, of the shares that s² and r² have over all values: by the value, the
 * interval would be too narrow where s happens to be too small (93.9 % of honest errors from 4 copies; this holds 95.6 %,
 * from 8 copies on 95.0 %).
 * @param level of the interval
 */
export function coverageOf(estimate: Estimate, reference: Estimate, level = 0.95): number {
  const [own, other] = [estimate, reference].map(({ standardErrors }) => sumOfSquares(standardErrors));
  const both = own + other;
  const spread =
    (own / both) ** 2 / estimate.degreesOfFreedom + (other / both) ** 2 / reference.degreesOfFreedom;
  const quantile = both === 0 ? 0 : studentQuantile(level, 1 / spread);
  const carriers = carriersOf(reference.values);
  const held = carriers.filter((at) => {
    const error = Math.hypot(estimate.standardErrors[at], reference.standardErrors[at]);
    return Math.abs(estimate.values[at] - reference.values[at]) <= quantile * error;
  });
  return held.length / carriers.length;
}

/**
 * ‖values - limit‖₂ / ‖limit‖₂, where the limit is known by the reference: what the reference's own error adds to both
 * squared norms, on average, is taken off.
 */
export function errorAgainstReference(values: ArrayLike<number>, reference: Estimate): number {
  const distance = sumOfSquares(Float64Array.from(values, (value, i) => value - reference.values[i]));
  const known = sumOfSquares(reference.standardErrors);
  return Math.sqrt(Math.max(0, distance - known) / (sumOfSquares(reference.values) - known));
}
