import { deepEqual, ok, throws } from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { fade } from '../../lib/src/attribution/fade.js';
import { InputError } from '../../lib/src/error.js';
import { type Tensor, tensor } from '../../lib/src/tensor.js';

const map = (...values: number[]): Tensor => tensor(Float32Array.from(values), [1, values.length]);

describe('fade', () => {
  it('keeps what is known, weakens what is not, and leaves nothing of what is below its error', () => {
    const faded = fade(map(4, -4, 2, 1, 0), map(0, 2, 2, 3, 1));
    deepEqual([...faded.data], [4, -3, 0, 0, 0]);
    deepEqual(faded.shape, [1, 5]);
  });

  it('never changes a sign nor strengthens a value', () => {
    const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(finite, fc.float({ min: 0, noNaN: true, noDefaultInfinity: true }), (value, error) => {
        const [faded] = fade(map(value), map(error)).data;
        ok(Math.abs(faded) <= Math.abs(value) && faded * value >= 0, `${value} became ${faded}`);
      }),
    );
  });

  it('refuses errors of another shape', () => {
    throws(() => fade(map(1, 2), map(1, 2, 3)), InputError);
  });
});
