/** Quantiles of Student's t: how many standard errors an interval reaches. */
import { failAt } from '../error.js';
import { regularisedBeta } from './incompleteBeta.js';

/**
 * t with P(|T| ≤ t) = level for Student's T of d ≥ 1 degrees of freedom, not necessarily whole: with y = t² / (d + t²) that
 * probability is I_y(1/2, d/2), in which y is found by bisection.
 * @param level of the interval -t to t, 0 to 1
 * @param degreesOfFreedom such as `uncertainty.degreesOfFreedom[0]` of an attribution
 * @throws InputError for a level outside 0 to 1, or fewer than 1 degree of freedom
 * @example value ± studentQuantile(0.95, 7) * standardError // 2.365 standard errors
 */
export function studentQuantile(level: number, degreesOfFreedom: number): number {
  if (!(level > 0 && level < 1) || !(degreesOfFreedom >= 1)) {
    const got = `level ${level}, ${degreesOfFreedom} degrees of freedom`;
    const expected = 'a level between 0 and 1, at least 1 degree of freedom';
    throw failAt('studentQuantile')('no such quantile', expected, got);
  }
  // Beyond, T is normal to seven digits.
  const d = Math.min(degreesOfFreedom, 1e7);
  let [low, high] = [0, 1];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (regularisedBeta(middle, 1 / 2, d / 2) < level) low = middle;
    else high = middle;
  }
  return Math.sqrt((d * high) / (1 - high));
}
