/** What a test of stated errors needs: the uncertainty, and values that are near others. */
import { equal, ok } from 'node:assert/strict';
import type { Attribution } from '../../lib/src/attribution/attribution.js';
import type { Uncertainty } from '../../lib/src/attribution/uncertainty.js';

export function known({ uncertainty }: Attribution): Uncertainty {
  ok(uncertainty !== undefined, 'no uncertainty is stated');
  return uncertainty;
}

export function near(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-6): void {
  equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    ok(Math.abs(actual[i] - expected[i]) <= tolerance, `value ${i}: ${actual[i]}, expected ${expected[i]}`);
  }
}
