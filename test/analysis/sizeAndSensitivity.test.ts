import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { paperColumns } from '../../lib/src/analysis/comparison.js';
import {
  correlateSizes,
  pointsPerImage,
  sizeAndSensitivity,
} from '../../lib/src/analysis/sizeAndSensitivity.js';
import { morfOfStudy } from '../../lib/src/study/morfOfStudy.js';
import { randomBaseline, type StudyRecord } from '../../lib/src/study/records.js';
import { summarise } from '../../lib/src/study/summary.js';
import { tinyDataset } from '../study/fixture.js';

function record(image: number, method: string, metrics: Partial<StudyRecord['metrics']>): StudyRecord {
  return {
    image: `image ${image}`,
    imageIndex: image,
    target: { index: 0, name: 'Forest', score: 0.9, truePositive: true },
    method,
    parameters: {},
    metrics: { morf: [1, 0], aucMorf: 0.5, ...metrics },
    ...{ study: '', seed: 0, preset: 'quick', versions: {}, model: '', device: '' },
  };
}

describe('correlateSizes', () => {
  it('gives the paper’s 0.69 for BigEarthNet, but 0.78 for SEN12MS', () => {
    const r = (column: keyof typeof paperColumns): string | undefined =>
      correlateSizes(sizeAndSensitivity(paperColumns[column]))?.r.toFixed(2);
    assert.equal(r('bigEarthNet'), '0.69');
    assert.equal(r('sen12ms'), '0.78');
  });

  it('is undefined where a measure is the same for all', () => {
    const points = [1, 2, 3, 4, 5].map((id) => ({ id: `${id}`, fileSize: id, maxSensitivity: 0 }));
    assert.equal(correlateSizes(points), undefined);
    assert.equal(correlateSizes(points.slice(0, 3)), undefined);
  });
});

describe('pointsPerImage', () => {
  it('keeps the images apart and leaves out what has no map', () => {
    const points = pointsPerImage([
      record(0, randomBaseline, {}),
      record(0, 'lime', { fileSize: 2, maxSensitivity: 0.1 }),
      record(1, 'lime', { fileSize: 3, maxSensitivity: 0.2 }),
    ]);
    assert.deepEqual(
      [...points.values()],
      [
        [{ id: 'lime', fileSize: 2, maxSensitivity: 0.1 }],
        [{ id: 'lime', fileSize: 3, maxSensitivity: 0.2 }],
      ],
    );
  });
});

describe('morfOfStudy', () => {
  it('orders the methods by area and sets the baseline apart', () => {
    const records = [
      record(0, randomBaseline, { aucMorf: 0.1 }),
      record(0, 'saliency', { aucMorf: 0.9 }),
      record(0, 'lime', { aucMorf: 0.2, morf: [1, 0.4] }),
      record(1, 'lime', { aucMorf: 0.4, morf: [1, 0.8] }),
    ];
    const names = ['saliency', 'lime'].map((id) => ({ id, name: id }));
    const summary = summarise(records, names, { dataset: tinyDataset, model: 'Tiny' });
    const { curves, baseline, areas } = morfOfStudy({ summary, records });
    assert.deepEqual(
      curves.map(({ id }) => id),
      ['lime', 'saliency'],
    );
    assert.deepEqual(
      curves[0].scores.map((score) => score.toFixed(3)),
      ['1.000', '0.600'],
    );
    assert.equal(baseline.area, 0.1);
    assert.deepEqual(areas.get('lime'), [0.2, 0.4]);
  });
});
