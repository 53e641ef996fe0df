import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  type ChooseClasses,
  discriminate,
  findImages,
  meanDiscrimination,
  ofSize,
  type ShownClass,
  theseClasses,
  twoAlikeAndOther,
} from '../../lib/src/analysis/competingClasses.js';
import { explainClasses } from '../../lib/src/attribution/explainClasses.js';
import { chooseImages } from '../../lib/src/study/subject.js';
import { tinyClassifier, tinyDataset, tinyMethods } from '../study/fixture.js';

const shown = (...names: readonly string[]): ShownClass[] =>
  names.map((name, index) => ({ index, name, score: 1 - index / 10 }));

const namesOf = (classes: ReturnType<ChooseClasses>): readonly string[] | undefined =>
  classes?.map(({ name }) => name);

describe('choosing classes that compete', () => {
  it('takes the best two of one super-class and the best of another', () => {
    const classes = shown('Inland waters', 'Pastures', 'Coniferous forest', 'Mixed forest', 'Arable land');
    assert.deepEqual(namesOf(twoAlikeAndOther(classes)), [
      'Coniferous forest',
      'Mixed forest',
      'Inland waters',
    ]);
  });

  it('passes over images without two alike, or with nothing else', () => {
    assert.equal(twoAlikeAndOther(shown('Pastures', 'Inland waters')), undefined);
    assert.equal(twoAlikeAndOther(shown('Pastures', 'Arable land')), undefined);
    // Classes that CORINE does not know are of no super-class, so not of the same one.
    assert.equal(twoAlikeAndOther(shown('Savanna', 'Barren', 'Pastures')), undefined);
  });

  it('takes the named classes in the order of the names', () => {
    const choose = theseClasses('Pastures', 'Inland waters');
    assert.deepEqual(namesOf(choose(shown('Inland waters', 'Pastures'))), ['Pastures', 'Inland waters']);
    assert.equal(choose(shown('Pastures', 'Arable land')), undefined);
  });
});

describe('ofSize', () => {
  const half = { index: 0, name: 'Pastures', score: 1, mask: Uint8Array.of(1, 1, 0, 0) };

  it('leaves out classes with smaller or larger masks, and keeps those whose mask is not known', () => {
    const choose = theseClasses('Pastures');
    assert.deepEqual(namesOf(ofSize({ least: 0.5, most: 0.5 }, choose)([half])), ['Pastures']);
    assert.equal(ofSize({ least: 0.6 }, choose)([half]), undefined);
    assert.equal(ofSize({ most: 0.4 }, choose)([half]), undefined);
    assert.deepEqual(namesOf(ofSize({ most: 0 }, choose)(shown('Pastures'))), ['Pastures']);
  });
});

describe('findImages', () => {
  it('goes through the test images in the order of the study and keeps what is label and prediction', async () => {
    const found = await findImages(tinyDataset, tinyClassifier, theseClasses('Sand'), { images: 3, seed: 7 });
    const expected = chooseImages(tinyDataset, 20, 7).filter((index) => index % 2 === 1);
    assert.deepEqual(
      found.map(({ imageIndex }) => imageIndex),
      expected.slice(0, 3),
    );
    for (const { classes } of found) {
      assert.equal(classes[0].name, tinyClassifier.classes[classes[0].index]);
      assert.ok(classes[0].score >= 0.5);
      assert.equal(
        classes[0].mask?.reduce((sum, value) => sum + value, 0),
        72,
      );
    }
  });

  it('returns fewer, or none, where there are not so many', async () => {
    const options = { images: 100 };
    assert.equal((await findImages(tinyDataset, tinyClassifier, theseClasses('Forest'), options)).length, 10);
    const never = { images: 100, threshold: 1 };
    assert.deepEqual(await findImages(tinyDataset, tinyClassifier, theseClasses('Forest'), never), []);
  });
});

describe('discriminate', () => {
  const left = Uint8Array.of(1, 1, 0, 0);
  const right = Uint8Array.of(0, 0, 1, 1);
  const classes: ShownClass[] = [
    { index: 0, name: 'Coniferous forest', score: 1, mask: left },
    { index: 1, name: 'Mixed forest', score: 0.9, mask: right },
    { index: 2, name: 'Inland waters', score: 0.8 },
  ];

  it('compares every two classes, within and across super-classes', () => {
    const maps = [
      [1, 2, 0, 0],
      [0, 0, 2, 1],
      [5, 5, 5, 5],
    ].map((map) => Float32Array.from(map));
    const results = discriminate({ imageIndex: 3, classes }, [{ method: tinyMethods[0], maps }]);
    assert.deepEqual(
      results.map(({ classes, sameSuperClass }) => [...classes, sameSuperClass]),
      [
        ['Coniferous forest', 'Mixed forest', true],
        ['Coniferous forest', 'Inland waters', false],
        ['Mixed forest', 'Inland waters', false],
      ],
    );
    const [within, across] = results;
    assert.equal(within.contrast, 1);
    // Deviations (1, 5, -3, -3) / 4 and (-3, -3, 5, 1) / 4: r = -36 / 44.
    assert.ok(Math.abs((within.similarity?.pearson ?? 0) + 36 / 44) < 1e-6);
    assert.equal(across.similarity, undefined, 'a map that is the same everywhere');
    assert.equal(across.contrast, undefined, 'no mask');
    assert.deepEqual(
      { ...meanDiscrimination(results), spearman: 0 },
      { pairs: 3, pearson: within.similarity?.pearson, spearman: 0, contrast: 1 },
      'what is not defined does not count',
    );
  });
});

describe('explainClasses', () => {
  it('gives each method one map per class, reduced as the method is shown', async () => {
    const [{ input }] = await findImages(tinyDataset, tinyClassifier, theseClasses('Sand'));
    const steps: string[] = [];
    const progress = { start: (kind: string) => steps.push(kind), done: () => steps.push('done') };
    const explained = await explainClasses(tinyMethods, input, [0, 1], { progress });
    assert.deepEqual(steps, ['saliency', 'done', 'grad-cam', 'done', 'lime', 'done']);
    const area = 144;
    for (const [place, band] of [3, 7].entries()) {
      const values = input.data.subarray(band * area, (band + 1) * area);
      assert.deepEqual(explained[0].maps[place], values.map(Math.abs));
      assert.deepEqual(
        explained[2].maps[place],
        values.map((value) => value ** 3),
      );
    }
  });
});
