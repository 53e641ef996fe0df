import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { evaluate } from '../../lib/src/analysis/evaluate.js';
import {
  findPlanted,
  firstWithNewClass,
  labelledSplit,
  readLabels,
} from '../../lib/src/analysis/inventory.js';
import { openBigEarthNet } from '../../lib/src/dataset/bigEarthNet.js';
import { scenes } from '../../lib/src/dataset/scenes.js';
import { blockMean } from '../../lib/src/figure/bandGrid.js';
import { sharedFolder } from '../shared.js';

const small = scenes({ size: 48, counts: { train: 20, validation: 0, test: 30 }, cloudShadow: 'always' });

describe('inventory', () => {
  it('reads the labels of the first images', async () => {
    assert.equal(labelledSplit(small), 'train');
    const labels = await readLabels(small, 'train', { images: 18 });
    assert.equal(labels.length, 18);
    assert.deepEqual(labels[17], (await small.read('train', 17)).labels);
    assert.equal((await readLabels(small, 'train', { images: 99 })).length, 20);
  });

  it('chooses images that each show a class which none before shows', () => {
    assert.deepEqual(firstWithNewClass([[0], [0], [0, 2], [], [2], [1]], 9), [0, 2, 5]);
    assert.deepEqual(firstWithNewClass([[0], [0], [0, 2], [1]], 2), [0, 2]);
  });

  it('finds the first image with each planted thing', async () => {
    const found = await findPlanted(small, ['cloudShadow', 'nothing']);
    assert.deepEqual([...found.keys()], ['cloudShadow']);
    const index = found.get('cloudShadow')?.index ?? -1;
    assert.ok((await small.read('test', index)).planted?.cloudShadow !== undefined);
    for (let i = 0; i < index; i++)
      assert.equal((await small.read('test', i)).planted?.cloudShadow, undefined);
  });

  it('reads labels of real patches as their images say', async function () {
    const folder = sharedFolder();
    if (folder === undefined) this.skip();
    const data = await openBigEarthNet(`${folder}/BigEarthNet-v1.0`);
    assert.deepEqual(await data.readLabels?.('test', 3), (await data.read('test', 3)).labels);
  });
});

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
