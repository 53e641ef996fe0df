/** Medians, spreads, ratios and how far two maps are apart. */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error('no values to summarise');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1] };
}

/** NaN for no values. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** A measurement with so much work, such as samples, as its unit counts. */
export interface Point {
  readonly units: number;
  readonly seconds: number;
}

/**
 * Seconds at `full` units on the line through two points; through zero and the larger one where the line would fall,
 * or where there is only one.
 */
export function extrapolate(low: Point | undefined, high: Point, full: number): number {
  const slope = low === undefined ? 0 : (high.seconds - low.seconds) / (high.units - low.units);
  if (slope <= 0) return (high.seconds * full) / high.units;
  return high.seconds + (full - high.units) * slope;
}

export interface Difference {
  /** Largest difference of a value, as a share of the largest value of `b`. */
  readonly largest: number;
  /** Norm of the difference as a share of the norm of `b`. */
  readonly norm: number;
}

/** Both shares are NaN where a value is, and infinite where only `b` is all zeros. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): Difference {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`);
  let [largest, scale, squares, total] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const gap = Math.abs(a[i] - b[i]);
    largest = gap > largest || Number.isNaN(gap) ? gap : largest;
    scale = Math.max(scale, Math.abs(b[i]));
    squares += gap * gap;
    total += b[i] * b[i];
  }
  const share = (gap: number, whole: number): number => (gap === 0 ? 0 : gap / whole);
  return { largest: share(largest, scale), norm: share(Math.sqrt(squares), Math.sqrt(total)) };
}
