import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { InputError } from '../../../lib/src/error.js';
import {
  randomBlockRelevance,
  randomRelevance,
  relevanceRanking,
} from '../../../lib/src/metric/faithfulness/ranking.js';

describe('relevanceRanking', () => {
  it('puts the most relevant pixel first, and negative relevance last', () => {
    assert.deepEqual([...relevanceRanking([0.1, -2, 3, 0], { seed: 1, image: 'patch' })], [2, 0, 3, 1]);
  });

  it('is a permutation in descending order for any map', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 60 }), (map) => {
        const ranking = [...relevanceRanking(map, { seed: 9, image: 'patch' })];
        assert.deepEqual(
          [...ranking].sort((a, b) => a - b),
          [...map.keys()],
        );
        for (let i = 1; i < ranking.length; i++) assert.ok(map[ranking[i - 1]] >= map[ranking[i]]);
      }),
    );
  });

  it('orders equal pixels at random by seed and image, not row by row', () => {
    const flat = new Float32Array(100);
    const first = relevanceRanking(flat, { seed: 1, image: 'a' });
    assert.deepEqual(relevanceRanking(flat, { seed: 1, image: 'a' }), first);
    assert.notDeepEqual(relevanceRanking(flat, { seed: 1, image: 'b' }), first);
    assert.notDeepEqual(relevanceRanking(flat, { seed: 2, image: 'a' }), first);
    assert.notDeepEqual([...first], [...flat.keys()]);
  });

  it('refuses NaN', () => {
    assert.throws(() => relevanceRanking([1, Number.NaN], { seed: 1, image: 'patch' }), InputError);
  });
});

describe('randomRelevance', () => {
  it('ranks every pixel, in an order that repeats with seed and image and changes with either', () => {
    const rank = (seed: number, image: string) =>
      relevanceRanking(randomRelevance(5, 10, { seed, image }), { seed, image });
    const first = rank(1, 'a');
    assert.deepEqual(
      [...first].sort((a, b) => a - b),
      [...first.keys()],
    );
    assert.equal(new Set(randomRelevance(5, 10, { seed: 1 }).data).size, 50, 'no ties');
    assert.deepEqual(rank(1, 'a'), first);
    assert.notDeepEqual(rank(1, 'b'), first);
    assert.notDeepEqual(rank(2, 'a'), first);
  });
});

describe('randomBlockRelevance', () => {
  it('keeps the pixels of a block together', () => {
    const [height, width, block] = [5, 4, 2];
    const rank = (seed: number) => [
      ...relevanceRanking(randomBlockRelevance(height, width, block, { seed })),
    ];
    const ranking = rank(1);
    assert.deepEqual(
      [...ranking].sort((a, b) => a - b),
      [...Array(height * width).keys()],
    );
    const blocks = ranking.map(
      (i) => 2 * Math.floor(Math.floor(i / width) / block) + Math.floor((i % width) / block),
    );
    const changes = blocks.filter((at, i) => i > 0 && at !== blocks[i - 1]).length;
    assert.equal(changes, 6 - 1);
    assert.notDeepEqual(ranking, rank(2));
  });
});
