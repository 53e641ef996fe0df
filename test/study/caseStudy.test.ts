import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { superClassOf } from '../../lib/src/dataset/bigEarthNet/labels.js';
import type { Dataset } from '../../lib/src/dataset/patch.js';
import { sen12msClasses } from '../../lib/src/dataset/sen12ms/classes.js';
import { findPaperCases, readCase, verdictOf, writeCase } from '../../lib/src/study/caseStudy.js';
import { readMap, writeMap } from '../../lib/src/study/maps.js';
import { paperCases } from '../../lib/src/study/paper/paperCases.js';
import { refusesInput } from '../refuses.js';
import { tinyClassifier, tinyDataset, tinyMethods } from './fixture.js';

/** Two of its images bear names that the paper's captions give. */
const names = ['S2A_MSIL2A_20171002T094031_53_67', 'S2A_MSIL2A_20180506T100031_72_48', 'another'];
const named: Dataset = {
  ...tinyDataset,
  nameOf: (_, index) => names[index],
  find: (name) => (names.includes(name) ? { split: 'test', index: names.indexOf(name) } : undefined),
  read: async (split, index) => ({ ...(await tinyDataset.read(split, index)), name: names[index] }),
};

describe('case studies', () => {
  const study = {
    dataset: named,
    classifier: tinyClassifier,
    methods: tinyMethods,
    preset: 'quick',
    seed: 0,
  } as const;

  it('know every figure of single images, with classes that the data sets have', () => {
    const figures = paperCases.flatMap((each) => each.figures);
    for (let figure = 2; figure <= 9; figure++) assert.ok(figures.includes(`${figure}`), `Figure ${figure}`);
    assert.equal(new Set(figures).size, figures.length);
    for (const { image, classes } of paperCases) {
      for (const name of classes) {
        const isKnown = image.startsWith('ROIs')
          ? sen12msClasses.includes(name)
          : superClassOf(name) !== undefined;
        assert.ok(isKnown, `${image}: ${name}`);
      }
    }
  });

  it('are found by the name of the image', () => {
    const { present, absent } = findPaperCases(named);
    assert.deepEqual(
      present.map(({ image, className }) => [image, className]),
      [
        [names[0], 'Urban fabric'],
        [names[1], 'Urban fabric'],
        [names[1], 'Broad-leaved forest'],
      ],
    );
    assert.equal(present.length + absent.length, paperCases.flatMap(({ classes }) => classes).length);
  });

  it('say what the labels and the score say of the class', () => {
    assert.equal(verdictOf(true, 0.9), 'true positive');
    assert.equal(verdictOf(false, 0.51), 'predicted, not a label');
    assert.equal(verdictOf(true, 0.5), 'false negative');
    assert.equal(verdictOf(false, 0), 'neither predicted nor a label');
  });

  it('write a sheet, a map per method and a record, and keep a case that is there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'landlens-cases-'));
    try {
      const chosen = { image: names[1], className: 'Sand' };
      const first = await writeCase(chosen, { ...study, folder });
      assert.equal(first.kept, false);
      assert.deepEqual([...(await readFile(first.sheet)).subarray(1, 4)], [...Buffer.from('PNG')]);
      assert.equal((await readdir(join(folder, 'Sand/maps', names[1]))).length, tinyMethods.length);
      const path = join(folder, 'Sand', `${names[1]}.json`);
      const record = JSON.parse(await readFile(path, 'utf8'));
      const { shown } = await readCase(chosen, study);
      assert.equal(record.score, shown.score);
      assert.deepEqual(
        Object.keys(record.maxSensitivity),
        tinyMethods.map(({ id }) => id),
      );

      assert.equal((await writeCase(chosen, { ...study, folder })).kept, true);
      assert.equal((await writeCase(chosen, { ...study, folder, seed: 1 })).kept, false);
      await writeFile(path, '{"identity": ');
      assert.equal((await writeCase(chosen, { ...study, folder })).kept, false, 'a damaged record');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('refuse a map whose values have changed, and are computed anew where a map or the sheet is gone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'landlens-cases-'));
    try {
      const chosen = { image: names[1], className: 'Sand' };
      const { sheet } = await writeCase(chosen, { ...study, folder });
      const patch = await named.read('test', 1);
      const place = join(folder, 'Sand');
      const map = await readMap(place, patch, 'lime');
      map[7] *= 1.0001;
      await writeMap(place, patch, 'lime', map);
      await refusesInput(
        () => writeCase(chosen, { ...study, folder }),
        'lime.tif',
        /not the map that was recorded/,
      );
      // Nor is it written over because another map is missing.
      await rm(join(place, 'maps', names[1], 'saliency.tif'));
      await refusesInput(() => writeCase(chosen, { ...study, folder }), 'lime.tif', /Delete the file/);

      await rm(join(place, 'maps', names[1], 'lime.tif'));
      assert.equal((await writeCase(chosen, { ...study, folder })).kept, false);
      await rm(sheet);
      assert.equal((await writeCase(chosen, { ...study, folder })).kept, false);
      assert.equal((await writeCase(chosen, { ...study, folder })).kept, true);

      // As records were before they held the maps' checksums.
      const path = join(place, `${names[1]}.json`);
      const { maps: _, ...older } = JSON.parse(await readFile(path, 'utf8'));
      await writeFile(path, JSON.stringify(older));
      assert.equal((await writeCase(chosen, { ...study, folder })).kept, false);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('explain classes in images that do not carry the label', async () => {
    const { shown, verdict } = await readCase({ image: names[0], className: 'Sand' }, study);
    assert.ok(shown.score < 0.5);
    assert.equal(verdict, 'neither predicted nor a label');
  });

  it('name the image or the class that there is not', async () => {
    await assert.rejects(
      readCase({ image: 'x', className: 'Sand' }, study),
      /no image of that name.*got "x"/,
    );
    await assert.rejects(
      readCase({ image: names[0], className: 'Snow' }, study),
      /no such class.*got "Snow"/,
    );
  });
});
