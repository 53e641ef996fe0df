/** Images chosen by split, class and outcome: checked against the labels and scores of every image. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import type { Dataset, Split } from '../../lib/src/dataset/patch.js';
import { runStudy } from '../../lib/src/study/run.js';
import { outcomeNames, type Selection, selectImages } from '../../lib/src/study/selection.js';
import type { StudiedClassifier } from '../../lib/src/study/subject.js';
import { summarise } from '../../lib/src/study/summary.js';
import { describeContext } from '../../lib/src/study/tables.js';
import { tensor } from '../../lib/src/tensor.js';
import { tinyClassifier, tinyDataset, tinyMethods, tinyStudy, withFolder } from './fixture.js';

const count = 60;
const classes = ['A', 'B', 'C'];

/** Image i is labelled with the bits of i; one pixel and band. */
const bits: Dataset = {
  ...tinyDataset,
  name: 'bits',
  bands: ['one'],
  classes: [...classes, 'Unknown to the model'],
  size: 1,
  count: (split) => (split === 'validation' ? 0 : count),
  nameOf: (split, index) => `${split} ${index}`,
  async readLabels(_, index) {
    return [0, 1, 2].filter((c) => (index >> c) & 1);
  },
  async read(split, index) {
    const labels = [0, 1, 2].filter((c) => (index >> c) & 1);
    return {
      name: `${split} ${index}`,
      image: tensor(Float32Array.of(index), [1, 1, 1]),
      bands: ['one'],
      labels,
      ...(index === 8 && { planted: { unlabelledUrban: new Uint8Array(1) } }),
    };
  },
};

/** Right about A; B is never predicted; C where i is a multiple of 3. */
const scoresOf = (i: number): readonly number[] => [i % 2 === 1 ? 0.9 : 0.1, 0.2, i % 3 === 0 ? 0.95 : 0.4];

const classifier: StudiedClassifier = {
  ...tinyClassifier,
  bands: ['one'],
  classes,
  size: [1, 1],
  prepare: ({ image }) => tensor(image.data, [1, 1, 1, 1]),
  async score({ data }) {
    return tensor(Float32Array.from([...data].flatMap(scoresOf)), [data.length, 3]);
  },
};

const select = (selection: Partial<Selection>, images: number, seed = 0, dataset = bits) =>
  selectImages(dataset, classifier, { split: 'test', ...selection }, images, { seed });

const isOutcome = (i: number, c: number, outcome: string): boolean => {
  const isPredicted = scoresOf(i)[c] >= 0.5;
  const isLabel = ((i >> c) & 1) === 1;
  if (outcome === 'true-positive') return isPredicted && isLabel;
  return outcome === 'false-positive' ? isPredicted && !isLabel : !isPredicted && isLabel;
};

describe('selectImages', () => {
  const all = Array.from({ length: count }, (_, i) => i);

  it('finds exactly the images of a class and an outcome', async () => {
    for (const outcome of outcomeNames.filter((name) => name !== 'missing-label')) {
      for (const [c, className] of classes.entries()) {
        const expected = all.filter((i) => isOutcome(i, c, outcome));
        if (expected.length === 0) {
          await assert.rejects(select({ className, outcome }, 1), {
            name: 'InputError',
            message: /test split of bits: no image of the split is/,
          });
          continue;
        }
        const found = await select({ className, outcome }, expected.length);
        assert.deepEqual(
          found.map(({ index }) => index).sort((a, b) => a - b),
          expected,
        );
        assert.ok(found.every(({ target }) => target === c));
        await assert.rejects(select({ className, outcome }, expected.length + 1), {
          name: 'InputError',
          message: new RegExp(`too few images.*got ${expected.length} of.*--images ${expected.length}`),
        });
      }
    }
  });

  it('chooses the class with the highest score where only the outcome is given', async () => {
    const found = await select({ outcome: 'true-positive' }, 5);
    for (const { index, target } of found) {
      const right = [0, 1, 2].filter((c) => isOutcome(index, c, 'true-positive'));
      assert.equal(target, right.includes(2) ? 2 : right[0]);
    }
  });

  it('takes images by label alone', async () => {
    const found = await select({ className: 'B' }, 30);
    assert.equal(found.length, 30);
    assert.ok(found.every(({ index, target }) => (index >> 1) % 2 === 1 && target === 1));
  });

  it('is decided by the seed and the split, and a larger choice holds a smaller one', async () => {
    const indices = async (split: Split, seed: number, images: number) =>
      (await select({ split, className: 'A' }, images, seed)).map(({ index }) => index).join();
    assert.equal(await indices('test', 7, 8), await indices('test', 7, 8));
    assert.notEqual(await indices('test', 7, 8), await indices('test', 8, 8));
    assert.notEqual(await indices('test', 7, 8), await indices('train', 7, 8));
    assert.ok((await indices('test', 7, 8)).startsWith(await indices('test', 7, 3)));
  });

  it('finds labels that were left out where the data set knows them, and says so where not', async () => {
    const renamed = { ...bits, classes: ['A', 'B', 'Urban fabric', 'D'] };
    const knows = {
      ...classifier,
      classes: ['A', 'B', 'Urban fabric'],
      score: async () => tensor(Float32Array.of(...new Array<number>(16 * 3).fill(0.9)), [16, 3]),
    };
    const small = { ...renamed, count: () => 16 };
    const selection = { split: 'test', outcome: 'missing-label' } as const;
    assert.deepEqual(await selectImages(small, knows, selection, 1, { seed: 0 }), [{ index: 8, target: 2 }]);
    await assert.rejects(selectImages({ ...small, rendered: false }, knows, selection, 1, { seed: 0 }), {
      name: 'InputError',
      message: /nothing tells which labels are missing.*false-positive/,
    });
  });

  it('refuses unknown classes and empty splits', async () => {
    const refused = (message: RegExp) => ({ name: 'InputError', message });
    await assert.rejects(select({ className: 'D' }, 1), refused(/data set has no such class.*A; B; C.*"D"/));
    await assert.rejects(
      select({ className: 'Unknown to the model' }, 1),
      refused(/model does not know the class/),
    );
    await assert.rejects(
      select({ split: 'validation' }, 1),
      refused(/bits: no images in the validation split.*lists/),
    );
    await assert.rejects(
      select({ split: 'validation', className: 'A' }, 1),
      refused(/no images in the validation split/),
    );
  });

  it('decides what a study explains, and is kept in its manifest', () =>
    withFolder(async (folder) => {
      const selection = { split: 'train', className: 'Sand' } as const;
      const { records } = await runStudy(tinyStudy(folder, { selection, images: 3 }));
      assert.equal(new Set(records.map(({ imageIndex }) => imageIndex)).size, 3);
      for (const { target, imageIndex } of records) {
        assert.equal(target.name, 'Sand');
        assert.equal(imageIndex % 2, 1);
      }
      const { context } = await summarise(records, tinyMethods, {
        dataset: tinyDataset,
        model: 'Tiny',
        selection,
      });
      assert.match(describeContext(context)[0], /; 3 train images \("Sand"\) with one class each/);
      const manifest = JSON.parse(await readFile(join(folder, 'study.json'), 'utf8'));
      assert.deepEqual(manifest.selection, selection);
      await assert.rejects(runStudy(tinyStudy(folder, { images: 3 })), {
        name: 'InputError',
        message: /another study.*selection/,
      });
    }));
});
