/** Intervals of medians and sums, outliers, and lines through two amounts, against figures worked out by hand. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  bootstrapInterval,
  difference,
  extrapolate,
  type Figure,
  geometricMean,
  medianInterval,
  medianOf,
  medianWith,
  orderStatisticLevel,
  outliersOf,
  type Round,
  requiredLevel,
} from '../../bench/statistics.js';

/** Unknown rounds as 0 and as infinite. */
const sumOfMedians: Figure<Round> = {
  value: (rows) => rows.reduce((sum, rounds) => sum + medianOf(rounds), 0),
  low: (rows) => rows.reduce((sum, rounds) => sum + medianWith(rounds, 0), 0),
  high: (rows) => rows.reduce((sum, rounds) => sum + medianWith(rounds, Infinity), 0),
};

describe('bench statistics', () => {
  it('knows the level of order statistics', () => {
    // Five fair coins: all on one side with 2 / 32; at most one on a side with 2 * 6 / 32.
    assert.equal(orderStatisticLevel(5, 1), 1 - 2 / 32);
    assert.equal(orderStatisticLevel(5, 2), 1 - 12 / 32);
    // 1 + 9 and 1 + 9 + 36 of 512.
    assert.equal(orderStatisticLevel(9, 2), 1 - 20 / 512);
    assert.equal(orderStatisticLevel(9, 3), 1 - 92 / 512);
    assert.equal(requiredLevel, 0.9375);
  });

  it('takes the narrowest order statistics that reach the level', () => {
    assert.deepEqual(medianInterval([5, 1, 4, 2, 3]), { value: 3, low: 1, high: 5, level: 0.9375 });
    const nine = [9, 8, 7, 6, 5, 4, 3, 2, 1];
    assert.deepEqual(medianInterval(nine), { value: 5, low: 2, high: 8, level: 1 - 20 / 512 });
    // Of eight, the second would hold with 1 - 18 / 256 = 93.0 %.
    assert.deepEqual(medianInterval(nine.slice(1)), { value: 4.5, low: 1, high: 8, level: 1 - 2 / 256 });
  });

  it('says how little few rounds tell', () => {
    assert.deepEqual(medianInterval([2, 4]), { value: 3, low: 2, high: 4, level: 0.5 });
    assert.deepEqual(medianInterval([2]), { value: 2, low: 2, high: 2, level: 0 });
    assert.throws(() => medianInterval([]), /no rounds/);
  });

  it('lets an unknown round have been anything', () => {
    const five = medianInterval([3, undefined, 1, 2, 4]);
    assert.deepEqual(five, { value: 2.5, low: 0, high: Infinity, level: 0.9375 });
    const nine = medianInterval([1, 2, 3, 4, undefined, 6, 7, 8, 9]);
    assert.deepEqual([nine.low, nine.high], [1, 9], 'one of nine is not at either end that counts');
    assert.ok(Number.isNaN(medianInterval([undefined, undefined]).value));
  });

  it('holds the median as often as its level says', () => {
    // Of a fair coin, "below the median" and "above it": every outcome of 9 rounds, counted.
    let held = 0;
    for (let bits = 0; bits < 2 ** 9; bits++) {
      const rounds = Array.from({ length: 9 }, (_, i) => ((bits >> i) & 1 ? 2 : 0.5));
      const { low, high } = medianInterval(rounds);
      if (low < 1 && high > 1) held++;
    }
    assert.equal(held / 2 ** 9, medianInterval(new Array(9).fill(1)).level);
  });

  it('draws rounds anew for what several rows make', () => {
    const one = bootstrapInterval([[3, 1, 4, 2, 5]], sumOfMedians);
    assert.deepEqual(one, { value: 3, low: 1, high: 5, level: 0.9375 }, 'as the order statistics');
    const still = bootstrapInterval([new Array(20).fill(2), new Array(7).fill(8)], sumOfMedians);
    assert.deepEqual(still, { value: 10, low: 10, high: 10, level: 0.95 });
    assert.equal(bootstrapInterval([[1, 2, 3]], sumOfMedians).level, 0.75);
  });

  it('takes what is unknown as bad and as good as it may have been', () => {
    const { low, value, high } = bootstrapInterval([[1, undefined, 2, 3, 4]], sumOfMedians);
    assert.deepEqual([low, value, high], [0, 2.5, Infinity]);
  });

  it('bounds a sum of medians by the sums of the rows’ bounds', () => {
    const rounds = fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 5, maxLength: 9 });
    fc.assert(
      fc.property(fc.array(rounds, { minLength: 1, maxLength: 4 }), (rows) => {
        const { low, value, high } = bootstrapInterval(rows, sumOfMedians, { resamples: 200 });
        const ends = rows.map((row) => [Math.min(...row), Math.max(...row)]);
        const sum = (i: number) => ends.reduce((total, end) => total + end[i], 0);
        const rounding = 1e-12 * sum(1);
        assert.ok(sum(0) - rounding <= low && low <= high && high <= sum(1) + rounding);
        assert.ok(sum(0) - rounding <= value && value <= sum(1) + rounding);
      }),
      { numRuns: 30 },
    );
  });

  it('names outliers beyond 3 scaled median absolute deviations', () => {
    // Deviations from 10: 1, 0, 1, 2, 83.6; their median is 1, so 4.4478 is the limit.
    assert.deepEqual(outliersOf([9, 10, 11, 12, 93.6]), [{ round: 5, value: 93.6 }]);
    assert.deepEqual(outliersOf([9, 10, 11, 14.4, 8]), [], 'within the limit');
    assert.deepEqual(outliersOf([9, undefined, 10, 11, 50]), [{ round: 5, value: 50 }]);
    assert.deepEqual(outliersOf([undefined]), []);
  });

  it('scales no fixed costs along the line through two amounts', () => {
    const [low, high] = [
      { units: 10, seconds: 2 },
      { units: 20, seconds: 3 },
    ];
    assert.equal(extrapolate(low, high, 100), 11, 'one second, and a tenth for each');
    assert.equal(extrapolate({ units: 10, seconds: 5 }, high, 100), undefined, 'a falling line is noise');
    assert.equal(extrapolate({ units: 10, seconds: 3 }, high, 100), undefined, 'and so is a level one');
  });

  it('averages ratios by their logarithms', () => {
    assert.equal(geometricMean([2, 8]), 4);
    assert.equal(geometricMean([0, 8]), 0);
    assert.equal(geometricMean([Infinity, 8]), Infinity);
  });

  it('tells how far two maps are apart', () => {
    assert.deepEqual(difference([1, 2], [1, 4]), { largest: 0.5, norm: 2 / Math.sqrt(17) });
    assert.deepEqual(difference([0, 0], [0, 0]), { largest: 0, norm: 0 });
    assert.equal(difference([1], [0]).norm, Infinity);
    assert.ok(Number.isNaN(difference([Number.NaN], [1]).largest));
  });
});
