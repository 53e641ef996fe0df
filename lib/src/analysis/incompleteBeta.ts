/** The incomplete beta function, which Student's t and the significance of correlations rest on. */
import { gammaln } from 'simple-statistics';

/** The regularised incomplete beta function I_x(a, b); why not a library: docs/dependencies.md. */
export function regularisedBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The continued fraction converges fast below the mean of the distribution; above, use I_x(a, b) = 1 - I_{1-x}(b, a).
  if (x > (a + 1) / (a + b + 2)) return 1 - regularisedBeta(1 - x, b, a);
  const logFront = gammaln(a + b) - gammaln(a) - gammaln(b) + a * Math.log(x) + b * Math.log1p(-x);
  return (Math.exp(logFront) / a) * betaFraction(x, a, b);
}

/** The continued fraction of I_x(a, b) (DLMF 8.17.22), by Lentz's method; needs some √max(a, b) terms. */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    for (const coefficient of [even, odd]) {
      d = 1 / away(1 + coefficient * d);
      c = away(1 + coefficient / c);
      fraction *= d * c;
    }
    if (Math.abs(d * c - 1) < 1e-14) return fraction;
  }
  return fraction;
}
