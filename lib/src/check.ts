/** Checks of input that several layers share; each failure is one InputError. */
import { failAt } from './error.js';

/** Throws where a value is NaN or infinite: it would spread silently through sums, sorts and norms. */
export function requireFinite(values: ArrayLike<number>, where: string): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]))
      throw failAt(where)(
        'a value is not a finite number',
        'finite numbers',
        `${values[i]} at position ${i}`,
      );
  }
}

export function requireLength(values: ArrayLike<unknown>, expected: number, where: string): void {
  if (values.length !== expected)
    throw failAt(where)('wrong number of values', `${expected}`, `${values.length}`);
}

export function requireShape(
  shape: readonly number[],
  expected: readonly (number | string)[],
  where: string,
): void {
  const fits =
    shape.length === expected.length &&
    expected.every((dimension, i) => typeof dimension === 'string' || dimension === shape[i]);
  if (!fits) throw failAt(where)('wrong shape', `[${expected.join(', ')}]`, `[${shape.join(', ')}]`);
}

export function requireCount(value: number, where: string, least = 1): void {
  if (!Number.isInteger(value) || value < least)
    throw failAt(where)('not a count', `an integer of at least ${least}`, `${value}`);
}

/** Throws where a value is none of the choices; `name` says what is chosen. */
export function requireChoice<T>(name: string, value: T, choices: readonly T[], where: string): void {
  if (!choices.includes(value))
    throw failAt(where)(`unknown ${name}`, choices.join(' or '), JSON.stringify(value));
}
