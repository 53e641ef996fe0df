import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createExplain, type Explain, type Target } from '../../../lib/src/attribution/attribution.js';
import { InputError } from '../../../lib/src/error.js';
import { maxSensitivity, sensitivityOf } from '../../../lib/src/metric/robustness/maxSensitivity.js';
import { rows, type Tensor, tensor } from '../../../lib/src/tensor.js';
import { metricsFixture } from '../fixture.js';

const values = (shape: readonly number[], ...data: number[]): Tensor =>
  tensor(Float32Array.from(data), shape);

/** A method that explains an image by `map` of its values, and the calls it received. */
function stub(map: (value: number) => number): {
  explain: Explain;
  calls: { images: Tensor; targets: readonly Target[] }[];
} {
  const calls: { images: Tensor; targets: readonly Target[] }[] = [];
  const explain = createExplain({ method: 'stub' }, async (images, targets) => {
    calls.push({ images, targets });
    return { values: { data: images.data.map(map), shape: images.shape } };
  });
  return { explain, calls };
}

describe('sensitivityOf', () => {
  // ‖(3, 4)‖ = 5; the draws differ by (0, 5) and (3, -4).
  const original = values([2, 1, 1, 2], 3, 4, 0, 0);
  const draws = [values([2, 1, 1, 2], 3, 9, 0, 0), values([2, 1, 1, 2], 6, 0, 0, 2)];

  it('is the largest relative change over the draws, image by image, with 1 for a zero norm', () => {
    assert.deepEqual(sensitivityOf(original, draws), [1, 2]);
  });

  it('is the largest absolute change where it is not normalised (equation 13)', () => {
    assert.deepEqual(sensitivityOf(original, draws, { normalised: false }), [5, 2]);
  });

  it('joins all bands of an image in one norm', () => {
    const bands = values([1, 2, 1, 1], 3, 4);
    assert.deepEqual(sensitivityOf(bands, [values([1, 2, 1, 1], 0, 0)]), [1]);
  });

  it('agrees with Captum’s sensitivity_max', () => {
    const { shape, original, perturbed, expected } = metricsFixture.sensitivity;
    const result = sensitivityOf(
      values(shape, ...original),
      perturbed.map((draw) => values(shape, ...draw)),
    );
    for (const [i, value] of result.entries()) assert.ok(Math.abs(value - expected[i]) < 1e-6 * expected[i]);
  });

  it('refuses NaN, other shapes and no draws', () => {
    assert.throws(() => sensitivityOf(original, [values([2, 1, 1, 2], 3, 9, Number.NaN, 0)]), InputError);
    assert.throws(() => sensitivityOf(original, [values([1, 1, 1, 2], 3, 9)]), InputError);
    assert.throws(() => sensitivityOf(original, []), InputError);
  });
});

describe('maxSensitivity', () => {
  const images = values([3, 1, 1, 2], 1, 2, -3, 4, 5, 6);
  const targets = [0, 1, 2];

  it('is 0 for an explanation that ignores the image', async () => {
    const { explain } = stub(() => 7);
    assert.deepEqual(await maxSensitivity(explain, images, targets, { seed: 1 }), [0, 0, 0]);
  });

  it('stays within the noise for an explanation that returns the image', async () => {
    const { explain } = stub((value) => value);
    const radius = 0.1;
    const result = await maxSensitivity(explain, images, targets, {
      seed: 1,
      radius,
      draws: 200,
      normalised: false,
    });
    for (const value of result) {
      assert.ok(value <= radius * Math.SQRT2 + 1e-6, `${value} is within the corner of the noise cube`);
      assert.ok(value > 0.9 * radius, `${value} comes near it in 200 draws`);
    }
  });

  it('gives each noisy image the target of its original', async () => {
    const { explain, calls } = stub((value) => value);
    await maxSensitivity(explain, images, targets, { seed: 1, radius: 0.01, draws: 4 });
    const asked = calls.flatMap((call) =>
      call.targets.map((target, i) => [target, ...rows(call.images, i).data.map(Math.round)]),
    );
    const each = [
      [0, 1, 2],
      [1, -3, 4],
      [2, 5, 6],
    ];
    assert.deepEqual(
      asked,
      [1, 2, 3, 4, 5].flatMap(() => each),
    );
  });

  it('draws noise evenly on both sides of every value', async () => {
    const { explain, calls } = stub((value) => value);
    const radius = 0.5;
    await maxSensitivity(explain, images, targets, { seed: 2, radius, draws: 500 });
    const [{ images: asked }] = calls;
    const noise = [...rows(asked, 3, asked.shape[0]).data].map(
      (value, i) => value - images.data[i % images.data.length],
    );
    assert.ok(noise.every((value) => Math.abs(value) <= radius));
    const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
    const variance = noise.reduce((sum, value) => sum + value ** 2, 0) / noise.length;
    assert.ok(Math.abs(mean) < 0.05 * radius, `mean ${mean}`);
    assert.ok(Math.abs(variance - radius ** 2 / 3) < 0.05 * radius ** 2, `variance ${variance}`);
  });

  it('repeats with the seed and changes with it', async () => {
    const run = (seed: number) =>
      maxSensitivity(stub((value) => value ** 2).explain, images, targets, { seed });
    assert.deepEqual(await run(1), await run(1));
    assert.notDeepEqual(await run(1), await run(2));
  });

  it('is the same whatever number of noisy images fits into one call', async () => {
    const options = { seed: 5, draws: 7 };
    const expected = await maxSensitivity(stub((value) => value ** 3).explain, images, targets, options);
    const bytesPerImage = 8;
    for (const copies of [1, 3, 14, 20]) {
      const { explain, calls } = stub((value) => value ** 3);
      const memory = copies * bytesPerImage;
      assert.deepEqual(await maxSensitivity(explain, images, targets, { ...options, memory }), expected);
      assert.ok(
        calls.every((call) => call.images.shape[0] <= copies),
        `at most ${copies} images in a call`,
      );
    }
  });

  it('takes known explanations of the images and asks for the others alone', async () => {
    const { explain, calls } = stub((value) => value ** 2);
    const original = values(images.shape, ...images.data.map((value) => value ** 2));
    for (const memory of [8, 2 ** 20]) {
      const options = { seed: 3, draws: 4, memory };
      assert.deepEqual(
        await maxSensitivity(explain, images, targets, { ...options, original }),
        await maxSensitivity(stub((value) => value ** 2).explain, images, targets, options),
      );
    }
    assert.equal(
      calls.reduce((sum, call) => sum + call.images.shape[0], 0),
      2 * 4 * 3,
    );
    const other = rows(original, 0, 2);
    await assert.rejects(maxSensitivity(explain, images, targets, { seed: 3, original: other }), InputError);
  });

  it('refuses NaN images, a radius of 0, no draws and a missing target', async () => {
    const { explain } = stub((value) => value);
    const wrong = [
      maxSensitivity(explain, values([1, 1, 1, 1], Number.NaN), [0], { seed: 1 }),
      maxSensitivity(explain, images, targets, { seed: 1, radius: 0 }),
      maxSensitivity(explain, images, targets, { seed: 1, draws: 0 }),
      maxSensitivity(explain, images, [0], { seed: 1 }),
      maxSensitivity(stub(() => Number.NaN).explain, images, targets, { seed: 1 }),
    ];
    for (const promise of wrong) await assert.rejects(promise, InputError);
  });
});
