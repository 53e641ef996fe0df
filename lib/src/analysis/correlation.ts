/** Correlation of two series, with its significance. */
import { sampleCorrelation, sampleRankCorrelation } from 'simple-statistics';
import { requireFinite, requireLength } from '../check.js';
import { failAt } from '../error.js';
import { regularisedBeta } from './incompleteBeta.js';

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
