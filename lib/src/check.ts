/** Checks of numeric input that several layers share; each failure is one InputError. */
import { InputError } from './error.js';

/** Throws where a value is NaN or infinite: it would spread silently through sums, sorts and norms. */
export function requireFinite(values: ArrayLike<number>, where: string): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new InputError({
        what: 'a value is not a finite number',
        where,
        expected: 'finite numbers',
        got: `${values[i]} at position ${i}`,
      });
    }
  }
}

export function requireLength(values: ArrayLike<unknown>, expected: number, where: string): void {
  if (values.length !== expected) {
    throw new InputError({
      what: 'wrong number of values',
      where,
      expected: `${expected}`,
      got: `${values.length}`,
    });
  }
}

export function requireShape(
  shape: readonly number[],
  expected: readonly (number | string)[],
  where: string,
): void {
  const fits =
    shape.length === expected.length &&
    expected.every((dimension, i) => typeof dimension === 'string' || dimension === shape[i]);
  if (!fits) {
    throw new InputError({
      what: 'wrong shape',
      where,
      expected: `[${expected.join(', ')}]`,
      got: `[${shape.join(', ')}]`,
    });
  }
}

export function requireCount(value: number, where: string, least = 1): void {
  if (!Number.isInteger(value) || value < least) {
    throw new InputError({
      what: 'not a count',
      where,
      expected: `an integer of at least ${least}`,
      got: `${value}`,
    });
  }
}
