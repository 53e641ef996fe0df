/** Intervals of medians and of what is made of them, outliers, lines through two amounts, and how far two maps are apart. */
import { createRandom } from 'landlens/random';
import { median, medianAbsoluteDeviation } from 'simple-statistics';

/** A figure of several rounds with the interval in which it lies with the confidence of its level. */
export interface Interval {
  /** NaN where no round is known. */
  readonly value: number;
  readonly low: number;
  /** Infinite where nothing bounds it. */
  readonly high: number;
  /** From 0 to 1. */
  readonly level: number;
}

/** What one round says; undefined where it was lost in noise, so that it may have been anything above 0. */
export type Round = number | undefined;

/** A figure without uncertainty. */
export const exactly = (value: number): Interval => ({ value, low: value, high: value, level: 1 });

/** The level of the least and the most of five rounds, 93.75 %: no verdict rests on less. */
export const requiredLevel = 1 - 2 * 0.5 ** 5;

/** Confidence that a median lies from the k-th least to the k-th largest of n values: 1 - 2 P(Binomial(n, 1/2) < k). */
export function orderStatisticLevel(n: number, k: number): number {
  let [tail, term] = [0, 0.5 ** n];
  for (let i = 0; i < k; i++) {
    tail += term;
    term *= (n - i) / (i + 1);
  }
  return 1 - 2 * tail;
}

export const known = (rounds: readonly Round[]): readonly number[] =>
  rounds.filter((round) => round !== undefined);

/** The median of what is known; NaN where nothing is. */
export function medianOf(rounds: readonly Round[]): number {
  const values = known(rounds);
  return values.length === 0 ? Number.NaN : median([...values]);
}

/** The median with every unknown round at the given value. */
export const medianWith = (rounds: readonly Round[], unknown: number): number =>
  median(rounds.map((round) => round ?? unknown));

/**
 * The median of positive figures, one a round, with the narrowest interval of order statistics that reaches the required
 * level (exact whatever the figures' distribution), or all of them where they are too few. An unknown round counts as 0
 * for the lower end and as infinite for the upper one.
 */
export function medianInterval(rounds: readonly Round[]): Interval {
  const n = rounds.length;
  if (n === 0) throw new Error('no rounds to summarise');
  let k = 1;
  while (orderStatisticLevel(n, k + 1) >= requiredLevel) k++;
  const sorted = (unknown: number) => rounds.map((round) => round ?? unknown).sort((a, b) => a - b);
  return {
    value: medianOf(rounds),
    low: sorted(0)[k - 1],
    high: sorted(Infinity)[n - k],
    // A single round says nothing.
    level: Math.max(0, orderStatisticLevel(n, k)),
  };
}

/** A figure of several rows' rounds; its bounds take what is unknown as bad and as good as it may have been. */
export interface Figure<Item> {
  readonly value: (rows: readonly (readonly Item[])[]) => number;
  readonly low: (rows: readonly (readonly Item[])[]) => number;
  readonly high: (rows: readonly (readonly Item[])[]) => number;
}

/**
 * A figure with its percentile interval by the bootstrap: of every row, as many of its rounds are drawn with
 * replacement as it has. The level is at most that of the row with the fewest rounds by itself.
 * @param rows what a round measured in all columns stays together
 */
export function bootstrapInterval<Item>(
  rows: readonly (readonly Item[])[],
  figure: Figure<Item>,
  { resamples = 1000, seed = 0 } = {},
): Interval {
  const fewest = Math.min(...rows.map((rounds) => rounds.length));
  const level = Math.max(0, Math.min(0.95, orderStatisticLevel(fewest, 1)));
  const random = createRandom(seed, 'bootstrap');
  const [lows, highs]: [number[], number[]] = [[], []];
  for (let i = 0; i < resamples; i++) {
    const drawn = rows.map((rounds) => rounds.map(() => random.pick(rounds)));
    lows.push(figure.low(drawn));
    highs.push(figure.high(drawn));
  }
  const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
  const cut = Math.floor(((1 - level) / 2) * resamples);
  return {
    value: figure.value(rows),
    low: sorted(lows)[cut],
    high: sorted(highs)[resamples - 1 - cut],
    level,
  };
}

export interface Outlier {
  /** From 1. */
  readonly round: number;
  readonly value: number;
}

/** Rounds beyond 3 scaled median absolute deviations (1.4826 MAD, the deviation of normal noise) from their median. */
export function outliersOf(rounds: readonly Round[]): readonly Outlier[] {
  const values = known(rounds);
  if (values.length === 0) return [];
  const centre = medianOf(values);
  const limit = 3 * 1.4826 * medianAbsoluteDeviation([...values]);
  return rounds.flatMap((value, i) =>
    value !== undefined && Math.abs(value - centre) > limit ? [{ round: i + 1, value }] : [],
  );
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
 * Seconds at `full` units on the line through two points, so that what does not grow with the units is not scaled;
 * undefined where more units took no longer: that is noise, and says nothing of the whole.
 */
export function extrapolate(low: Point, high: Point, full: number): Round {
  const slope = (high.seconds - low.seconds) / (high.units - low.units);
  return slope > 0 ? high.seconds + (full - high.units) * slope : undefined;
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
