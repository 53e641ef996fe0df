import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { InputError } from '../../../lib/src/error.js';
import { areaUnderCurve, morfCurve, perturbationSteps } from '../../../lib/src/metric/faithfulness/morf.js';
import { randomRelevance, relevanceRanking } from '../../../lib/src/metric/faithfulness/ranking.js';
import { rows, type Tensor, tensor, zeros } from '../../../lib/src/tensor.js';

const ranking = (...pixels: number[]) => Uint32Array.from(pixels);

/** Scores an image by the mean of all its values. */
const meanScore = async (images: Tensor) =>
  Array.from({ length: images.shape[0] }, (_, i) => {
    const { data } = rows(images, i);
    return data.reduce((sum, value) => sum + value, 0) / data.length;
  });

describe('perturbationSteps', () => {
  it('removes a fifth of the remaining pixels, rounded down, at least one', () => {
    assert.deepEqual(perturbationSteps(12), [2, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    assert.deepEqual(perturbationSteps(1), [1]);
  });

  it('takes the 43 and 50 iterations of the paper’s image sizes', () => {
    assert.equal(perturbationSteps(120 * 120).length, 43);
    assert.equal(perturbationSteps(256 * 256).length, 50);
  });

  it('ascends to all pixels by ever smaller or equal steps for any fraction', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (pixels, fraction) => {
          const counts = [0, ...perturbationSteps(pixels, fraction)];
          const sizes = counts.slice(1).map((count, i) => count - counts[i]);
          assert.equal(counts.at(-1), pixels);
          assert.ok(sizes.every((size, i) => size >= 1 && size <= (sizes[i - 1] ?? pixels)));
        },
      ),
    );
  });

  it('refuses fractions outside (0, 1) and sizes that are no count', () => {
    for (const fraction of [0, 1, -0.2, 1.5, Number.NaN]) {
      assert.throws(() => perturbationSteps(10, fraction), InputError);
    }
    for (const pixels of [0, -1, 2.5, Number.NaN]) assert.throws(() => perturbationSteps(pixels), InputError);
  });
});

describe('morfCurve', () => {
  it('keeps the unperturbed point and removes the most relevant pixels first', async () => {
    // Removing from the right: 1 2 3 4 → 1 2 3 3 → 1 2 2 2 → 1 1 1 1 → all gone, the mean 2.5 everywhere.
    const image = tensor(Float32Array.from([1, 2, 3, 4]), [1, 1, 4]);
    const curve = await morfCurve(meanScore, image, ranking(3, 2, 1, 0));
    assert.deepEqual(curve, { removed: [0, 0.25, 0.5, 0.75, 1], scores: [2.5, 2.25, 1.75, 1, 2.5] });
  });

  it('is the same whatever the batch size, and never scores more images than that at a time', async () => {
    const side = 12;
    const image = zeros([2, side, side]);
    for (const i of image.data.keys()) image.data[i] = Math.sin(i);
    const order = relevanceRanking(randomRelevance(side, side, { seed: 3 }));
    const sizes: number[] = [];
    const score = (images: Tensor) => {
      sizes.push(images.shape[0]);
      return meanScore(images);
    };
    const small = await morfCurve(score, image, order, { batchSize: 3 });
    assert.ok(Math.max(...sizes) <= 3);
    assert.deepEqual(small, await morfCurve(meanScore, image, order, { batchSize: 1000 }));
  });

  it('falls faster for the true ranking than for a random one', async () => {
    // A bright square on a dark ground, and a score that looks for the brightest pixel.
    const side = 20;
    const image = zeros([1, side, side]);
    for (const i of image.data.keys()) image.data[i] = i % side > 12 && i > 12 * side ? 1 : 0;
    const score = async (images: Tensor) =>
      Array.from({ length: images.shape[0] }, (_, i) => Math.max(...rows(images, i).data));
    const area = async (order: Uint32Array) => areaUnderCurve(await morfCurve(score, image, order));
    const truth = await area(relevanceRanking(image));
    const random = await area(relevanceRanking(randomRelevance(side, side)));
    assert.ok(truth < random / 2, `${truth} is far below ${random}`);
  });

  it('refuses rankings that are no permutation, NaN scores and a wrong number of scores', async () => {
    const image = tensor(Float32Array.from([1, 2, 3, 4]), [1, 1, 4]);
    const order = ranking(0, 1, 2, 3);
    const wrong = [
      morfCurve(meanScore, image, ranking(0, 1, 2)),
      morfCurve(meanScore, image, ranking(0, 1, 2, 2)),
      morfCurve(meanScore, image, ranking(0, 1, 2, 4)),
      morfCurve(async (images) => new Float32Array(images.shape[0]).fill(Number.NaN), image, order),
      morfCurve(async () => [1], image, order),
      morfCurve(meanScore, image, order, { fraction: 1 }),
      morfCurve(meanScore, image, order, { batchSize: 0 }),
      morfCurve(meanScore, tensor(Float32Array.from([1, Number.NaN]), [1, 1, 2]), ranking(0, 1)),
    ];
    for (const promise of wrong) await assert.rejects(promise, InputError);
  });
});

describe('areaUnderCurve', () => {
  const curve = { removed: [0, 0.5, 1], scores: [1, 0.5, 0] };

  it('is the trapezoid rule with unit step, so a constant score of 1 gives the number of iterations', () => {
    assert.equal(areaUnderCurve(curve), 1);
    const removed = [0, ...perturbationSteps(14400)].map((count) => count / 14400);
    assert.equal(areaUnderCurve({ removed, scores: removed.map(() => 1) }), 43);
  });

  it('can start after the first removal, as equation 16 does', () => {
    assert.equal(areaUnderCurve(curve, { unperturbed: false }), 0.25);
  });
});
