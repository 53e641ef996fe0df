/** Occlusion: against Captum, by hand on a linear network, and what its results promise. */
import assert from 'node:assert/strict';
import { createEngine } from 'landlens/engine/onnxRuntime';
import { after, before, describe, it } from 'mocha';
import { occlusion } from '../../lib/src/attribution/occlusion.js';
import type { Engine } from '../../lib/src/engine/engine.js';
import { floats, input } from '../../lib/src/graph/node.js';
import { flatten } from '../../lib/src/graph/operators/arrangement.js';
import { gemm } from '../../lib/src/graph/operators/matMul.js';
import { createClassifier } from '../../lib/src/model/createClassifier.js';
import { rows, stack, tensor, zeros } from '../../lib/src/tensor.js';
import { fixture, relativeError, tinyClassifier, unpack } from './perturbFixture.js';

const image = unpack(fixture.image);
let engine: Engine;
before(() => {
  engine = createEngine({ threads: 1 });
});
after(() => engine.dispose());

/** Logit 0 is the sum of the pixels, logit 1 twice as much: one band of 1 x 5 pixels. */
function summing() {
  const x = input('image', ['N', 1, 1, 5]);
  const weight = floats([1, 1, 1, 1, 1, 2, 2, 2, 2, 2], [2, 5]);
  const logits = gemm(flatten(x), weight, undefined, { transB: true });
  const description = {
    name: 'sum',
    bands: ['B08'],
    classes: ['sum', 'double'],
    normalisation: { mean: [0], deviation: [1] },
  };
  return createClassifier(logits, description, engine, { hash: '0'.repeat(16) });
}

describe('occlusion', () => {
  for (const { window, stride, baseline, target, values } of fixture.occlusion) {
    it(`agrees with ${fixture.source}: window ${window}, stride ${stride}, baseline ${baseline}`, async () => {
      const explain = occlusion(tinyClassifier(engine), { window, stride, baseline });
      const attribution = await explain(image, [target]);
      assert.deepEqual(attribution.values.shape, [1, 1, 17, 20]);
      const error = relativeError(attribution.values.data, unpack(values).data);
      assert.ok(error < 1e-4, `differs by ${error} of the maximum`);
    });
  }

  it('shares each drop among the windows that cover a pixel; the last window ends at the border', async () => {
    // Windows over pixels 0-1-2, 2-3-4: drops 1+2+4 = 7 and 4+8+16 = 28.
    const pixels = tensor(Float32Array.of(1, 2, 4, 8, 16), [1, 1, 1, 5]);
    const explain = occlusion(summing(), { window: [1, 3], stride: [1, 2] });
    assert.deepEqual([...(await explain(pixels, [0])).values.data], [7, 7, 17.5, 28, 28]);
    // Stride 3: the second window starts at pixel 3 and is cropped to two pixels.
    const cropped = occlusion(summing(), { window: [1, 3], stride: [1, 3] });
    assert.deepEqual([...(await cropped(pixels, [0])).values.data], [7, 7, 7, 24, 24]);
  });

  it('replaces by the baseline of each band', async () => {
    const pixels = tensor(Float32Array.of(1, 2, 4, 8, 16), [1, 1, 1, 5]);
    const explain = occlusion(summing(), { window: [1, 1], stride: [1, 1], baseline: [4] });
    assert.deepEqual([...(await explain(pixels, [1])).values.data], [-6, -4, 0, 8, 24]);
  });

  it('takes sets and weights of classes as weighted sums', async () => {
    const pixels = tensor(Float32Array.of(1, 2, 4, 8, 16), [1, 1, 1, 5]);
    const explain = occlusion(summing(), { window: [1, 1], stride: [1, 1] });
    const { values } = await explain(stack([pixels, pixels]), [[0, 1], { weights: [5, -1] }]);
    assert.deepEqual([...values.data], [3, 6, 12, 24, 48, 3, 6, 12, 24, 48]);
  });

  it('explains the score where asked', async () => {
    const classifier = tinyClassifier(engine);
    const whole = occlusion(classifier, { window: [17, 20], stride: [1, 1], output: 'score' });
    const { values, units } = await whole(image, [2]);
    const scores = await classifier.score(stack([image, zeros([1, 3, 17, 20])]));
    assert.ok(Math.abs(values.data[0] - (scores.data[2] - scores.data[6])) < 1e-6);
    assert.match(units, /score/);
  });

  it('gives each image of a batch what it gets alone, and runs equal images once', async () => {
    const classifier = tinyClassifier(engine);
    const explain = occlusion(classifier, { window: [6, 6], stride: [4, 4] });
    const other = { ...image, data: image.data.map((value) => -value) };
    const batch = await explain(stack([image, other, image]), [0, 1, 3]);
    for (const [i, [picture, target]] of [
      [image, 0] as const,
      [other, 1] as const,
      [image, 3] as const,
    ].entries()) {
      assert.deepEqual(rows(batch.values, i).data, (await explain(picture, [target])).values.data);
    }
    assert.deepEqual(batch.targets, [0, 1, 3]);

    const program = await classifier.program('occlusion {"baseline":0,"output":"logit"}', () => {
      throw new Error('the program was compiled before');
    });
    let passes = 0;
    const counting = {
      ...classifier,
      program: async () => ({
        ...program,
        run: (feeds: Parameters<typeof program.run>[0]) => {
          passes += feeds.rows.shape[0];
          return program.run(feeds);
        },
      }),
    };
    await occlusion(counting, { window: [17, 20] })(stack([image, image, image]), [0, 1, 2]);
    assert.equal(passes, 2, 'the whole image and one window, once for all targets');
  });

  it('refuses windows, strides, baselines, images and classes that do not fit', async () => {
    const classifier = tinyClassifier(engine);
    const refused = { name: 'InputError' };
    assert.throws(() => occlusion(classifier, { window: [18, 5] }), refused);
    assert.throws(() => occlusion(classifier, { window: [5, 5], stride: [6, 5] }), refused);
    assert.throws(() => occlusion(classifier, { window: [0, 5], stride: [1, 1] }), refused);
    assert.throws(() => occlusion(classifier, { window: [5, 5], stride: [0, 1] }), refused);
    const small = { window: [5, 5], stride: [5, 5] } as const;
    assert.throws(() => occlusion(classifier, { ...small, baseline: [0, 0] }), refused);
    assert.throws(() => occlusion(classifier, { ...small, baseline: Number.NaN }), refused);
    await assert.rejects(occlusion(classifier, small)(image, [4]), refused);
    await assert.rejects(occlusion(classifier, small)(image, [0, 1]), refused);
    const broken = { ...image, data: image.data.map((value, i) => (i === 7 ? Number.NaN : value)) };
    await assert.rejects(occlusion(classifier, small)(broken, [0]), refused);
    await assert.rejects(occlusion(classifier, small)(zeros([1, 3, 20, 17]), [0]), refused);
  });
});
