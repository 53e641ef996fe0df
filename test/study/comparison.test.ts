import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import {
  compareScores,
  correlationText,
  measureText,
  ourColumn,
  paperColumns,
  rankAgreement,
} from '../../lib/src/study/comparison.js';
import { paperTableS3 } from '../../lib/src/study/paper/paperTables.js';
import { randomBaseline } from '../../lib/src/study/records.js';

const shared = process.env.LANDLENS_SHARED ?? '../shared';

const methods = [
  { id: 'a', name: 'A', scores: { aucMorf: 3, fileSize: 0.05 } },
  { id: 'b', name: 'B', scores: { aucMorf: 1, fileSize: 2 } },
  { id: 'c', name: 'C', scores: { aucMorf: 4, fileSize: 3 } },
  { id: 'd', name: 'D', scores: { aucMorf: 5, fileSize: 4 } },
  { id: randomBaseline, name: 'Random', scores: { aucMorf: 0.5 } },
];

describe('compareScores', () => {
  it('marks the best three of each column of more than three methods, never the random baseline', () => {
    const other = { name: 'other', scores: { a: { aucMorf: 1 }, b: { aucMorf: 2 } } };
    const rows = compareScores(methods, [ourColumn(methods), other], ['aucMorf', 'fileSize']);
    assert.deepEqual(
      rows.map((row) => row.map((text) => text.replace('\u00a0', ''))),
      [
        ['A', '3.00²', '1.00', '0.050¹', ''],
        ['B', '1.00¹', '2.00', '2.00²', ''],
        ['C', '4.00³', '', '3.00³', ''],
        ['D', '5.00', '', '4.00', ''],
        ['Random', '0.50', '', '', ''],
      ],
    );
  });
});

describe('measureText', () => {
  it('never prints what is not zero as zero', () => {
    assert.deepEqual([12.345, 0.1, 0.0412, 0.0041, 0.00041, -0.004, 0, 3e-9].map(measureText), [
      ...['12.35', '0.10', '0.041', '0.0041', '0.00041', '-0.0040', '0.00', '3.0e-9'],
    ]);
  });
});

describe('rankAgreement', () => {
  const ours = ourColumn(methods);

  it('is Spearman’s correlation over the methods that both have', () => {
    const other = {
      name: 'other',
      scores: { d: { aucMorf: 40 }, c: { aucMorf: 10 }, a: { aucMorf: 20 }, e: { aucMorf: 1 } },
    };
    // a, c, d have ranks 1 2 3 here and 2 1 3 there: 1 - 6 · 2 / (3 · 8) = 0.5.
    assert.ok(Math.abs((rankAgreement(ours, other, 'aucMorf')?.r ?? 9) - 0.5) < 1e-12);
  });

  it('is undefined for fewer than three methods or a constant measure', () => {
    const two = { name: 'two', scores: { a: { aucMorf: 1 }, b: { aucMorf: 2 } } };
    const constant = {
      name: 'constant',
      scores: Object.fromEntries(methods.map(({ id }) => [id, { aucMorf: 1 }])),
    };
    assert.equal(rankAgreement(ours, two, 'aucMorf'), undefined);
    assert.equal(rankAgreement(ours, constant, 'aucMorf'), undefined);
  });

  it('finds DenseNet-121 and ResNet-50 in agreement in the paper, as it says', () => {
    const { sen12ms, sen12msResNet50 } = paperColumns;
    for (const measure of ['maxSensitivity', 'aucMorf', 'fileSize'] as const)
      assert.ok((rankAgreement(sen12ms, sen12msResNet50, measure)?.r ?? 0) > 0.5, measure);
    assert.equal(rankAgreement(sen12ms, sen12msResNet50, 'seconds'), undefined);
  });
});

describe('correlationText', () => {
  it('never claims p = 0.000', () => {
    assert.equal(correlationText({ r: 0.6949, p: 0.0126 }), '0.69 (p = 0.013)');
    assert.equal(correlationText({ r: -0.975, p: 1e-7 }), '-0.97 (p < 0.001)');
  });
});

describe('paperTableS3', () => {
  it('holds the values of the paper', async function () {
    const path = join(shared, 'paper', 'tables.json');
    const content = await readFile(path, 'utf8').catch(() => undefined);
    if (content === undefined) {
      console.log(`      (needs ${path})`);
      this.skip();
    }
    const rows: readonly { readonly sen12ms_resnet50: Readonly<Record<string, number>> }[] =
      JSON.parse(content).table3;
    assert.deepEqual(
      Object.values(paperTableS3).map((one) => [one.maxSensitivity, one.aucMorf, one.fileSize]),
      rows.map(({ sen12ms_resnet50: one }) => [one.max_sensitivity, one.auc_morf, one.file_size_kb]),
    );
  });
});
