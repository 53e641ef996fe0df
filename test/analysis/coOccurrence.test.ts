import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { coOccurrence } from '../../lib/src/analysis/coOccurrence.js';
import { InputError } from '../../lib/src/error.js';

describe('coOccurrence', () => {
  it('counts pairs and divides by the row', () => {
    const { images, counts, conditional } = coOccurrence([[0, 1], [0], [0, 1], [], [1, 0], [0]], 3);
    assert.equal(images, 6);
    assert.deepEqual(counts, [
      [5, 3, 0],
      [3, 3, 0],
      [0, 0, 0],
    ]);
    assert.deepEqual(conditional[0], [1, 0.6, 0]);
    assert.deepEqual(conditional[1], [1, 1, 0]);
    assert.ok(conditional[2].every(Number.isNaN));
  });

  it('takes 590,000 images from a generator', () => {
    function* many() {
      for (let i = 0; i < 590_000; i++) yield i % 2 === 0 ? [3] : [3, 18];
    }
    const { images, counts } = coOccurrence(many(), 19);
    assert.equal(images, 590_000);
    assert.deepEqual([counts[3][3], counts[3][18], counts[18][18]], [590_000, 295_000, 295_000]);
  });

  it('refuses labels that are no class or given twice', () => {
    for (const labels of [[3], [-1], [0.5], [1, 1]])
      assert.throws(() => coOccurrence([[0], labels], 3), InputError);
  });
});
