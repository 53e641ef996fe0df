import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  paperTable1,
  paperTableS1,
  paperTableS1Average,
  paperTableS2,
  paperTableS2Average,
} from '../../../lib/src/study/paper/paperClassification.js';

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe('the paper’s tables of classification', () => {
  it('have the averages that they print', () => {
    assert.ok(Math.abs(mean(Object.values(paperTableS1)) - paperTableS1Average) <= 0.05);
    assert.ok(
      Math.abs(mean(Object.values(paperTableS2.DenseNet121)) - paperTableS2Average.DenseNet121) <= 0.0051,
    );
    assert.ok(Math.abs(mean(Object.values(paperTableS2.ResNet50)) - paperTableS2Average.ResNet50) <= 0.0051);
  });

  it('print no micro average in Table 1: its F1 is not the harmonic mean of precision and recall', () => {
    const { f1, recall, precision } = paperTable1.DenseNet121;
    assert.ok(Math.abs((2 * recall * precision) / (recall + precision) - f1) > 1);
  });
});
