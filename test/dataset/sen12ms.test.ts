/** The SEN12MS reader: made-up patches in its layout, then real images with made-up land cover. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { bandStatistics } from '../../lib/src/dataset/bandStatistics.js';
import { bigEarthNetStatistics } from '../../lib/src/dataset/bigEarthNet.js';
import { sentinel2Bands } from '../../lib/src/dataset/patch.js';
import { readWholeGeoTiff } from '../../lib/src/dataset/raster/geoTiff.js';
import { encodeGeoTiff, writeGeoTiff } from '../../lib/src/dataset/raster/geoTiffWriter.js';
import { openSen12ms } from '../../lib/src/dataset/sen12ms.js';
import { sharedFolder } from '../shared.js';
import { assertSamePixels, assertSamePlace, expectedLandCover, pathOfFixture } from './rasterio.js';

const side = 256;
const area = side * side;
const georeference = { epsg: 32635, left: 399960, top: 5200020, pixelSize: [10, 10] as const };

/** Sample s holds 100 s plus the row; so that each band tells where it came from. */
const image = encodeGeoTiff(
  Float32Array.from(
    { length: 13 * area },
    (_, i) => 100 * Math.floor(i / area) + Math.floor((i % area) / side),
  ),
  { bands: 13, height: side, width: side, georeference },
);

const pathOf = (root: string, season: string, kind: string, scene: number, patch: number): string =>
  join(root, season, `${kind}_${scene}`, `${season}_${kind}_${scene}_p${patch}.tif`);

/** A land-cover map of 1 or 4 bands; the further ones hold codes of other schemes. */
const landCover = (code: (pixel: number) => number, bands = 4, place = georeference): Uint8Array =>
  encodeGeoTiff(
    Float32Array.from({ length: bands * area }, (_, i) => (i < area ? code(i) : 255)),
    { bands, height: side, width: side, georeference: place },
  );

