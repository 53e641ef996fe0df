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

/**
 * What rounding can do to a gradient through ReLUs. Sums of single precision are off by some 1e-6 of their size, and
 * where a ReLU's input (or the difference of two candidates of a maximum) is nearer to 0 than that, rounding decides
 * whether the gradient passes. A network with millions of ReLUs has a few such units in every pass, other ones on every
 * processor. One unit carries about 1 / sqrt(active units of its layer) of the gradient's norm: early layers have 1e5
 * units, each seen by few pixels, so a flip moves few values, perhaps far; late layers of these networks still have
 * 1e3 to 1e4, each seen by the whole image, so a flip moves all values by a percent or two of the norm. Hence two
 * limits at once: 5 percent of the norm, and 2 percent of the values further off than a hundredth of the maximum. No
 * limit on single values: one flip moves some of them by any amount. Moving every input value of DenseNet-121 and
 * ResNet-50 by up to 16 units in its last place, several times what arithmetic does, flipped enough for 0.8 percent of
 * the norm and no value far off (64 units: 1.4 percent, and 1 percent of the values). A wrong rule at every unit of a layer
 * moves the norm by tens of percent.
 */
export const flips = { norm: 0.05, far: 0.02 } as const;

/** What rounding can do where nothing flips: to functions that are continuous, and to gradients away from every kink. */
export const continuous = 1e-4;

export const differenceText = ({ largest, norm, far }: Difference): string =>
  `${largest.toExponential(1)} of the maximum, ${norm.toExponential(1)} of the norm, ${(100 * far).toFixed(2)} % of values far off`;

export const withinFlips = ({ norm, far }: Difference): boolean => norm <= flips.norm && far <= flips.far;

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
