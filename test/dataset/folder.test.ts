/** A folder of images with a table of labels: read as rasterio reads it, and every mistake named with its line. */
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { bandStatistics } from '../../lib/src/dataset/bandStatistics.js';
import type { FolderOptions } from '../../lib/src/dataset/folder/description.js';
import { openFolder } from '../../lib/src/dataset/folder.js';
import { encodeGeoTiff } from '../../lib/src/dataset/raster/geoTiffWriter.js';
import { assertSamePixels, assertSamePlace, pathOfFixture } from './rasterio.js';

const bands = ['Blue & green', 'Red', 'Near infrared'];

describe('openFolder', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'landlens-folder-'));
    await cp(pathOfFixture('folder'), root, { recursive: true });
  });
  afterEach(() => rm(root, { recursive: true }));
  const refused = (message: RegExp) => ({ name: 'InputError', message });
  const table = (...lines: readonly string[]) => writeFile(join(root, 'labels.csv'), lines.join('\n'));

  it('reads images of every storage as rasterio does, with their labels, splits and bands', async () => {
    const dataset = await openFolder(root, { name: 'mine' });
    assert.deepEqual(dataset.bands, bands);
    assert.deepEqual(dataset.classes, ['Forest', 'Urban, dense', 'Water']);
    assert.deepEqual([dataset.name, dataset.size, dataset.units], ['mine', 24, 'reflectance x 10,000']);
    assert.deepEqual(
      (['train', 'validation', 'test'] as const).map((split) =>
        Array.from({ length: dataset.count(split) }, (_, index) => dataset.nameOf(split, index)),
      ),
      [['images/strips.tif', 'images/tiles.tif'], ['images/plain.tif'], ['big-endian.tif']],
    );
    const labels: (readonly number[])[] = [];
    for (const split of ['train', 'validation', 'test'] as const) {
      for (let index = 0; index < dataset.count(split); index++) {
        const patch = await dataset.read(split, index);
        assertSamePixels(patch.image.data, `folder/${patch.name}`);
        assertSamePlace(patch.georeference, `folder/${patch.name}`);
        assert.deepEqual(patch.image.shape, [3, 24, 24]);
        assert.deepEqual(await dataset.readLabels?.(split, index), patch.labels);
        labels.push(patch.labels);
      }
    }
    assert.deepEqual(labels, [[1], [0, 2], [], [0, 2]]);
    assert.deepEqual(dataset.find('images/tiles'), { split: 'train', index: 1 });
    assert.deepEqual(dataset.find('big-endian.tif'), { split: 'test', index: 0 });
    assert.equal(dataset.find('other'), undefined);
  });

  it('chooses bands and scales values', async () => {
    const dataset = await openFolder(root, {
      select: ['Near infrared', 'Red'],
      scale: 2,
      offset: -1,
      units: 'none',
    });
    assert.deepEqual([dataset.bands, dataset.units], [['Near infrared', 'Red'], 'none']);
    const { image } = await dataset.read('test', 0);
    const unscaled = image.data.map((value) => (value + 1) / 2);
    assertSamePixels(unscaled, 'folder/big-endian.tif', [2, 1]);
  });

  it('reads columns of 0 and 1, headings of other names, and classes in a given order', async () => {
    await table('file,fold,Water,Forest', 'big-endian.tif,TEST,1,0', 'images/plain.tif,train,1,1');
    const named = { nameColumn: 'file', splitColumn: 'fold' };
    const dataset = await openFolder(root, named);
    assert.deepEqual(dataset.classes, ['Water', 'Forest']);
    assert.deepEqual((await dataset.read('train', 0)).labels, [0, 1]);
    const one = await openFolder(root, { ...named, labelColumns: ['Forest'] });
    assert.deepEqual([one.classes, (await one.read('train', 0)).labels], [['Forest'], [0]]);
    const ordered = await openFolder(root, { ...named, classes: ['Sea', 'Forest', 'Water'] });
    assert.deepEqual((await ordered.read('train', 0)).labels, [1, 2]);
  });

  it('takes its options from landlens.json, which those given overrule', async () => {
    await rename(join(root, 'labels.csv'), join(root, 'table.csv'));
    const describeAs = (content: unknown) => writeFile(join(root, 'landlens.json'), JSON.stringify(content));
    await describeAs({ table: 'table.csv', bands: ['a', 'b', 'c'], scale: 3, name: 'described' });
    const dataset = await openFolder(root, { name: 'given' });
    assert.deepEqual([dataset.name, dataset.bands], ['given', ['a', 'b', 'c']]);
    assertSamePixels(
      (await dataset.read('test', 0)).image.data.map((value) => value / 3),
      'folder/big-endian.tif',
    );
    await describeAs({ tabel: 'table.csv' });
    await assert.rejects(openFolder(root), refused(/landlens.json: unknown field.*"tabel"/));
    await describeAs({ bands: 'a b c' });
    await assert.rejects(openFolder(root), refused(/landlens.json: "bands".*list of texts/));
  });

  it('lets landlens.json name no table outside the folder; an option may', async () => {
    const inner = join(root, 'images');
    const outside = join(root, 'labels.csv');
    await writeFile(outside, 'name,labels\nplain,Forest\n');
    await symlink(outside, join(inner, 'link.csv'));
    const bands = ['a', 'b', 'c'];
    for (const name of ['../labels.csv', outside, 'link.csv', 'C:labels.csv', '..\\labels.csv', '']) {
      await writeFile(join(inner, 'landlens.json'), JSON.stringify({ table: name, bands }));
      await assert.rejects(openFolder(inner), refused(/landlens.json: asks for a file outside its folder/));
    }
    await writeFile(join(inner, 'landlens.json'), JSON.stringify({ bands }));
    assert.equal((await openFolder(inner, { table: outside })).count('test'), 1);
    await writeFile(join(inner, 'landlens.json'), '{"table":"none.csv"}');
    await assert.rejects(openFolder(inner), refused(/none.csv: the table of labels does not exist/));
  });

  it('has statistics once they are computed', async () => {
    const dataset = await openFolder(root);
    assert.throws(() => dataset.statistics, refused(/not known/));
    const { mean, patches } = await bandStatistics(dataset);
    assert.equal(patches, 2);
    assert.deepEqual((await openFolder(root)).statistics.mean, mean);
  });

  it('names the line of every mistake in the table', async () => {
    const good = 'big-endian.tif,Water';
    const cases: readonly (readonly [readonly string[], RegExp, FolderOptions?])[] = [
      [['name,labels'], /lists no image/],
      [['name,labels', ''], /lists no image/],
      [['name,labels', 'big-endian.tif,'], /names no class/],
      [['file,labels', good], /line 1: no column "name".*file, labels.*nameColumn/],
      [['name,labels,name', `${good},x`], /two columns "name"/],
      [['name,labels', good, 'none.tif,Water'], /line 3: there is no file none.tif/],
      [['name,labels', good, 'nowhere/none.tif,Water'], /line 3: the folder of an image/],
      [['name,labels', good, 'big-endian,Forest'], /line 3: the image is listed twice.*lines 2 and 3/],
      [['name,labels', good, '../secret.tif,Water'], /line 3: not a name.*inside the folder/],
      [['name,labels', 'images/../../secret.tif,Water'], /line 2: not a name/],
      [['name,labels', '/etc/passwd,Water'], /line 2: not a name/],
      [['name,labels', 'C:\\x.tif,Water'], /line 2: not a name/],
      [['name,labels', ',Water'], /line 2: not a name/],
      [['name,labels', good, 'images/plain.tif'], /Invalid Record Length.*line 3/],
      [['name,labels', '"big-endian.tif,Water'], /Quote Not Closed/],
      [['name,labels,split', `${good},dev`], /line 2: unknown split.*"dev"/],
      [['name,labels', good], /line 2: unknown class.*Sea.*"Water"/, { classes: ['Sea'] }],
      [['name,Water', 'big-endian.tif,yes'], /line 2: column "Water".*0 or 1.*"yes"/],
      [['name,Water', 'big-endian.tif,'], /line 2: column "Water"/],
      [['name,labels', good], /no column "fold"/, { splitColumn: 'fold' }],
      [['name,labels', good], /a wanted band.*"?Blue & green.*got Green/, { select: ['Green'] }],
      [['name,labels', good], /names of the bands do not fit.*3 different/, { bands: ['a', 'b'] }],
      [['name,labels', good], /names of the bands do not fit/, { bands: ['a', 'b', 'b'] }],
      [['name,labels', good], /scaled/, { scale: 0 }],
      [['name,labels', good], /table of labels does not exist/, { table: 'none.csv' }],
    ];
    for (const [lines, message, options] of cases) {
      await table(...lines);
      await assert.rejects(openFolder(root, options), refused(message), lines.join(' | '));
    }
    await assert.rejects(openFolder(join(root, 'none')), refused(/does not exist/));
    await table('name,labels', `"${'x'.repeat(2 ** 21)}`);
    await assert.rejects(openFolder(root), refused(/Max Record Size/));
  });

  it('refuses images that differ from the first', async () => {
    await table('name,labels', 'big-endian.tif,Water', 'other.tif,Water');
    const write = (count: number, side: number, bandNames?: readonly string[]) =>
      writeFile(
        join(root, 'other.tif'),
        encodeGeoTiff(new Float32Array(count * side * side), {
          ...{ bands: count, height: side, width: side },
          ...(bandNames && { bandNames }),
        }),
      );
    const readOther = async () => (await openFolder(root)).read('test', 1);
    await write(2, 24);
    await assert.rejects(readOther, refused(/other.tif: image of the wrong size.*3 sample.*2 sample/));
    await write(3, 20, bands);
    await assert.rejects(readOther, refused(/24 x 24 pixels.*20 x 20/));
    await write(3, 24, ['Red', 'Blue & green', 'Near infrared']);
    await assert.rejects(readOther, refused(/bands are others/));
    await write(3, 24);
    await assert.rejects(readOther, refused(/bands are others.*without names/));
    await write(3, 24, bands);
    assert.equal((await readOther()).name, 'other.tif');
    // The first image says what the others must be.
    await mkdir(join(root, 'a'));
    await writeFile(join(root, 'a/wide.tif'), encodeGeoTiff(new Float32Array(6), { height: 2, width: 3 }));
    await table('name,labels', 'a/wide.tif,Water');
    await assert.rejects(openFolder(root), refused(/not square.*3 x 2/));
    await writeFile(join(root, 'a/wide.tif'), encodeGeoTiff(new Float32Array(4), { height: 2, width: 2 }));
    await assert.rejects(openFolder(root), refused(/bands have no names.*landlens.json/));
  });
});