describe('openSen12ms', () => {
  let root = '';
  const refused = (message: RegExp) => ({ name: 'InputError', message });
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'landlens-sen12ms-'));
    for (const [scene, patch] of [
      [1, 30],
      [1, 7],
      [63, 2],
    ]) {
      await mkdir(join(root, 'ROIs1158_spring', `s2_${scene}`), { recursive: true });
      await mkdir(join(root, 'ROIs1158_spring', `lc_${scene}`), { recursive: true });
      await writeFile(pathOf(root, 'ROIs1158_spring', 's2', scene, patch), image);
      await writeFile(
        pathOf(root, 'ROIs1158_spring', 'lc', scene, patch),
        landCover((i) => 1 + (i % 17)),
      );
    }
    await mkdir(join(root, 'ROIs1158_spring', 's1_1'));
    await writeFile(join(root, 'ROIs1158_spring', 's2_1', 'notes.txt'), '');
    await writeFile(join(root, 'ROIs1158_spring', 's2_1', 'ROIs1158_spring_s2_2_p1.tif'), '');
    await writeFile(join(root, 'ROIs1158_spring', 's2_1', 'ROIs1158_spring_s2_1_p07.tif'), '');
  });
  afterEach(() => rm(root, { recursive: true }));
  const lcPath = () => pathOf(root, 'ROIs1158_spring', 'lc', 1, 30);
  const s2Path = () => pathOf(root, 'ROIs1158_spring', 's2', 1, 30);
  const readOne = async () => (await openSen12ms(root)).read('test', 0);

  it('lists patches by name and reads 12 bands without B10, where they lie', async () => {
    const dataset = await openSen12ms(root);
    assert.equal(dataset.count('test'), 3);
    assert.deepEqual(
      [0, 1, 2].map((index) => dataset.nameOf('test', index)),
      ['ROIs1158_spring_s2_1_p30', 'ROIs1158_spring_s2_1_p7', 'ROIs1158_spring_s2_63_p2'],
    );
    assert.deepEqual(dataset.find('ROIs1158_spring_s2_1_p7.tif'), { split: 'test', index: 1 });
    const patch = await dataset.read('test', 0);
    assert.deepEqual(patch.image.shape, [12, side, side]);
    assert.deepEqual(patch.bands, sentinel2Bands);
    const first = (band: (typeof sentinel2Bands)[number]) =>
      patch.image.data[sentinel2Bands.indexOf(band) * area];
    // In the file: B1 .. B8, B8A, B9, B10, B11, B12.
    assert.deepEqual(
      (['B01', 'B08', 'B8A', 'B09', 'B11', 'B12'] as const).map(first),
      [0, 700, 800, 900, 1100, 1200],
    );
    assert.deepEqual(patch.georeference, georeference);
    assert.deepEqual(patch.facts, { season: 'ROIs1158_spring', scene: 1, patch: 30 });
  });

  it('maps the codes, labels a tenth of the pixels, and masks every class', async () => {
    // 1-5 make 5/17 of the pixels, 6-7 and 8-9 and 12 + 14 make 2/17 each, the others 1/17, which is below a tenth.
    const dataset = await openSen12ms(root);
    const patch = await dataset.read('test', 0);
    const names = patch.labels.map((label) => dataset.classes[label]);
    assert.deepEqual(names, ['Forest', 'Shrubland', 'Savanna', 'Croplands']);
    assert.deepEqual(await dataset.readLabels?.('test', 0), patch.labels);
    assert.equal(dataset.classes.length, 10);
    assert.equal(patch.masks?.length, 10 * area);
    const byCode = [0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 5, 7, 8, 9];
    for (let pixel = 0; pixel < 40; pixel++) {
      const set = dataset.classes.flatMap((_, c) => (patch.masks?.[c * area + pixel] === 1 ? [c] : []));
      assert.deepEqual(set, [byCode[pixel % 17]]);
    }
  });

  it('labels a class from exactly a tenth on, counted after the mapping', async () => {
    // A tenth of 65,536 pixels is 6,553.6.
    for (const [pixels, expected] of [
      [6553, ['Water']],
      [6554, ['Croplands', 'Water']],
    ] as const) {
      const code = (i: number) => (i < pixels ? (i % 2 === 0 ? 12 : 14) : 17);
      await writeFile(lcPath(), landCover(code, 1));
      const dataset = await openSen12ms(root);
      assert.deepEqual(
        (await dataset.read('test', 0)).labels.map((label) => dataset.classes[label]),
        expected,
      );
    }
  });

  it('takes unclassified pixels for no class', async () => {
    await writeFile(
      lcPath(),
      landCover((i) => (i < 6600 ? 17 : 255)),
    );
    const { labels, masks } = await readOne();
    assert.deepEqual(labels, [9]);
    assert.equal(
      masks?.reduce((sum, value) => sum + value, 0),
      6600,
    );
  });

  it('splits by lists and by hold-out scenes, and refuses a leak', async () => {
    const list = async (name: string, ...lines: string[]) => {
      await writeFile(join(root, name), lines.join('\r\n'));
      return join(root, name);
    };
    const one = 'ROIs1158_spring_s2_1_p30.tif';
    const held = 'ROIs1158_spring_s2_63_p2.tif';
    const train = await list('train.txt', one, 'ROIs1868_summer_s2_9_p9.tif');
    const test = await list('test.txt', held, '');
    const holdOut = await list('holdout.txt', 'ROIs1158_spring/s1_63', 'ROIs1970_fall/s1_1');
    const counts = async (...options: Parameters<typeof openSen12ms>[1][]) => {
      const dataset = await openSen12ms(root, options[0]);
      return (['train', 'validation', 'test'] as const).map((split) => dataset.count(split)).join();
    };
    assert.equal(await counts({ splits: { train, test } }), '1,0,1');
    assert.equal(await counts({ splits: { validation: train } }), '0,1,0');
    assert.equal(await counts({ holdOut }), '2,0,1');
    assert.equal(await counts({ splits: { train, test }, holdOut }), '1,0,1');
    const leak = await list('leak.txt', one, held);
    await assert.rejects(counts({ splits: { train: leak }, holdOut }), refused(/s2_63_p2.*hold-out/));
    await assert.rejects(counts({ splits: { train: leak, test } }), refused(/more than one split/));
    await assert.rejects(counts({ splits: { test: holdOut } }), refused(/holds no name/));
    await assert.rejects(counts({ holdOut: test }), refused(/holds no name/));
    await assert.rejects(counts({ holdOut: join(root, 'none') }), refused(/does not exist/));
    const strange = await list('strange.txt', 'ROIs2017_winter_s2_1_p1.tif');
    await assert.rejects(counts({ splits: { test: strange } }), refused(/no patch of the folder/));
    await assert.rejects(counts(JSON.parse('{"splits":{"val":"x"}}')), refused(/unknown split/));
  });

  it('has no statistics until they are computed or given', async () => {
    const dataset = await openSen12ms(root);
    assert.throws(() => dataset.statistics, refused(/not known.*bandStatistics/));
    const { mean } = await bandStatistics(dataset);
    assert.equal(mean[10], 1100 + 127.5);
    assert.deepEqual((await openSen12ms(root)).statistics.mean, mean);
    const given = { mean: sentinel2Bands.map(() => 1), deviation: sentinel2Bands.map(() => 2) };
    assert.deepEqual((await openSen12ms(root, { statistics: given })).statistics, given);
    const wrong = { mean: [1], deviation: [1] };
    await assert.rejects(openSen12ms(root, { statistics: wrong }), refused(/not usable/));
  });

  it('refuses wrong folders', async () => {
    await assert.rejects(openSen12ms(join(root, 'none')), refused(/cannot be listed.*ROIs1158/));
    await assert.rejects(openSen12ms(join(root, 'ROIs1158_spring')), refused(/no SEN12MS patches/));
  });

  it('refuses damaged, missing and strange files', async () => {
    await writeFile(
      lcPath(),
      landCover((i) => (i === 500 ? 0 : 17)),
    );
    await assert.rejects(readOne, refused(/unknown land-cover code.*1 to 17.*got 0/));
    await writeFile(
      lcPath(),
      landCover((i) => (i === 500 ? 254 : 255)),
    );
    await assert.rejects(readOne, refused(/unknown land-cover code.*got 254/));
    await writeFile(
      lcPath(),
      landCover(() => 17, 1, { ...georeference, left: 0 }),
    );
    await assert.rejects(readOne, refused(/lies elsewhere/));
    await writeFile(lcPath(), encodeGeoTiff(new Float32Array(4), { height: 2, width: 2 }));
    await assert.rejects(readOne, refused(/wrong size.*256 x 256.*2 x 2/));
    await rm(lcPath());
    await assert.rejects(readOne, refused(/lc_1_p30.tif: the file does not exist/));
    await writeFile(
      s2Path(),
      landCover(() => 1),
    );
    await assert.rejects(readOne, refused(/13 sample.*4 sample/));
    await writeFile(s2Path(), (await readFile(pathOf(root, 'ROIs1158_spring', 's2', 1, 7))).subarray(0, 1e6));
    await assert.rejects(readOne, refused(/outside|missing|cut/));
  });

  it('reads files written by rasterio value for value, place and labels included', async () => {
    const dataset = await openSen12ms(pathOfFixture('sen12ms'));
    assert.equal(dataset.count('test'), 2);
    for (let index = 0; index < 2; index++) {
      const patch = await dataset.read('test', index);
      const [, season, scene] = /^(.+)_s2_(\d+)_/.exec(patch.name) ?? [];
      const name = `sen12ms/${season}/s2_${scene}/${patch.name}.tif`;
      assertSamePixels(patch.image.data, name, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12]);
      assertSamePlace(patch.georeference, name);
      assert.deepEqual(patch.labels, expectedLandCover.labels);
      const shares = dataset.classes.map((_, c) => {
        const mask = patch.masks?.subarray(c * area, (c + 1) * area);
        return (mask?.reduce((sum, value) => sum + value, 0) ?? 0) / area;
      });
      assert.deepEqual(shares, expectedLandCover.shares);
    }
  });

  it('reads real images', async function () {
    const shared = sharedFolder();
    if (shared === undefined) return this.skip();
    const real = join(root, 'real');
    for (const [season, scene, patch] of [
      ['ROIs1970_fall', 139, 839],
      ['ROIs1158_spring', 15, 30],
    ] as const) {
      const source = join(shared, 'SEN12MS-CR', `${season}_s2_${scene}_p${patch}.tif`);
      const target = pathOf(real, season, 's2', scene, patch);
      await mkdir(join(real, season, `s2_${scene}`), { recursive: true });
      await copyFile(source, target);
      const { georeference: place } = await readWholeGeoTiff(source);
      const codes = Float32Array.from({ length: area }, (_, i) => (i < area / 2 ? 12 : 5));
      await writeGeoTiff(pathOf(real, season, 'lc', scene, patch), codes, {
        height: side,
        width: side,
        ...(place && { georeference: place }),
      });
    }
    const lists = join(shared, 'lists');
    const dataset = await openSen12ms(real, { holdOut: join(lists, 'sen12ms_holdout_scenes.txt') });
    assert.deepEqual([dataset.count('train'), dataset.count('test')], [1, 1]);
    assert.equal(dataset.nameOf('test', 0), 'ROIs1158_spring_s2_15_p30');
    for (const split of ['train', 'test'] as const) {
      const patch = await dataset.read(split, 0);
      assert.deepEqual(
        patch.labels.map((label) => dataset.classes[label]),
        ['Forest', 'Croplands'],
      );
      // L1C looks through the haze: blue is brighter than red over vegetation, near infrared brighter than both.
      const mean = (band: number) =>
        patch.image.data.subarray(band * area, (band + 1) * area).reduce((sum, value) => sum + value, 0) /
        area;
      assert.ok(mean(7) > mean(3) && mean(1) > 500 && mean(7) < 10000, `${[1, 3, 7].map(mean)}`);
    }
    const list = join(lists, 'sen12ms_test_list.txt');
    const listed = await openSen12ms(real, { splits: { test: list } });
    assert.equal(listed.nameOf('test', 0), 'ROIs1158_spring_s2_15_p30');
    const { mean, patches } = await bandStatistics(dataset, { split: 'train' });
    assert.equal(patches, 1);
    assert.notDeepEqual(mean, bigEarthNetStatistics.mean);
  });
});
