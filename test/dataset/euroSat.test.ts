/** The EuroSAT reader: made-up chips in both official layouts, then the real ones. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCanvas } from '@napi-rs/canvas';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { euroSatClasses, openEuroSat } from '../../lib/src/dataset/euroSat.js';
import type { Split } from '../../lib/src/dataset/patch.js';
import { encodeGeoTiff } from '../../lib/src/dataset/raster/geoTiffWriter.js';
import { paintPatch } from '../../lib/src/figure/patchPicture.js';
import { sharedFolder } from '../shared.js';

const side = 64;

/** A chip of one colour. */
function jpegOf(colour: string, size = side): Buffer {
  const canvas = createCanvas(size, size);
  const context = canvas.getContext('2d');
  context.fillStyle = colour;
  context.fillRect(0, 0, size, size);
  return canvas.encodeSync('jpeg', 95);
}

/** Band b of 13 has the value 100 b everywhere. */
const tif = (bands = 13): Uint8Array =>
  encodeGeoTiff(
    Float32Array.from({ length: bands * side * side }, (_, i) => 100 * Math.floor(i / (side * side))),
    {
      ...{ bands, height: side, width: side },
      georeference: { epsg: 32635, left: 399960, top: 5200020, pixelSize: [10, 10] },
    },
  );

const everyName = async (dataset: Awaited<ReturnType<typeof openEuroSat>>, split: Split): Promise<string[]> =>
  Promise.all(Array.from({ length: dataset.count(split) }, async (_, i) => dataset.nameOf(split, i)));

