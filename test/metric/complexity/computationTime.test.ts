import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createExplain, type Explain } from '../../../lib/src/attribution/attribution.js';
import { InputError } from '../../../lib/src/error.js';
import { computationTime } from '../../../lib/src/metric/complexity/computationTime.js';
import { zeros } from '../../../lib/src/tensor.js';

/** A method whose runs take the given milliseconds on the clock beside it. */
function scripted(durations: readonly number[]): {
  explain: Explain;
  clock: () => number;
  runs: () => number;
} {
  let now = 0;
  let run = 0;
  const explain = createExplain({ method: 'scripted' }, async (images) => {
    now += durations[run++];
    return { values: images };
  });
  return { explain, clock: () => now, runs: () => run };
}

describe('computationTime', () => {
  const image = zeros([1, 2, 3, 3]);

  it('is the median of the repeats in seconds, without the warm-up', async () => {
    const { explain, clock, runs } = scripted([90_000, 3000, 500, 1000]);
    assert.equal(await computationTime(explain, image, 0, { clock }), 1);
    assert.equal(runs(), 4);
  });

  it('takes the numbers of runs that are asked for', async () => {
    const { explain, clock, runs } = scripted([2000, 4000]);
    assert.equal(await computationTime(explain, image, 0, { warmUp: 0, repeats: 2, clock }), 3);
    assert.equal(runs(), 2);
  });

  it('refuses several images and no repeats', async () => {
    const { explain } = scripted([]);
    await assert.rejects(computationTime(explain, zeros([2, 2, 3, 3]), 0), InputError);
    await assert.rejects(computationTime(explain, image, 0, { repeats: 0 }), InputError);
  });
});
