/** The BigEarthNet v1 reader: fake patches read and broken in every way, then the real ones where present. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { after, before, beforeEach, describe, it } from 'mocha';
import { classes19, classes43, classIndices } from '../../lib/src/dataset/bigEarthNet/labels.js';
import { type BigEarthNetOptions, openBigEarthNet } from '../../lib/src/dataset/bigEarthNet.js';
import { bandResolution, type Patch, sentinel2Bands } from '../../lib/src/dataset/patch.js';
import { upsample } from '../../lib/src/dataset/raster/resample.js';
import { refusesInput } from '../refuses.js';
import { sharedFolder } from '../shared.js';
import { type TiffOptions, writeTiff } from './tiff.js';

const patchName = 'S2A_MSIL2A_20170613T101031_87_48';
const otherName = 'S2B_MSIL2A_20180204T94161_57_38';
const projection = 'PROJCS["WGS 84 / UTM zone 35N",UNIT["metre",1],AUTHORITY["EPSG","32635"]]';
const metadata = {
  labels: ['Sea and ocean', 'Rice fields', 'Airports', 'Non-irrigated arable land'],
  coordinates: { ulx: 500000, uly: 4000000, lrx: 501200, lry: 3998800 },
  projection,
  tile_source: 'S2A_MSIL1C.SAFE',
  acquisition_date: '2017-06-13 10:10:31',
};

const sideOf = (band: keyof typeof bandResolution) => 1200 / bandResolution[band];

async function writePatch(folder: string, name: string): Promise<void> {
  await mkdir(join(folder, name), { recursive: true });
  for (const [index, band] of sentinel2Bands.entries()) {
    const side = sideOf(band);
    const value = (i: number) => 1000 * index + (i % 997);
    await writeFile(
      join(folder, name, `${name}_${band}.tif`),
      writeTiff({ width: side, height: side, value }),
    );
  }
  await writeFile(join(folder, name, `${name}_labels_metadata.json`), JSON.stringify(metadata));
}

describe('BigEarthNet labels', () => {
  it('has 43 names, 19 classes and 11 names in no class', () => {
    assert.equal(new Set(classes43).size, 43);
    assert.equal(new Set(classes19).size, 19);
    assert.equal(classes43.filter((name) => classIndices([name], 19).length === 0).length, 11);
    assert.equal(new Set(classes43.flatMap((name) => classIndices([name], 19))).size, 19);
  });

  it('equals the published label map', async function () {
    const shared = sharedFolder();
    if (shared === undefined) return this.skip();
    const map = JSON.parse(await readFile(join(shared, 'lists', 'bigearthnet_labels_43_to_19.json'), 'utf8'));
    assert.deepEqual([...classes43], Object.keys(map.original_labels));
    assert.deepEqual(classes19, Object.keys(map['BigEarthNet-19_labels']));
    for (const [index, name] of classes43.entries()) {
      const expected = map.label_conversion.findIndex((members: number[]) => members.includes(index));
      assert.deepEqual(classIndices([name], 19), expected < 0 ? [] : [expected], name);
    }
  });
});

describe('openBigEarthNet', () => {
  let temporary = '';
  let template = '';
  let root = '';
  const rejections: unknown[] = [];
  const note = (reason: unknown) => rejections.push(reason);

  before(async () => {
    process.on('unhandledRejection', note);
    temporary = await mkdtemp(join(tmpdir(), 'bigearthnet-'));
    template = join(temporary, 'template');
    await writePatch(template, patchName);
  });
  after(async () => {
    process.off('unhandledRejection', note);
    await rm(temporary, { recursive: true });
    assert.deepEqual(rejections, [], 'no rejection was left unhandled');
  });
  let run = 0;
  beforeEach(async () => {
    root = join(temporary, `run${run++}`);
    await cp(template, root, { recursive: true });
  });

  const bandPath = (band: string) => join(root, patchName, `${patchName}_${band}.tif`);
  const jsonPath = () => join(root, patchName, `${patchName}_labels_metadata.json`);
  const readOne = async (options?: BigEarthNetOptions): Promise<Patch> =>
    (await openBigEarthNet(root, options)).read('test', 0);

  it('reads bands in order on the 10 m grid, labels, georeference and facts', async () => {
    const dataset = await openBigEarthNet(root);
    assert.equal(dataset.count('test'), 1);
    assert.equal(dataset.count('train') + dataset.count('validation'), 0);
    assert.equal(dataset.size, 120);
    assert.equal(dataset.rendered, false);
    assert.equal(dataset.statistics.mean.length, 12);
    assert.equal(dataset.statistics.deviation.length, 12);

    const patch = await dataset.read('test', 0);
    assert.equal(patch.name, patchName);
    assert.deepEqual(patch.bands, sentinel2Bands);
    assert.deepEqual(patch.image.shape, [12, 120, 120]);
    for (const [index, band] of sentinel2Bands.entries()) {
      const side = sideOf(band);
      const native = Float32Array.from({ length: side * side }, (_, i) => 1000 * index + (i % 997));
      const plane = patch.image.data.subarray(index * 14400, (index + 1) * 14400);
      assert.deepEqual(plane, upsample(native, [side, side], 120 / side, 'bilinear'), band);
    }
    assert.deepEqual(
      patch.labels.map((label) => dataset.classes[label]),
      ['Arable land', 'Marine waters'],
    );
    assert.deepEqual(patch.georeference, {
      epsg: 32635,
      projection,
      left: 500000,
      top: 4000000,
      pixelSize: [10, 10],
    });
    assert.deepEqual(patch.facts, {
      tileSource: 'S2A_MSIL1C.SAFE',
      acquisitionDate: '2017-06-13 10:10:31',
    });
  });

  it('offers the 43-class nomenclature and other resamplings', async () => {
    const dataset = await openBigEarthNet(root, { nomenclature: 43, resampling: 'nearest' });
    const patch = await dataset.read('test', 0);
    assert.deepEqual(
      patch.labels.map((label) => dataset.classes[label]),
      ['Airports', 'Non-irrigated arable land', 'Rice fields', 'Sea and ocean'],
    );
    // B01, six-fold: the first 6 pixels of a row repeat one.
    assert.deepEqual([...patch.image.data.subarray(0, 7)], [0, 0, 0, 0, 0, 0, 1]);
  });

  it('gives no labels where no name belongs to a 19-class class', async () => {
    await writeFile(jsonPath(), JSON.stringify({ labels: ['Airports', 'Bare rock'] }));
    assert.deepEqual((await readOne()).labels, []);
  });

  it('reads patches whose metadata holds labels alone', async () => {
    await writeFile(jsonPath(), JSON.stringify({ labels: ['Pastures'] }));
    const patch = await readOne();
    assert.equal(patch.georeference?.epsg, 32635);
    assert.deepEqual(patch.facts, {});
  });

  it('leaves the georeference out where the bands have none', async () => {
    for (const band of sentinel2Bands) {
      const side = sideOf(band);
      const tags = { 33550: null, 33922: null, 34735: null };
      await writeFile(bandPath(band), writeTiff({ width: side, height: side, tags }));
    }
    assert.equal((await readOne()).georeference, undefined);
  });

  const sameImage: readonly (readonly [string, Partial<TiffOptions>])[] = [
    ['big-endian', { bigEndian: true }],
    ['stripped', { rowsPerStrip: 34 }],
    ['float', { float: true }],
    ['Deflate', { rowsPerStrip: 50, compress: deflateSync, tags: { 259: [3, [8]] } }],
  ];
  for (const [kind, options] of sameImage) {
    it(`reads ${kind} bands to the same values`, async () => {
      const expected = await readOne();
      const value = (i: number) => 1000 + (i % 997);
      await writeFile(bandPath('B02'), writeTiff({ width: 120, height: 120, value, ...options }));
      assert.deepEqual((await readOne()).image, expected.image);
    });
  }

  it('puts a point raster half a pixel up and left of its tie point', async () => {
    const keys = [1, 1, 0, 2, 1025, 0, 1, 2, 3072, 0, 1, 32635];
    const tags = { 34735: [3, keys] } as const;
    const options = { width: 120, height: 120, left: 500005, top: 3999995, tags };
    await writeFile(bandPath('B02'), writeTiff(options));
    const { georeference } = await readOne();
    assert.deepEqual([georeference?.left, georeference?.top], [500000, 4000000]);
  });

  it('follows links to patches and bands, and passes over other entries', async () => {
    await rename(join(root, patchName), join(temporary, `moved${run}`));
    await symlink(join(temporary, `moved${run}`), join(root, patchName));
    await mkdir(join(root, 'odd \u001b[31m \n name'));
    await writeFile(join(root, 'index.csv'), 'patch\n');
    const dataset = await openBigEarthNet(root);
    assert.equal(dataset.count('test'), 1);
    assert.equal((await dataset.read('test', 0)).name, patchName);
  });

  it('names patches without reading them and finds them by name', async () => {
    // Listing is lazy: an empty folder counts until it is read.
    await mkdir(join(root, otherName));
    const list = join(root, 'list.csv');
    await writeFile(list, otherName);
    const dataset = await openBigEarthNet(root);
    assert.deepEqual([dataset.nameOf('test', 0), dataset.nameOf('test', 1)], [patchName, otherName]);
    assert.deepEqual(dataset.find(otherName), { split: 'test', index: 1 });
    assert.equal(dataset.find('S2A_MSIL2A_20170613T101031_87_49'), undefined);
    assert.equal(dataset.units, 'reflectance x 10,000');
    const split = await openBigEarthNet(root, { splits: { train: list } });
    assert.deepEqual(split.find(otherName), { split: 'train', index: 0 });
    assert.equal(split.find(patchName), undefined);
  });

  it('refuses an index or split that does not exist', async () => {
    const dataset = await openBigEarthNet(root);
    for (const index of [-1, 1, 0.5, Number.NaN]) {
      await refusesInput(() => dataset.read('test', index), root, /no such patch.*index from 0 to 0/);
    }
    await refusesInput(() => dataset.read('train', 0), root, /no such patch/);
  });

  describe('splits and exclusions', () => {
    const listPath = () => join(root, 'list.csv');

    beforeEach(async () => {
      // Listing is lazy: an empty folder counts until it is read.
      await mkdir(join(root, otherName));
    });

    it('assigns the listed patches, leaves the others out, and takes unknown names and Windows line ends', async () => {
      await writeFile(
        listPath(),
        `\ufeffpatch,country\r\nS2A_MSIL2A_20170717T113321_28_87,x\r\n${patchName},y\r\n`,
      );
      const dataset = await openBigEarthNet(root, { splits: { validation: listPath() } });
      assert.equal(dataset.count('validation'), 1);
      assert.equal(dataset.count('train') + dataset.count('test'), 0);
      assert.equal((await dataset.read('validation', 0)).name, patchName);
    });

    it('leaves out excluded patches', async () => {
      assert.equal((await openBigEarthNet(root)).count('test'), 2);
      await writeFile(listPath(), `${otherName}\n`);
      const dataset = await openBigEarthNet(root, { exclude: [listPath()] });
      assert.equal(dataset.count('test'), 1);
      assert.equal((await dataset.read('test', 0)).name, patchName);
    });

    it('refuses a missing list, a list without patch names, and lists that leave nothing', async () => {
      const open = (options: BigEarthNetOptions) => () => openBigEarthNet(root, options);
      await refusesInput(open({ splits: { test: listPath() } }), listPath(), /does not exist/);
      await refusesInput(open({ exclude: [root] }), root, /not a regular file/);
      await writeFile(listPath(), 'BZh91AY&SY\u0000\u0001');
      await refusesInput(
        open({ exclude: [listPath()] }),
        listPath(),
        /holds no name of BigEarthNet.*unpacked/,
      );
      await writeFile(listPath(), 'S2A_MSIL2A_20170717T113321_28_87');
      await refusesInput(open({ splits: { train: listPath() } }), root, /no patch of the folder is left/);
    });

    it('refuses a patch in two splits', async () => {
      await writeFile(listPath(), patchName);
      const splits = { train: listPath(), test: listPath() };
      await refusesInput(() => openBigEarthNet(root, { splits }), listPath(), /more than one split/);
    });
  });

  describe('refuses a wrong folder', () => {
    it('that is missing, empty, a file, or holds something else', async () => {
      const missing = join(root, 'missing');
      await refusesInput(() => openBigEarthNet(missing), missing, /cannot be listed.*BigEarthNet-v1/);
      await refusesInput(() => openBigEarthNet(jsonPath()), jsonPath(), /cannot be listed/);
      await refusesInput(() => openBigEarthNet(join(root, patchName)), root, /no BigEarthNet v1 patches.*_B/);
      await mkdir(missing);
      await refusesInput(() => openBigEarthNet(missing), missing, /an empty folder/);
    });

    it('and unknown options', async () => {
      const wrong = JSON.parse('[{"nomenclature":20},{"resampling":"cubic"},{"splits":{"val":"x"}}]');
      for (const options of wrong)
        await refusesInput(() => openBigEarthNet(root, options), 'BigEarthNet', /unknown/);
    });
  });

  describe('refuses a damaged band', () => {
    it('that is missing, empty, a folder, or too large', async () => {
      await rm(bandPath('B8A'));
      await refusesInput(readOne, bandPath('B8A'), /does not exist.*Extract/);
      await writeFile(bandPath('B8A'), '');
      await refusesInput(readOne, bandPath('B8A'), /empty/);
      await truncate(bandPath('B8A'), 5 * 2 ** 20);
      await refusesInput(readOne, bandPath('B8A'), /too large/);
      await rm(bandPath('B8A'));
      await mkdir(bandPath('B8A'));
      await refusesInput(readOne, bandPath('B8A'), /not a regular file/);
    });

    it('that is a pipe, without waiting for it', async function () {
      if (process.platform === 'win32') return this.skip();
      await rm(bandPath('B05'));
      execFileSync('mkfifo', [bandPath('B05')]);
      await refusesInput(readOne, bandPath('B05'), /not a regular file/);
    });

    it('that is no TIFF', async () => {
      for (const content of ['II', '<!DOCTYPE html><html></html>', '\u0089PNG\r\n\u001a\n and more']) {
        await writeFile(bandPath('B11'), content);
        await refusesInput(readOne, bandPath('B11'), /not a TIFF/);
      }
    });

    it('cut short anywhere', async () => {
      const whole = await readFile(bandPath('B01'));
      for (let length = 1; length < whole.length; length += 7) {
        await writeFile(bandPath('B01'), whole.subarray(0, length));
        await refusesInput(readOne, bandPath('B01'), /TIFF|missing/);
      }
    });

    const broken: readonly (readonly [string, Partial<TiffOptions>, RegExp])[] = [
      ['of the wrong size', { width: 60, height: 60 }, /wrong size.*120 x 120.*60 x 60/],
      ['that claims to be huge', { tags: { 256: [4, [4e9]], 257: [4, [4e9]] } }, /4000000000 x 4000000000/],
      ['of three samples', { tags: { 277: [3, [3]] } }, /3 sample/],
      ['of 12 bits', { tags: { 258: [3, [12]] } }, /kind of pixel.*12 bits/],
      ['of complex numbers', { tags: { 339: [3, [5]] } }, /kind of pixel/],
      ['compressed as JPEG', { tags: { 259: [3, [7]] } }, /compression JPEG/],
      ['with strips of no rows', { tags: { 278: [3, [0]] } }, /impossible size/],
      ['with tiles of no width', { tags: { 322: [3, [0]], 323: [3, [16]] } }, /impossible size/],
      ['with too few strips', { tags: { 278: [3, [10]] } }, /strips or tiles are missing/],
      ['with an empty strip', { tags: { 279: [4, [0]] } }, /pixels are missing/],
      ['with a strip outside the file', { tags: { 273: [4, [4e9]] } }, /pixels are missing/],
      ['whose width is a list', { tags: { 256: [3, [120, 120]] } }, /tag 256/],
      ['whose width is a text', { tags: { 256: [2, [49, 50, 48, 0]] } }, /tag 256/],
      ['with damaged Deflate data', { tags: { 259: [3, [8]] } }, /cannot be decoded/],
      [
        'that inflates without end',
        {
          compress: () => deflateSync(Buffer.alloc(5e7)),
          tags: { 259: [3, [8]] },
        },
        /cannot be decoded/,
      ],
      [
        'with too little Deflate data',
        {
          compress: () => deflateSync(Buffer.alloc(50)),
          tags: { 259: [3, [8]] },
        },
        /cannot be decoded/,
      ],
      ['with NaN', { float: true, value: (i) => (i === 77 ? Number.NaN : 1) }, /NaN at pixel 77/],
      ['with infinity', { float: true, value: (i) => (i === 0 ? Infinity : 1) }, /Infinity at pixel 0/],
      ['with a negative value', { float: true, value: (i) => (i === 5 ? -1 : 1) }, /-1 at pixel 5/],
      ['with a pixel of no size', { pixelSize: 0 }, /damaged georeference/],
      ['that lies nowhere', { left: Number.NaN }, /damaged georeference/],
      ['of another zone', { epsg: 32634 }, /disagrees|elsewhere/],
    ];
    for (const [kind, options, message] of broken) {
      it(kind, async () => {
        await writeFile(bandPath('B02'), writeTiff({ width: 120, height: 120, ...options }));
        const named = kind === 'of another zone' ? patchName : bandPath('B02');
        await refusesInput(readOne, named, message);
      });
    }

    it('that lies elsewhere than the others', async () => {
      await writeFile(bandPath('B12'), writeTiff({ width: 60, height: 60, left: 501200 }));
      await refusesInput(readOne, bandPath('B12'), /elsewhere than band B02/);
    });
  });

  describe('refuses wrong metadata', () => {
    const wrong: readonly (readonly [string, string, RegExp])[] = [
      ['junk', '{"labels": [', /not JSON/],
      ['no text at all', '\u0000\u0001', /not JSON/],
      ['an array', '["Pastures"]', /not a JSON object/],
      ['null', 'null', /not a JSON object/],
      ['nesting without end', '['.repeat(1e5) + ']'.repeat(1e5), /JSON/],
      ['no labels', '{}', /"labels" is wrong.*got nothing/],
      ['labels that are no list', '{"labels": "Pastures"}', /"labels" is wrong/],
      ['labels that are no texts', '{"labels": ["Pastures", 17]}', /"labels" is wrong/],
      ['an unknown label', '{"labels": ["Pastures", "Marine waters"]}', /unknown label.*"Marine waters"/],
      ['a label named like a method', '{"labels": ["__proto__"]}', /unknown label/],
      ['a very long label', `{"labels": ["${'x'.repeat(5e5)}"]}`, /unknown label/],
      ['more than 1 MB', `{"labels": [], "more": "${'x'.repeat(1e6)}"}`, /too large/],
      ['coordinates as texts', '{"labels": [], "coordinates": {"ulx": "1"}}', /"coordinates" is wrong/],
      ['a projection that is no text', '{"labels": [], "projection": 1}', /"projection" is wrong/],
      [
        'coordinates of another place',
        JSON.stringify({ ...metadata, coordinates: { ...metadata.coordinates, ulx: 500060 } }),
        /coordinates disagree.*500060/,
      ],
      [
        'the projection of another zone',
        JSON.stringify({ ...metadata, projection: projection.replace('32635', '32634') }),
        /projection disagrees.*32634/,
      ],
    ];
    for (const [kind, content, message] of wrong) {
      it(kind, async () => {
        await writeFile(jsonPath(), content);
        await refusesInput(readOne, jsonPath(), message);
      });
    }

    it('that is missing', async () => {
      await rm(jsonPath());
      await refusesInput(readOne, jsonPath(), /does not exist/);
    });
  });
});

const shared = sharedFolder();

describe(`real BigEarthNet v1 patches${shared === undefined ? ' (skipped: no shared folder)' : ''}`, () => {
  const folder = join(shared ?? '', 'BigEarthNet-v1.0');
  const lists = join(shared ?? '', 'lists');

  before(function () {
    if (shared === undefined) this.skip();
  });
  const readIndex = async () =>
    (await readFile(join(folder, 'index.csv'), 'utf8')).trim().split(/\r?\n/).slice(1);

  it('give the same labels without their image', async () => {
    const data = await openBigEarthNet(folder);
    assert.deepEqual(await data.readLabels?.('test', 3), (await data.read('test', 3)).labels);
  });

  it('read, with the labels of the index and the ground of their metadata', async () => {
    const listed = new Map(
      (await readIndex()).map((line) => {
        const [name, ...rest] = line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/);
        return [name, rest.map((cell) => cell.replaceAll('"', '').split('|').sort())];
      }),
    );
    const of19 = await openBigEarthNet(folder);
    const of43 = await openBigEarthNet(folder, { nomenclature: 43 });
    assert.equal(of19.count('test'), listed.size);
    let complete = 0;
    for (let index = 0; index < of19.count('test'); index++) {
      const patch = await of19.read('test', index);
      const [names43, names19] = listed.get(patch.name) ?? [];
      const { labels } = index % 5 === 0 ? await of43.read('test', index) : patch;
      if (index % 5 === 0) assert.deepEqual(labels.map((label) => of43.classes[label]).sort(), names43);
      assert.deepEqual(patch.labels.map((label) => of19.classes[label]).sort(), names19, patch.name);
      assert.ok(patch.image.data.every((value) => value >= 0 && value <= 65535));
      assert.ok(patch.georeference !== undefined && patch.georeference.epsg !== undefined);
      if (patch.georeference.projection === undefined) continue;
      complete++;
      const path = join(folder, patch.name, `${patch.name}_labels_metadata.json`);
      const { coordinates } = JSON.parse(await readFile(path, 'utf8'));
      assert.deepEqual([patch.georeference.left, patch.georeference.top], [coordinates.ulx, coordinates.uly]);
      assert.ok(patch.georeference.projection.includes(`"EPSG","${patch.georeference.epsg}"`));
    }
    assert.equal(complete, 6);
  });

  it('resample as scikit-image and GDAL do', async () => {
    const dataset = await openBigEarthNet(folder);
    const name = 'S2A_MSIL2A_20171221T112501_56_35';
    let patch = await dataset.read('test', 0);
    for (let index = 1; patch.name !== name; index++) patch = await dataset.read('test', index);
    // skimage.transform.resize(band, (120, 120), order=1, mode='edge', anti_aliasing=False): mean of the band, then
    // pixels [0, 1], [7, 50], [119, 118], [60, 61]. GDAL's bilinear gives the same rounded to integers.
    const expected = {
      B01: [114.575, 173, 189.60417, 99, 31.5625],
      B02: [208.00576, 300, 336, 125, 201],
      B05: [769.19639, 882.75, 991.1875, 600.5, 685.875],
      B09: [1802.675, 1359, 2088.89583, 1793, 1797.10417],
      B12: [1041.02833, 1672.75, 1095, 774.5, 844.4375],
    };
    for (const [band, values] of Object.entries(expected)) {
      const start = 14400 * patch.bands.indexOf(band);
      const plane = patch.image.data.subarray(start, start + 14400);
      const mean = plane.reduce((sum, value) => sum + value, 0) / 14400;
      const got = [mean, plane[1], plane[7 * 120 + 50], plane[119 * 120 + 118], plane[60 * 120 + 61]];
      for (const [index, value] of values.entries()) {
        assert.ok(Math.abs(got[index] - value) < 1e-3, `${band}: ${got[index]} is not ${value}`);
      }
    }
  });

  it('fall into the official splits', async function () {
    if (spawnSync('bunzip2', ['--help']).error !== undefined) return this.skip();
    const temporary = await mkdtemp(join(tmpdir(), 'bigearthnet-lists-'));
    try {
      const unpack = async (stem: string) => {
        const packed = join(lists, `bigearthnet_v1_${stem}.csv.bz2`);
        const path = join(temporary, basename(packed, '.bz2'));
        await writeFile(path, execFileSync('bunzip2', ['-c', packed], { maxBuffer: 2 ** 26 }));
        return path;
      };
      const [train, validation, test] = [await unpack('train'), await unpack('val'), await unpack('test')];
      const dataset = await openBigEarthNet(folder, { splits: { train, validation, test } });
      const rows = await readIndex();
      const official = (split: string) => rows.filter((row) => row.split(',').at(-3) === split).length;
      assert.equal(dataset.count('train'), official('train'));
      assert.equal(dataset.count('validation'), official('val'));
      assert.equal(dataset.count('test'), official('test'));

      const exclude = [
        await unpack('patches_with_seasonal_snow'),
        await unpack('patches_with_cloud_and_shadow'),
        await unpack('patches_with_no_19_class_targets'),
      ];
      const clear = rows.filter((row) => row.endsWith(',0,0')).length;
      assert.equal((await openBigEarthNet(folder, { exclude })).count('test'), clear);
    } finally {
      await rm(temporary, { recursive: true });
    }
  });
});
