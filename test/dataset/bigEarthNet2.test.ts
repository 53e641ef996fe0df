/** The BigEarthNet v2 reader: made-up patches with tables that pyarrow wrote, then the real ones where present. */
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, beforeEach, describe, it } from 'mocha';
import { class19OfCode, classes19 } from '../../lib/src/dataset/bigEarthNet/labels.js';
import { readReferenceMap } from '../../lib/src/dataset/bigEarthNet/patchBands.js';
import { openBigEarthNet2 } from '../../lib/src/dataset/bigEarthNet2.js';
import { bandResolution, sentinel2Bands } from '../../lib/src/dataset/patch.js';
import { upsample } from '../../lib/src/dataset/raster/resample.js';
import { refusesInput } from '../refuses.js';
import { sharedFolder } from '../shared.js';
import { patchAt, tile, writePatch } from './bigEarthNet2Patch.js';
import { writeTiff } from './tiff.js';

const fixtures = join(dirname(fileURLToPath(import.meta.url)), '../fixtures/bigEarthNet2');
const tables = ['snappy', 'zstd', 'plain'].map((name) => join(fixtures, `${name}.parquet`));

async function writeMap(
  folder: string,
  place: string,
  codes: readonly number[],
  left = 500000,
): Promise<string> {
  const path = join(folder, 'Reference_Maps', tile, patchAt(place), `${patchAt(place)}_reference_map.tif`);
  await mkdir(dirname(path), { recursive: true });
  const value = (i: number): number => codes[i % codes.length];
  await writeFile(path, writeTiff({ width: 120, height: 120, left, value }));
  return path;
}

describe('openBigEarthNet2', () => {
  let temporary = '';
  let template = '';
  let root = '';
  let run = 0;
  before(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'bigearthnet2-'));
    template = join(temporary, 'template');
    for (const place of ['75_43', '0_2', '0_1']) await writePatch(template, place);
    await cp(tables[0], join(template, 'metadata.parquet'));
  });
  after(async () => rm(temporary, { recursive: true }));
  beforeEach(async () => {
    root = join(temporary, `run${run++}`);
    await cp(template, root, { recursive: true });
  });

  it('gives image, labels, place, facts and masks of the patches that are there', async () => {
    await writeMap(root, '75_43', [311, 312, 999, 131]);
    const dataset = await openBigEarthNet2(root);
    assert.deepEqual(
      [dataset.count('train'), dataset.count('validation'), dataset.count('test')],
      [0, 1, 1],
      'the patch in train is marked as snow',
    );
    assert.deepEqual(dataset.classes, classes19);
    const { name, image, bands, labels, georeference, facts, masks } = await dataset.read('test', 0);
    assert.equal(name, patchAt('75_43'));
    assert.deepEqual(bands, sentinel2Bands);
    for (const [index, band] of sentinel2Bands.entries()) {
      const side = 1200 / bandResolution[band];
      const native = Float32Array.from({ length: side * side }, (_, i) => 1000 * index + (i % 997));
      const plane = image.data.subarray(index * 14400, (index + 1) * 14400);
      assert.deepEqual(plane, upsample(native, [side, side], 120 / side, 'bilinear'), band);
    }
    const names = ['Urban fabric', 'Broad-leaved forest'];
    assert.deepEqual(
      labels.map((label) => classes19[label]),
      names,
    );
    assert.deepEqual(await dataset.readLabels?.('test', 0), labels);
    assert.deepEqual(georeference, { epsg: 32635, left: 500000, top: 4000000, pixelSize: [10, 10] });
    assert.deepEqual(facts, { tileSource: tile, acquisitionDate: '2017-06-13', country: 'Finland' });
    assert.ok(masks !== undefined);
    const shares = classes19.map((_, k) =>
      masks.subarray(k * 14400, (k + 1) * 14400).reduce((a, b) => a + b, 0),
    );
    const forests = [classes19.indexOf('Broad-leaved forest'), classes19.indexOf('Coniferous forest')];
    assert.deepEqual(
      shares,
      classes19.map((_, k) => (forests.includes(k) ? 3600 : 0)),
    );
    assert.equal((await dataset.read('validation', 0)).masks, undefined, 'no map, no masks');
  });

  it('reads tables of every compression, page version and number of row groups alike', async () => {
    const first = await openBigEarthNet2(root, { metadata: tables[0], flagged: true });
    for (const metadata of tables) {
      const dataset = await openBigEarthNet2(root, { metadata, flagged: true });
      for (const split of ['train', 'validation', 'test'] as const) {
        assert.equal(dataset.count(split), 1);
        const [a, b] = [await dataset.read(split, 0), await first.read(split, 0)];
        assert.deepEqual([a.name, a.labels, a.facts], [b.name, b.labels, b.facts]);
      }
      assert.equal((await dataset.read('train', 0)).facts?.seasonalSnow, true);
    }
  });

  it('knows every CORINE code and its class', () => {
    const codes = Array.from({ length: 1000 }, (_, code) => code);
    const known = codes.filter((code) => class19OfCode(code) !== undefined);
    assert.equal(known.length, 48);
    const inClass = (code: number): string => classes19[class19OfCode(code) ?? -1];
    assert.equal(inClass(112), 'Urban fabric');
    assert.equal(inClass(213), 'Arable land');
    assert.equal(inClass(333), 'Natural grassland and sparsely vegetated areas');
    assert.equal(inClass(324), 'Transitional woodland, shrub');
    assert.equal(inClass(412), 'Inland wetlands');
    assert.equal(inClass(512), 'Inland waters');
    assert.equal(inClass(523), 'Marine waters');
    assert.equal(known.filter((code) => class19OfCode(code) === -1).length, 11 + 5);
  });

  it('refuses maps with unknown codes or of another place', async () => {
    const read = async (): Promise<unknown> => (await openBigEarthNet2(root)).read('test', 0);
    await refusesInput(read, await writeMap(root, '75_43', [311, 777]), /no code of CORINE.*777 at pixel 1/);
    await refusesInput(read, await writeMap(root, '75_43', [311], 501200), /elsewhere/);
  });

  it('says where to get missing metadata', async () => {
    const path = join(root, 'metadata.parquet');
    await rm(path);
    await refusesInput(() => openBigEarthNet2(root), path, /does not exist.*zenodo.org/);
  });

  it('refuses damaged bands, wrong folders, options and indices, and patches listed twice', async () => {
    await rm(join(root, 'BigEarthNet-S2', tile, patchAt('75_43'), `${patchAt('75_43')}_B8A.tif`));
    const dataset = await openBigEarthNet2(root);
    await refusesInput(() => dataset.read('test', 0), '_B8A.tif', /does not exist.*v2\.0/);
    for (const index of [-1, 1, 0.5])
      await refusesInput(() => dataset.read('test', index), root, /no such patch/);
    const twice = { metadata: [tables[0], tables[1]] };
    await refusesInput(() => openBigEarthNet2(root, twice), root, /listed twice/);
    const [options] = JSON.parse('[{"resampling": "cubic"}]');
    await refusesInput(() => openBigEarthNet2(root, options), 'BigEarthNet v2', /unknown resampling/);
    await rm(join(root, 'BigEarthNet-S2', tile), { recursive: true });
    await refusesInput(() => openBigEarthNet2(root), root, /no patch of the metadata is there/);
    await rm(join(root, 'BigEarthNet-S2'), { recursive: true });
    await refusesInput(() => openBigEarthNet2(root), root, /cannot be listed.*BigEarthNet-S2/);
  });
});

