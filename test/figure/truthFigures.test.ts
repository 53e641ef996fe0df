import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { TruthRecord } from '../../lib/src/analysis/groundTruth.js';
import { comparisons, summarisePairs } from '../../lib/src/analysis/plantedBiases.js';
import { truthColumns } from '../../lib/src/figure/truthFigures.js';

const record = (question: string, method: string, image: number, share: number | null): TruthRecord => ({
  ...{ study: '', question, method, image, share },
  ...{ target: 'Permanent crops', area: 0.25, hit: 0 },
});

describe('truthColumns', () => {
  it('gives each question its methods with the mean and the single ratios, the random baseline last', () => {
    const records = [
      record('sea', 'random', 1, 0.25),
      record('sea', 'lime', 1, 0.5),
      record('sea', 'lime', 2, null),
      record('mask', 'lime', 1, 0.75),
    ];
    const columns = truthColumns(records, [{ id: 'lime', name: 'LIME' }]);
    assert.deepEqual(
      columns.map(({ methods }) => methods),
      [
        [{ method: 'LIME', ratio: 3, single: [3] }],
        [
          { method: 'LIME', ratio: 1, single: [2, 0] },
          { method: 'Random baseline', ratio: 1, single: [1] },
        ],
      ],
    );
  });
});

describe('summarisePairs', () => {
  it('averages scores and counts predictions above 0.5', () => {
    const [comparison] = comparisons;
    const effect = summarisePairs(comparison, [
      { index: 0, without: 0.25, with: 0.75 },
      { index: 4, without: 0.5, with: 1 },
    ]);
    assert.equal(effect.bias, comparison.bias);
    assert.equal(effect.images, 2);
    assert.deepEqual([effect.without, effect.with], [0.375, 0.875]);
    assert.deepEqual([effect.predictedWithout, effect.predictedWith], [0, 1]);
  });
});
