/** Outputs for images of which only some segments are shown: the two ways to compute them agree. */
import assert from 'node:assert/strict';
import { createEngine } from 'landlens/engine/onnxRuntime';
import { after, before, describe, it } from 'mocha';
import {
  createSegmentOutputs,
  type SegmentOutputsOptions,
} from '../../lib/src/attribution/segmentOutputs.js';
import type { Engine } from '../../lib/src/engine/engine.js';
import { createRandom } from '../../lib/src/random.js';
import { fixture, relativeError, tinyClassifier, unpack } from './perturbFixture.js';

let engine: Engine;
before(() => {
  engine = createEngine({ threads: 1 });
});
after(() => engine.dispose());

const [height, width, count] = [17, 20, 6];
const labels = Uint8Array.from({ length: height * width }, (_, i) => Math.floor(i / 60));
const image = unpack(fixture.image);
const random = createRandom(0, 'segments');
const bits = Uint8Array.from({ length: 50 * count }, () => (random.chance(0.5) ? 1 : 0));

const outputs = (options: Partial<SegmentOutputsOptions>) => {
  const settings = { slots: 8, baseline: [0.3, -0.2, 0.5], output: 'logit', ...options } as const;
  return createSegmentOutputs(tinyClassifier(engine), settings)({ image, labels, count }, bits);
};

describe('the outputs for some segments', () => {
  it('are those of the images, where the affine beginning is summed over segments', async () => {
    for (const output of ['logit', 'score'] as const) {
      const [summed, imageByImage] = [await outputs({ output }), await outputs({ output, memory: 0 })];
      assert.deepEqual(summed.shape, [50, 4]);
      const error = relativeError(summed.data, imageByImage.data);
      assert.ok(error > 0, 'the sums were taken');
      assert.ok(error < 1e-5, `differs by ${error} of the maximum`);
    }
  });

  it('of several images at a time are not mixed up', async () => {
    const other = { data: image.data.map((value) => -value), shape: image.shape };
    const outputsOf = createSegmentOutputs(tinyClassifier(engine), {
      ...{ slots: 8, baseline: [0, 0, 0], output: 'logit' },
    });
    const ask = (one: typeof image) => outputsOf({ image: one, labels, count }, bits);
    const together = await Promise.all([ask(image), ask(other)]);
    assert.deepEqual(together, [await ask(image), await ask(other)]);
    assert.notDeepEqual(together[0], together[1]);
  });
});
