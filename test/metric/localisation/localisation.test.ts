import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { InputError } from '../../../lib/src/error.js';
import { localisation } from '../../../lib/src/metric/localisation/localisation.js';

describe('localisation', () => {
  it('is the share of positive relevance inside the mask, beside the mask’s area', () => {
    assert.deepEqual(localisation([3, -10, 1, 0], [1, 1, 0, 0]), {
      share: 0.75,
      area: 0.5,
      ratio: 1.5,
      hit: 1,
    });
  });

  it('has a ratio of 1 for relevance spread evenly', () => {
    assert.deepEqual(localisation([2, 2, 2, 2], [1, 0, 0, 0]), {
      share: 0.25,
      area: 0.25,
      ratio: 1,
      hit: 0.25,
    });
  });

  it('misses where the most relevant pixel lies outside', () => {
    assert.equal(localisation([3, 4, 3, 3], [1, 0, 1, 1]).hit, 0);
  });

  it('has no share where no relevance is positive', () => {
    assert.deepEqual(localisation([0, -1], [1, 0]), {
      share: undefined,
      area: 0.5,
      ratio: undefined,
      hit: 0,
    });
  });

  it('refuses NaN, an empty mask and a mask of another size', () => {
    assert.throws(() => localisation([1, Number.NaN], [1, 0]), InputError);
    assert.throws(() => localisation([1, 2], [0, 0]), InputError);
    assert.throws(() => localisation([1, 2], [1]), InputError);
  });
});