describe('openEuroSat', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'landlens-eurosat-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  async function fill(
    chipsPerClass: number,
    bytes: Uint8Array = jpegOf('rgb(200, 100, 50)'),
    ending = 'jpg',
  ) {
    for (const name of euroSatClasses) {
      await mkdir(join(root, name), { recursive: true });
      for (let i = 1; i <= chipsPerClass; i++)
        await writeFile(join(root, name, `${name}_${i}.${ending}`), bytes);
    }
  }

  it('reads chips in true colour, with one label and their own picture', async () => {
    await fill(2);
    await writeFile(join(root, 'Forest', 'Thumbs.db'), '');
    await writeFile(join(root, 'Forest', 'River_3.jpg'), '');
    const data = await openEuroSat(root);
    const { split, index } = data.find('Pasture_2') ?? assert.fail('not found');
    assert.deepEqual(data.find('Pasture_2.jpg'), { split, index });
    const patch = await data.read(split, index);
    assert.deepEqual([patch.name, patch.bands], ['Pasture_2', ['B04', 'B03', 'B02']]);
    assert.deepEqual(patch.labels, [euroSatClasses.indexOf('Pasture')]);
    assert.deepEqual(await data.readLabels?.(split, index), patch.labels);
    assert.deepEqual(patch.image.shape, [3, side, side]);
    for (const [band, value] of [200, 100, 50].entries()) {
      const found = patch.image.data[band * side * side + 1000];
      assert.ok(Math.abs(found - value) <= 2, `${found}`);
    }
    // The JPEG is a picture already: it is shown as it is.
    const { pixels } = paintPatch(patch);
    assert.deepEqual(
      [...pixels.subarray(0, 3)],
      [0, 1, 2].map((band) => patch.image.data[band * side * side]),
    );
    assert.equal(data.statistics.mean.length, 3);
    const own = { mean: [1, 2, 3], deviation: [4, 5, 6] };
    assert.deepEqual((await openEuroSat(root, { statistics: own })).statistics, own);
  });

  it('reads the 13 bands by their names, of which B8A comes last', async () => {
    await fill(1, tif(), 'tif');
    const data = await openEuroSat(root);
    const { split, index } = data.find('River_1') ?? assert.fail('not found');
    const { bands, image, georeference } = await data.read(split, index);
    assert.equal(bands.at(-1), 'B8A');
    assert.deepEqual(image.shape, [13, side, side]);
    assert.equal(image.data[bands.indexOf('B8A') * side * side], 1200);
    assert.equal(georeference?.epsg, 32635);
    assert.equal(data.statistics.mean[bands.indexOf('B10')], 12.11327804);
  });

  it('cuts each class at 70 and 80 %, by the seed', async () => {
    await fill(20);
    const [data, again, other] = [
      await openEuroSat(root, { seed: 1 }),
      await openEuroSat(root, { seed: 1 }),
      await openEuroSat(root, { seed: 2 }),
    ];
    assert.deepEqual([data.count('train'), data.count('validation'), data.count('test')], [140, 20, 40]);
    const test = await everyName(data, 'test');
    for (const name of euroSatClasses)
      assert.equal(test.filter((chip) => chip.startsWith(`${name}_`)).length, 4);
    assert.deepEqual(await everyName(again, 'test'), test);
    assert.notDeepEqual(await everyName(other, 'test'), test);
    const all = (
      await Promise.all((['train', 'validation', 'test'] as const).map((s) => everyName(data, s)))
    ).flat();
    assert.equal(new Set(all).size, 200);
  });

  it('takes the lists of splits that lie in the folder, or are named', async () => {
    await fill(2);
    await writeFile(join(root, 'train.txt'), 'Forest/Forest_1.jpg\r\nRiver_2\n');
    await writeFile(join(root, 'test.txt'), 'SeaLake_1.jpg\n');
    const data = await openEuroSat(root);
    assert.deepEqual(await everyName(data, 'train'), ['Forest_1', 'River_2']);
    assert.deepEqual([data.count('validation'), await everyName(data, 'test')], [0, ['SeaLake_1']]);
    const named = await openEuroSat(root, { splits: { test: join(root, 'train.txt') } });
    assert.deepEqual([named.count('train'), named.count('test')], [0, 2]);
    await writeFile(join(root, 'test.txt'), 'Volcano_1\n');
    await assert.rejects(openEuroSat(root), {
      name: 'InputError',
      message: /test\.txt: .*no name of EuroSAT/,
    });
  });

  it('refuses other folders, both versions in one, and damaged chips', async () => {
    await assert.rejects(openEuroSat(root), { name: 'InputError', message: /no EuroSAT patches.*zenodo/ });
    await assert.rejects(openEuroSat(join(root, 'none')), {
      name: 'InputError',
      message: /cannot be listed/,
    });
    await fill(1);
    await writeFile(join(root, 'River', 'River_1.jpg'), jpegOf('red', 32));
    await writeFile(join(root, 'Forest', 'Forest_1.jpg'), jpegOf('red').subarray(0, 300));
    await writeFile(join(root, 'Highway', 'Highway_1.jpg'), new Uint8Array(2 ** 21));
    const data = await openEuroSat(root);
    const read = async (name: string) => {
      const { split, index } = data.find(name) ?? assert.fail(name);
      return data.read(split, index);
    };
    await assert.rejects(read('River_1'), { name: 'InputError', message: /River_1\.jpg: .*got 32 x 32/ });
    await assert.rejects(read('Forest_1'), { name: 'InputError', message: /Forest_1\.jpg/ });
    await assert.rejects(read('Highway_1'), { name: 'InputError', message: /Highway_1\.jpg/ });
    await writeFile(join(root, 'River', 'River_2.tif'), tif());
    await assert.rejects(openEuroSat(root), { name: 'InputError', message: /both versions.*River_2\.tif/ });
  });

  it('refuses a GeoTIFF of other bands', async () => {
    await fill(1, tif(12), 'tif');
    const data = await openEuroSat(root);
    await assert.rejects(data.read('train', 0), { name: 'InputError', message: /13/ });
  });

  it('reads real chips: 27,000 in 70, 10 and 20 %, none of them all of one value', async function () {
    const folder = sharedFolder();
    const tars = folder && join(folder, 'EuroSAT');
    if (tars === undefined) {
      console.log('      (needs real data in ../shared)');
      this.skip();
    }
    this.timeout(120_000);
    for (const file of (await readdir(tars)).filter((name) => name.endsWith('.tar'))) {
      execFileSync('tar', ['-xf', join(tars, file), '-C', root]);
    }
    const data = await openEuroSat(root);
    assert.deepEqual(
      [data.count('train'), data.count('validation'), data.count('test')],
      [18900, 2700, 5400],
    );
    for (let index = 0; index < 5400; index += 300) {
      const { image, labels, name } = await data.read('test', index);
      assert.equal(labels.length, 1);
      assert.ok(Math.max(...image.data) > Math.min(...image.data), name);
    }
  });
});
