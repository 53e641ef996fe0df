import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { summarisePairs } from '../../lib/src/analysis/plantedBiases.js';
import { sceneComparisons } from '../../lib/src/analysis/sceneBiases.js';
import { summariseTruth, type TruthRecord } from '../../lib/src/study/groundTruth.js';

const record = (question: string, method: string, image: number, share: number | null): TruthRecord => ({
  ...{ study: '', question, method, image, share },
  ...{ target: 'Permanent crops', area: 0.25, hit: 0 },
});

describe('summariseTruth', () => {
  it('averages by question and method, maps without positive relevance at 0, the random baseline last', () => {
    const records = [
      record('sea', 'random', 1, 0.25),
      record('sea', 'lime', 1, 0.5),
      record('sea', 'lime', 2, null),
      record('mask', 'lime', 1, 0.75),
    ];
    assert.deepEqual(
      summariseTruth(records, [{ id: 'lime', name: 'LIME' }]).map(({ question, method, images, ratio }) => [
        ...[question, method, images, ratio],
      ]),
      [
        ['mask', 'LIME', 1, 3],
        ['sea', 'LIME', 2, 1],
        ['sea', 'Random baseline', 1, 1],
      ],
    );
  });
});

describe('summarisePairs', () => {
  it('averages scores and counts predictions above 0.5', () => {
    const [comparison] = sceneComparisons();
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
