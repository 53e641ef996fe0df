import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { InputError } from '../../../lib/src/error.js';
import { classificationMetrics } from '../../../lib/src/metric/classification/classification.js';
import { type Tensor, tensor } from '../../../lib/src/tensor.js';
import { metricsFixture } from '../fixture.js';

const scoresOf = (...images: (readonly number[])[]): Tensor =>
  tensor(Float32Array.from(images.flat()), [images.length, images[0].length]);

function assertClose(actual: number, expected: number, name: string): void {
  assert.ok(Math.abs(actual - expected) < 1e-9, `${name}: ${actual} is ${expected}`);
}

describe('classificationMetrics', () => {
  it('agrees with scikit-learn, ties, empty and full label sets included', () => {
    const expected = metricsFixture.classification;
    const result = classificationMetrics(scoresOf(...expected.scores), expected.labels);
    for (const average of ['micro', 'macro', 'weighted', 'samples'] as const) {
      const { precision, recall, f1 } = result[average];
      for (const [i, value] of [precision, recall, f1].entries()) {
        assertClose(value, expected[average][i], `${average} ${i}`);
      }
    }
    for (const [c, { precision, recall, f1, support }] of result.perClass.entries()) {
      for (const [i, value] of [precision, recall, f1].entries()) {
        assertClose(value, expected.perClass[i][c], `class ${c} ${i}`);
      }
      assert.equal(support, expected.support[c]);
    }
    for (const name of ['hammingLoss', 'rankingLoss', 'coverageError', 'oneError'] as const) {
      assertClose(result[name], expected[name], name);
    }
  });

  it('counts by hand', () => {
    // Image 0: labels 0 and 1, predicted 0 and 2. Image 1: label 2, predicted 2.
    const { perClass, micro, samples, ...rest } = classificationMetrics(
      scoresOf([0.9, 0.2, 0.8], [0.1, 0.2, 0.7]),
      [[0, 1], [2]],
    );
    assert.deepEqual(perClass[2], { precision: 0.5, recall: 1, f1: 2 / 3, support: 1 });
    assert.deepEqual(micro, { precision: 2 / 3, recall: 2 / 3, f1: 2 / 3 });
    assert.deepEqual(samples, { precision: 0.75, recall: 0.75, f1: 0.75 });
    assert.equal(rest.hammingLoss, 2 / 6);
    assert.equal(rest.oneError, 0);
    assert.equal(rest.rankingLoss, 0.25);
    assert.equal(rest.coverageError, 2);
  });

  it('predicts a class only above the threshold', () => {
    const at = (threshold: number) =>
      classificationMetrics(scoresOf([0.5, 0.25]), [[0]], { threshold }).micro.recall;
    assert.equal(at(0.5), 0);
    assert.equal(at(0.49), 1);
  });

  it('is perfect for perfect scores', () => {
    const result = classificationMetrics(scoresOf([1, 0], [0, 1]), [[0], [1]]);
    for (const average of [result.micro, result.macro, result.weighted, result.samples]) {
      assert.deepEqual(average, { precision: 1, recall: 1, f1: 1 });
    }
    assert.deepEqual(
      [result.hammingLoss, result.oneError, result.rankingLoss, result.coverageError],
      [0, 0, 0, 1],
    );
  });

  it('refuses NaN, labels that are no class or come twice, and missing labels', () => {
    const scores = scoresOf([0.5, 0.25]);
    assert.throws(() => classificationMetrics(scoresOf([Number.NaN, 0]), [[0]]), InputError);
    for (const label of [2, -1, 0.5])
      assert.throws(() => classificationMetrics(scores, [[label]]), InputError);
    assert.throws(() => classificationMetrics(scores, [[0, 0]]), InputError);
    assert.throws(() => classificationMetrics(scores, []), InputError);
    assert.throws(() => classificationMetrics(tensor(new Float32Array(0), [0, 2]), []), InputError);
    assert.throws(() => classificationMetrics(scores, [[0]], { threshold: Number.NaN }), InputError);
  });
});
