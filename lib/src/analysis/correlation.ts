/** Correlation of two series, with its significance. */
import { gammaln, sampleCorrelation, sampleRankCorrelation } from 'simple-statistics';
import { requireFinite, requireLength } from '../check.js';
import { failAt } from '../error.js';

export interface Correlation {
  /** -1 to 1. */
  readonly r: number;
  /** Two-sided p-value of the t-test with n - 2 degrees of freedom against no correlation. */
  readonly p: number;
}

/** Pearson's linear correlation, as scipy's `pearsonr`. InputError for fewer than 3 pairs or a constant series. */
export function pearson(x: readonly number[], y: readonly number[]): Correlation {
  requireSeries(x, y, 'pearson');
  return withSignificance(sampleCorrelation(x, y), x.length);
}

/** Spearman's rank correlation, ties given their average rank, as scipy's `spearmanr`; same errors as pearson. */
export function spearman(x: readonly number[], y: readonly number[]): Correlation {
  requireSeries(x, y, 'spearman');
  return withSignificance(sampleRankCorrelation(x, y), x.length);
}

/** Two-sided 95 % quantile of the normal distribution. */
const z95 = 1.959963984540054;

/**
 * The 95 % confidence interval of Pearson's r from `count` pairs, by Fisher's transformation: tanh(artanh r ± z / √(n - 3)).
 * InputError for fewer than 4 pairs.
 */
export function fisherInterval(r: number, count: number): { readonly low: number; readonly high: number } {
  if (!(Math.abs(r) <= 1) || count < 4) {
    throw failAt('fisherInterval')(
      'the interval is not defined',
      'r from -1 to 1, of at least 4 pairs',
      `${r} of ${count} pairs`,
    );
  }
  const half = z95 / Math.sqrt(count - 3);
  return { low: Math.tanh(Math.atanh(r) - half), high: Math.tanh(Math.atanh(r) + half) };
}

function requireSeries(x: readonly number[], y: readonly number[], where: string): void {
  requireLength(y, x.length, `${where}, y`);
  for (const [name, series] of Object.entries({ x, y })) {
    requireFinite(series, `${where}, ${name}`);
    if (series.length < 3 || series.every((value) => value === series[0])) {
      throw failAt(`${where}, ${name}`)(
        'correlation is not defined',
        'at least 3 values that are not all equal',
        series.length < 3 ? `${series.length} values` : `${series[0]} throughout`,
      );
    }
  }
}

function withSignificance(rounded: number, count: number): Correlation {
  const r = Math.max(-1, Math.min(1, rounded));
  // t² = r² (n - 2) / (1 - r²), and P(|T| > t) = I_{ν / (ν + t²)}(ν / 2, 1 / 2), whose argument is 1 - r².
  return { r, p: regularisedBeta((1 - r) * (1 + r), (count - 2) / 2, 1 / 2) };
}

/** The regularised incomplete beta function I_x(a, b); why not a library: docs/dependencies.md. */
function regularisedBeta(x: number, a: number, b: number): number {
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
