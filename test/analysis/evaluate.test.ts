import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { evaluate } from '../../lib/src/analysis/evaluate.js';
import { blockMean } from '../../lib/src/figure/bandGrid.js';

describe('evaluate', () => {
  it('counts only classes that model and data share', () => {
    const image = { index: 0, name: 'a', missing: [] };
    const { classes, metrics } = evaluate({
      classes: ['x', 'y', 'z'],
      shared: [0, 2],
      images: [
        { ...image, labels: [0, 1], scores: Float32Array.of(0.9, 0.1, 0.8) },
        { ...image, labels: [2], scores: Float32Array.of(0.2, 0.9, 0.7) },
      ],
    });
    assert.deepEqual(classes, ['x', 'z']);
    assert.deepEqual(
      metrics.perClass.map(({ precision, recall }) => [precision, recall]),
      [
        [1, 1],
        [0.5, 1],
      ],
    );
  });
});

describe('parts of figures', () => {
  it('blockMean averages squares', () => {
    assert.deepEqual(
      [...blockMean(Float32Array.of(1, 3, 5, 7, 1, 3, 5, 7, 0, 0, 2, 2, 0, 0, 2, 2), 4, 2)],
      [2, 6, 0, 2],
    );
  });
});
