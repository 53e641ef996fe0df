import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { recordRows } from '../../lib/src/study/recordRows.js';
import { randomBaseline, type StudyRecord } from '../../lib/src/study/records.js';

function record(method: string, changes: Partial<StudyRecord> = {}): StudyRecord {
  return {
    ...{ image: 'one', imageIndex: 3, method, parameters: {} },
    target: { index: 0, name: 'Forest', score: 0.9, truePositive: true },
    metrics: { morf: [1, 0], aucMorf: 0.5, maxSensitivity: 0.1, fileSize: 2, seconds: 3 },
    ...{ study: '', seed: 0, preset: 'quick', versions: {}, model: '', device: '' },
    ...changes,
  };
}

describe('recordRows', () => {
  it('names methods as the paper does, the baseline, and your own as they name themselves', () => {
    const rows = recordRows([record(randomBaseline), record('saliency-sg'), record('my-own')]);
    const [own] = recordRows([{ ...record('my-own'), name: 'My own', abbreviation: 'Own' }]);
    assert.deepEqual([own.method, own.name, own.abbreviation], ['my-own', 'My own', 'Own']);
    assert.deepEqual(
      rows.map(({ method, name, abbreviation }) => [method, name, abbreviation]),
      [
        ['random', 'Random order', 'Random'],
        ['saliency-sg', 'Saliency + SmoothGrad', 'Sal w. SG'],
        ['my-own', 'my-own', 'my-own'],
      ],
    );
  });

  it('gives every row the same columns, NaN where a number does not apply', () => {
    const localisation = { share: 0.6, area: 0.3, ratio: 2, hit: 1 };
    const rows = recordRows([
      record(randomBaseline, { metrics: { morf: [1, 0], aucMorf: 0.7 } }),
      record('lime', { localisation, sampling: { relativeError: 0.1, evaluations: 300 } }),
    ]);
    assert.deepEqual(Object.keys(rows[0]), Object.keys(rows[1]));
    const { aucMorf, maxSensitivity, fileSize, seconds, share } = rows[0];
    assert.deepEqual([aucMorf, maxSensitivity, fileSize, seconds, share], [0.7, NaN, NaN, NaN, NaN]);
    assert.deepEqual([rows[0].relativeError, rows[0].evaluations], [NaN, NaN]);
    assert.deepEqual([rows[1].relativeError, rows[1].evaluations], [0.1, 300]);
    const [unknown] = recordRows([record('lime', { sampling: { evaluations: 300 } })]);
    assert.deepEqual([unknown.relativeError, unknown.evaluations], [Infinity, 300]);
    assert.deepEqual([rows[1].target, rows[1].score, rows[1].share, rows[1].area], ['Forest', 0.9, 0.6, 0.3]);
  });
});
