import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { InputError } from '../../../lib/src/error.js';
import {
  randomBlockRanking,
  randomRanking,
  relevanceRanking,
} from '../../../lib/src/metric/faithfulness/ranking.js';

describe('relevanceRanking', () => {
  it('puts the most relevant pixel first, and negative relevance last', () => {
    assert.deepEqual([...relevanceRanking(1, 'patch', [0.1, -2, 3, 0])], [2, 0, 3, 1]);
  });

  it('is a permutation in descending order for any map', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 60 }), (map) => {
        const ranking = [...relevanceRanking(9, 'patch', map)];
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
    const first = relevanceRanking(1, 'a', flat);
    assert.deepEqual(relevanceRanking(1, 'a', flat), first);
    assert.notDeepEqual(relevanceRanking(1, 'b', flat), first);
    assert.notDeepEqual(relevanceRanking(2, 'a', flat), first);
    assert.notDeepEqual([...first], [...flat.keys()]);
  });

  it('refuses NaN', () => {
    assert.throws(() => relevanceRanking(1, 'patch', [1, Number.NaN]), InputError);
  });
});

describe('randomRanking', () => {
  it('is a permutation that repeats with seed and image and changes with either', () => {
    const first = randomRanking(1, 'a', 50);
    assert.deepEqual(
      [...first].sort((a, b) => a - b),
      [...first.keys()],
    );
    assert.deepEqual(randomRanking(1, 'a', 50), first);
    assert.notDeepEqual(randomRanking(1, 'b', 50), first);
    assert.notDeepEqual(randomRanking(2, 'a', 50), first);
  });
});

describe('randomBlockRanking', () => {
  it('keeps the pixels of a block together', () => {
    const [height, width, block] = [5, 4, 2];
    const ranking = [...randomBlockRanking(1, 'image', [height, width], block)];
    assert.deepEqual(
      [...ranking].sort((a, b) => a - b),
      [...Array(height * width).keys()],
    );
    const blocks = ranking.map(
      (i) => 2 * Math.floor(Math.floor(i / width) / block) + Math.floor((i % width) / block),
    );
    const changes = blocks.filter((at, i) => i > 0 && at !== blocks[i - 1]).length;
    assert.equal(changes, 6 - 1);
    assert.notDeepEqual(ranking, [...randomBlockRanking(2, 'image', [height, width], block)]);
  });
});
