import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { mean } from 'simple-statistics';
import { paperTable1, paperTableS1, paperTableS2 } from '../../../lib/src/study/paper/paperClassification.js';

/** The averages that the paper prints below Tables S1 and S2, in percent. */
const printed = { s1: 74.4, s2: { DenseNet121: 63.48, ResNet50: 64.47 } } as const;

describe('the paper’s tables of classification', () => {
  it('have the averages that they print', () => {
    assert.ok(Math.abs(mean(Object.values(paperTableS1)) - printed.s1) <= 0.05);
    assert.ok(Math.abs(mean(Object.values(paperTableS2.DenseNet121)) - printed.s2.DenseNet121) <= 0.0051);
    assert.ok(Math.abs(mean(Object.values(paperTableS2.ResNet50)) - printed.s2.ResNet50) <= 0.0051);
  });

  it('print no micro average in Table 1: its F1 is not the harmonic mean of precision and recall', () => {
    const { f1, recall, precision } = paperTable1.DenseNet121;
    assert.ok(Math.abs((2 * recall * precision) / (recall + precision) - f1) > 1);
  });
});
