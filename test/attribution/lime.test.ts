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
import { createClassifier } from '../../lib/src/model/createClassifier.js';
import { createRandom } from '../../lib/src/random.js';
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

  it('states the error of each superpixel: about the spread over seeds', async () => {
    for (const bits of ['independent', 'paired'] as const) {
      const runs = [];
      for (let seed = 0; seed < 30; seed++) {
        const explain = lime(tinyClassifier(engine), { segments: 12, samples: 128, bits, alpha: 0, seed });
        runs.push(await explain(image, [0]));
      }
      const pixels = runs[0].values.data.length;
      let [spread, stated] = [0, 0];
      for (let pixel = 0; pixel < pixels; pixel++) {
        const values = runs.map((run) => run.values.data[pixel]);
        const mean = values.reduce((sum, value) => sum + value, 0) / runs.length;
        spread += values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (runs.length - 1);
        for (const { uncertainty } of runs) {
          stated += (uncertainty?.standardError.data[pixel] ?? 0) ** 2 / runs.length;
        }
      }
      // Some 12 x 29 degrees of freedom, unevenly shared: the ratio itself varies by some 6 %.
      const ratio = Math.sqrt(stated / spread);
      assert.ok(ratio > 0.75 && ratio < 1.33, `${bits}: ${ratio}`);
      const { uncertainty, values } = runs[0];
      assert.deepEqual(uncertainty?.standardError.shape, values.shape);
      assert.deepEqual(uncertainty.pixelStandardError, uncertainty.standardError);
      assert.deepEqual(uncertainty.evaluations, [128]);
      assert.equal(uncertainty.reached, undefined);
      const { count } = slic({ data: image.data, shape: [3, 17, 20] }, { segments: 12 });
      assert.deepEqual(uncertainty.degreesOfFreedom, [(bits === 'paired' ? 64 : 128) - count - 1]);
    }
  });

  it('has no error where the network is linear, but for what the penalty takes', async () => {
    const exact = { segments: 4, samples: 40 } as const;
    const { uncertainty } = await lime(summing(), { ...exact, alpha: 0 })(quarters(), [0]);
    assert.ok((uncertainty?.relativeError[0] ?? 1) < 1e-5, `${uncertainty?.relativeError}`);
    const penalised = await lime(summing(), { ...exact, alpha: 0.01 })(quarters(), [0]);
    // The residuals that the penalty leaves count as well, so a little more is stated than is missing.
    for (const [corner, sum] of [
      [0, -36],
      [143, 144],
    ]) {
      const missing = Math.abs(sum - penalised.values.data[corner]);
      const stated = penalised.uncertainty?.standardError.data[corner] ?? 0;
      assert.ok(stated >= missing && stated < 1.5 * missing, `${stated} of ${missing}`);
    }
    const shown = await lime(summing(), { ...exact, shown: 2 })(quarters(), [0]);
    assert.deepEqual(
      [0, 11, 132, 143].map((corner) => (shown.uncertainty?.standardError.data[corner] ?? 0) > 0),
      [false, false, true, true],
    );
  });

  it('samples to a tolerance: the same bits as by that number, whatever else is asked and fits into memory', async () => {
    for (const bits of ['independent', 'paired'] as const) {
      const options = {
        segments: 9,
        tolerance: bits === 'paired' ? 0.04 : 0.1,
        bits,
        alpha: 0,
        limit: 2000,
      } as const;
      const found = await lime(tinyClassifier(engine), options)(image, [0]);
      assert.deepEqual(found.uncertainty?.reached, [true]);
      assert.ok(found.uncertainty.relativeError[0] <= options.tolerance);
      const [samples] = found.uncertainty.evaluations;
      assert.ok(samples > 64 && samples < 2000, `${samples} samples`);
      const counted = await lime(tinyClassifier(engine), { segments: 9, bits, alpha: 0, samples })(
        image,
        [0],
      );
      assert.deepEqual(counted.values, found.values);
      assert.deepEqual(counted.uncertainty?.standardError, found.uncertainty.standardError);

      const small = createEngine({ threads: 1, memoryBudget: 2 ** 20 });
      try {
        const among = await lime(tinyClassifier(small), options)(stack([image, image, image]), [1, 0, 2]);
        assert.deepEqual(rows(among.values, 1), found.values);
        assert.equal(among.uncertainty?.evaluations[1], samples);
        assert.notDeepEqual(among.uncertainty.evaluations, [samples, samples, samples]);
      } finally {
        await small.dispose();
      }
    }
  });

  it('says where the limit came before the tolerance', async () => {
    const options = { segments: 9, tolerance: 1e-6, limit: 200, seed: 1 } as const;
    const { values, uncertainty, parameters } = await lime(tinyClassifier(engine), options)(image, [0]);
    assert.deepEqual(uncertainty?.reached, [false]);
    assert.deepEqual(uncertainty.evaluations, [200]);
    assert.deepEqual([parameters.tolerance, parameters.limit, parameters.samples], [1e-6, 200, undefined]);
    const counted = await lime(tinyClassifier(engine), { segments: 9, samples: 200, seed: 1 })(image, [0]);
    assert.deepEqual(counted.values, values);
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

  it('paired: gives every image the same bits, so that a little noise moves a map no more than it must', async () => {
    const noise = createRandom('a little noise');
    // Fields of 6 x 7 pixels, so clear that noise moves no superpixel.
    const board = zeros([1, 3, 17, 20]);
    for (let i = 0; i < board.data.length; i++) {
      const [y, x] = [Math.floor((i % 340) / 20), i % 20];
      board.data[i] = (Math.floor(y / 6) + Math.floor(x / 7)) % 2 === 0 ? 2 : -1;
    }
    const noisy = { ...board, data: board.data.map((value) => value + noise.uniform(-0.01, 0.01)) };
    const [independent, paired] = await Promise.all(
      (['independent', 'paired'] as const).map(async (bits) => {
        const explain = lime(tinyClassifier(engine), { segments: 9, samples: 128, bits, alpha: 0 });
        const { values, uncertainty } = await explain(stack([board, noisy]), [0, 0]);
        const [one, other] = [rows(values, 0).data, rows(values, 1).data];
        return {
          moved: Math.hypot(...one.map((value, i) => value - other[i])) / Math.hypot(...one),
          error: uncertainty?.relativeError[0] ?? 0,
        };
      }),
    );
    const message = JSON.stringify({ independent, paired });
    assert.ok(independent.moved > 0.5 * independent.error, message);
    assert.ok(paired.moved < 0.5 * paired.error, message);
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
    // Nothing depends on a bit, which the first look finds: four samples a coefficient, in steps of 64.
    const explain = lime(tinyClassifier(engine), { segments: 9, tolerance: 0.1 });
    const { values, uncertainty } = await explain(zeros([1, 3, 17, 20]), [0]);
    assert.ok(values.data.every((value) => value === 0));
    assert.deepEqual(uncertainty?.relativeError, [0]);
    assert.deepEqual([uncertainty.reached, uncertainty.evaluations], [[true], [64]]);
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
      { tolerance: 0 },
      { tolerance: 0.1, samples: 300 },
      { limit: 300 },
      { tolerance: 0.1, limit: 0 },
      { bits: 'paired', samples: 301 },
      { bits: 'paired', tolerance: 0.1, limit: 301 },
    ] as const) {
      assert.throws(() => lime(classifier, options), refused, JSON.stringify(options));
    }
  });
});
