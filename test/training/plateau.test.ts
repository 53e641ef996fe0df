import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { defaultPlateau, followPlateau } from '../../lib/src/training/plateau.js';

interface Case {
  readonly options: {
    readonly factor: number;
    readonly patience: number;
    readonly threshold: number;
    readonly leastRate: number;
  };
  readonly losses: readonly number[];
  /** Learning rate after each loss, by PyTorch's ReduceLROnPlateau. */
  readonly rates: readonly number[];
}

const cases: readonly Case[] = JSON.parse(
  readFileSync(new URL('../fixtures/plateau.json', import.meta.url), 'utf8'),
);

describe('a plateau of the validation loss', () => {
  it(`lowers the rate as PyTorch's ReduceLROnPlateau does (${cases.length} sequences, to 1e-12 of the rate)`, () => {
    assert.ok(cases.length >= 100);
    for (const { options, losses, rates } of cases) {
      for (const [i, expected] of rates.entries()) {
        const { rate } = followPlateau(losses.slice(0, i + 1), 0.001, { ...options, stopAfter: 1e9 });
        assert.ok(Math.abs(rate - expected) <= 1e-12 * expected, `${losses}: ${rate}, ${expected} at ${i}`);
      }
    }
  });

  it('keeps the lowest loss, the first of equals, and stops so many checks after it', () => {
    const plateau = { ...defaultPlateau, stopAfter: 2 };
    const follow = (...losses: number[]) => followPlateau(losses, 1, plateau);
    assert.deepEqual(follow(), { rate: 1, best: -1, isOver: false });
    assert.deepEqual(follow(3, 1, 2), { rate: 1, best: 1, isOver: false });
    assert.deepEqual(follow(3, 1, 1, 2), { rate: 1, best: 1, isOver: true });
    assert.deepEqual(follow(3, 1, 2, 0.5), { rate: 1, best: 3, isOver: false });
  });
});
