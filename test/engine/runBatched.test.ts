import { ok } from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { pieceSize } from '../../lib/src/engine/runBatched.js';

describe('the size of pieces', () => {
  it('keeps the limit, and leaves no rest where a size in its upper half allows that', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 32 }), (count, limit) => {
        const size = pieceSize(count, limit);
        ok(size >= 1 && size <= limit);
        const divisors = Array.from({ length: limit }, (_, i) => i + 1).filter((i) => count % i === 0);
        if (divisors.some((i) => i > limit / 2)) ok(size === Math.max(...divisors));
      }),
      { seed: 1 },
    );
  });
});