const shared = sharedFolder();

describe(`real BigEarthNet v2 files${shared === undefined ? ' (skipped: no shared folder)' : ''}`, () => {
  const folder = join(shared ?? '', 'BigEarthNet-v2.0');
  before(function () {
    if (shared === undefined) this.skip();
  });

  it('read the patch where it lies', async () => {
    const dataset = await openBigEarthNet2(folder, { metadata: tables[0] });
    assert.deepEqual([dataset.count('train'), dataset.count('validation'), dataset.count('test')], [0, 0, 1]);
    const { name, georeference, image, masks } = await dataset.read('test', 0);
    assert.equal(name, patchAt('75_43'));
    assert.deepEqual(georeference, { epsg: 32633, left: 390000, top: 5348400, pixelSize: [10, 10] });
    assert.ok(image.data.every((value) => value >= 0 && value < 20000));
    assert.equal(masks, undefined);
  });

  it('read the map: urban, pastures, two forests, every pixel in one class', async () => {
    const path = join(
      folder,
      'Reference_Maps',
      tile,
      patchAt('26_57'),
      `${patchAt('26_57')}_reference_map.tif`,
    );
    const place = { epsg: 32633, left: 331200, top: 5331600, pixelSize: [10, 10] } as const;
    const masks = await readReferenceMap(path, place, 'todo');
    const counts = classes19.map((_, k) =>
      masks.subarray(k * 14400, (k + 1) * 14400).reduce((a, b) => a + b, 0),
    );
    assert.equal(
      counts.reduce((a, b) => a + b),
      14400,
    );
    assert.deepEqual(
      classes19.filter((_, k) => counts[k] > 0),
      ['Arable land', 'Pastures', 'Broad-leaved forest', 'Mixed forest'],
    );
  });
});
