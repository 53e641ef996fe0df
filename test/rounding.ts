/** How far a map computed in single precision may be from the exact one, on any processor. */
import { equal, ok } from 'node:assert/strict';

export interface Difference {
  /** The largest difference, as a share of the largest value. */
  readonly largest: number;
  /** The norm of the difference, as a share of the norm. */
  readonly norm: number;
  /** The share of values that differ by more than a hundredth of the largest value. */
  readonly far: number;
}

/**
 * @param maximum the largest magnitude of the whole map, where `expected` is a part of it
 */
export function difference(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  maximum = Array.from(expected).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0),
): Difference {
  equal(actual.length, expected.length, 'the maps have the same size');
  let [largest, error, square, far] = [0, 0, 0, 0];
  for (let i = 0; i < expected.length; i++) {
    const distance = Math.abs(actual[i] - expected[i]);
    // Written so that NaN counts as far.
    if (!(distance <= 0.01 * maximum)) far++;
    largest = Math.max(largest, distance);
    error += distance ** 2;
    square += expected[i] ** 2;
  }
  return {
    largest: largest / (maximum || 1),
    norm: Math.sqrt(error) / (Math.sqrt(square) || 1),
    far: far / expected.length,
  };
}

/** What rounding can do where nothing flips: to functions that are continuous, and to gradients away from every kink. */
export const continuous = 1e-4;

/**
 * How far rounding can move a map whose gradient passes `layers` layers of ReLUs or maxima, as a share of its norm.
 *
 * A sum in single precision is off by a share of about p = 2^-22 of its own size, whatever the order of its terms. A
 * unit whose input (or the difference of whose two candidates) lies nearer to 0 than that, which is the case for a
 * share p of the units, may flip: it passes the gradient on one processor and not on another. In a layer of n units a
 * flip moves the gradient's squared norm by 1/n, and p n of them flip: by p in all, however large the layer is. L layers
 * move it by L p, the norm by sqrt(L p): 0.5 percent for the 122 layers of DenseNet-121, 0.35 for the 50 of ResNet-50.
 * Flips are rare and of many sizes, so the limit is ten times that, which by Markov's inequality at most one processor
 * in a hundred exceeds, were every flip a draw of its own. Moving every input value by up to 16 units in its last place
 * moved the norms by 0.1 and 0.75 percent, by 64 units 1.4 percent, where sqrt(L p) is 1.3 and 2.7. A wrong rule at
 * every unit of a layer moves the norm by tens of percent.
 *
 * Where no layer is passed, `continuous` is left: sums of single precision, and what cancels in them.
 */
export const flippedNorm = (layers: number): number => continuous + 10 * Math.sqrt(layers * 2 ** -22);

/**
 * The limits for a gradient through a whole network of some hundred layers: of its norm, and of the share of values
 * further off than a hundredth of the maximum (early layers have 1e5 units, each seen by few pixels, so that a flip
 * moves few values, perhaps far). No limit on single values: one flip moves some of them by any amount.
 */
export const flips = { norm: 0.05, far: 0.02 } as const;

export const differenceText = ({ largest, norm, far }: Difference): string =>
  `${largest.toExponential(1)} of the maximum, ${norm.toExponential(1)} of the norm, ${(100 * far).toFixed(2)} % of values far off`;

/** @param limit of the norm */
export const withinFlips = ({ norm, far }: Difference, limit: number = flips.norm): boolean =>
  norm <= limit && far <= flips.far;

/** Asserts that two maps agree but for a few flipped ReLUs. */
export function agreeButForFlips(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
  maximum?: number,
): void {
  const found = difference(actual, expected, maximum);
  if (process.env.LANDLENS_REPORT) console.log(`      ${what}: ${differenceText(found)}`);
  ok(withinFlips(found), `${what} differs by ${differenceText(found)}`);
}
