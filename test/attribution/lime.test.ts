/** LIME: against Captum with equal samples, on networks whose truth is known, and what its results promise. */
import assert from 'node:assert/strict';
import { createEngine } from 'landlens/engine/onnxRuntime';
import { after, before, describe, it } from 'mocha';
import { lime } from '../../lib/src/attribution/lime.js';
import { slic } from '../../lib/src/attribution/slic.js';
import type { Engine } from '../../lib/src/engine/engine.js';
import { floats, input } from '../../lib/src/graph/node.js';
import { flatten } from '../../lib/src/graph/operators/arrangement.js';
import { gemm } from '../../lib/src/graph/operators/matMul.js';
import { createClassifier } from '../../lib/src/model/classifier.js';
import { rows, stack, zeros } from '../../lib/src/tensor.js';
import { fixture, relativeError, tinyClassifier, unpack } from './perturbFixture.js';

const image = unpack(fixture.image);
let engine: Engine;
before(() => {
  engine = createEngine({ threads: 1 });
});
after(() => engine.dispose());

/** The logit is the sum of all pixels: exactly linear in the segments. */
function summing() {
  const x = input('image', ['N', 1, 12, 12]);
  const weight = floats(new Float32Array(144).fill(1), [1, 144]);
  const description = {
    name: 'sum',
    bands: ['B08'],
    classes: ['sum'],
    normalisation: { mean: [0], deviation: [1] },
  };
  const logits = gemm(flatten(x), weight, undefined, { transB: true });
  return createClassifier(logits, description, engine, { hash: '0'.repeat(16) });
}

/** Four quarters of 36 pixels with the values -1, 2, 3, 4. */
function quarters() {
  const picture = zeros([1, 1, 12, 12]);
  for (let i = 0; i < 144; i++) {
    picture.data[i] = [-1, 2, 3, 4][(i % 12 < 6 ? 0 : 1) + (i < 72 ? 0 : 2)];
  }
  return picture;
}

describe('lime', () => {
  for (const { target, values, ...options } of fixture.lime) {
    it(`agrees with ${fixture.source}: ${options.distance}, alpha ${options.alpha}`, async () => {
      const { values: actual } = await lime(tinyClassifier(engine), options)(image, [target]);
      assert.deepEqual(actual.shape, [1, 1, 17, 20]);
      const error = relativeError(actual.data, unpack(values).data);
      assert.ok(error < 1e-4, `differs by ${error} of the maximum`);
    });
  }

  it('finds what each segment adds to a linear network', async () => {
    const exact = { segments: 4, samples: 40, alpha: 0 } as const;
    const { values } = await lime(summing(), exact)(quarters(), [0]);
    for (const [corner, sum] of [
      [0, -36],
      [11, 72],
      [132, 108],
      [143, 144],
    ]) {
      assert.ok(Math.abs(values.data[corner] - sum) < 1e-3, `${values.data[corner]} is not ${sum}`);
    }
    const lifted = await lime(summing(), { ...exact, baseline: 1 })(quarters(), [0]);
    assert.ok(Math.abs(lifted.values.data[143] - 108) < 1e-3);
    const byImage = await lime(summing(), { ...exact, distance: 'squared' })(quarters(), [0]);
    assert.ok(Math.abs(byImage.values.data[11] - 72) < 1e-3);
  });

  it('shows the segments with the highest positive weights alone, where asked', async () => {
    const explain = lime(summing(), { segments: 4, samples: 40, alpha: 0, shown: 2 });
    const { values, parameters } = await explain(quarters(), [0]);
    assert.deepEqual(
      [0, 11, 132, 143].map((corner) => Math.round(values.data[corner])),
      [0, 0, 108, 144],
    );
    assert.equal(parameters.shown, 2);
    const negative = { ...quarters(), data: quarters().data.map((value) => -Math.abs(value)) };
    assert.ok((await explain(negative, [0])).values.data.every((value) => value === 0));
  });

  it('paints one weight per superpixel', async () => {
    const { values } = await lime(tinyClassifier(engine), { segments: 12, samples: 100 })(image, [0]);
    const { labels, count } = slic({ data: image.data, shape: [3, 17, 20] }, { segments: 12 });
    const pairs = new Set(values.data.map((value, pixel) => value * 1e3 + labels[pixel] * 1e6));
    assert.equal(pairs.size, count);
  });

  it('depends on the seed and the image, not on the place in a batch', async () => {
    const explain = lime(tinyClassifier(engine), { segments: 9, samples: 80, seed: 3 });
    const other = { ...image, data: image.data.map((value) => -value) };
    const batch = await explain(stack([other, image, image]), [1, 0, 2]);
    assert.deepEqual(rows(batch.values, 1).data, (await explain(image, [0])).values.data);
    assert.deepEqual(rows(batch.values, 2).data, (await explain(image, [2])).values.data);
    const reseeded = lime(tinyClassifier(engine), { segments: 9, samples: 80, seed: 4 });
    assert.notDeepEqual((await reseeded(image, [0])).values.data, rows(batch.values, 1).data);
  });

  it('says when nearly no sample carries weight, as with the literal kernel of raw distances', async () => {
    const explain = lime(tinyClassifier(engine), {
      segments: 20,
      samples: 200,
      distance: 'squared',
      kernelWidth: 0.01,
    });
    await assert.rejects(explain(image, [0]), { name: 'InputError', message: /wider kernel/ });
    const few = lime(tinyClassifier(engine), { segments: 30, samples: 10 });
    await assert.rejects(few(image, [0]), { name: 'InputError', message: /more samples/i });
  });

  it('gives zeros where the image equals the baseline', async () => {
    for (const distance of ['cosine', 'squared'] as const) {
      const explain = lime(tinyClassifier(engine), { segments: 9, samples: 100, distance });
      const { values } = await explain(zeros([1, 3, 17, 20]), [0]);
      assert.ok(values.data.every((value) => Math.abs(value) < 1e-6));
    }
  });

  it('refuses options out of range', () => {
    const classifier = tinyClassifier(engine);
    const refused = { name: 'InputError' };
    for (const options of [
      { samples: 0 },
      { samples: 1.5 },
      { kernelWidth: 0 },
      { alpha: -1 },
      { alpha: Number.NaN },
      { shown: 0 },
      { segments: 0 },
      { baseline: [0] },
    ]) {
      assert.throws(() => lime(classifier, options), refused, JSON.stringify(options));
    }
  });
});
