/** A user's multi-band GeoTIFF: band by band or interleaved, a window of it, and files that do not fit. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { readGeoTiffPatch } from '../../../lib/src/dataset/raster/geoTiffPatch.js';
import { encodeGeoTiff } from '../../../lib/src/dataset/raster/geoTiffWriter.js';
import { sharedFolder } from '../../shared.js';
import { type Field, writeTiff } from '../tiff.js';

const georeference = { epsg: 32635, left: 399960, top: 5200020, pixelSize: [10, 10] as const };

/** Three bands of 4 rows and 5 columns; the value is band, row, column as digits. */
const planes = Float32Array.from({ length: 60 }, (_, i) => {
  const [band, row, column] = [Math.floor(i / 20), Math.floor((i % 20) / 5), i % 5];
  return 100 * (band + 1) + 10 * row + column;
});

describe('readGeoTiffPatch', () => {
  let folder = '';
  let path = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landlens-patch-'));
    path = join(folder, 'image.tif');
  });
  after(() => rm(folder, { recursive: true }));

  const bands = ['red', 'green', 'blue'];
  const write = (place = true): Promise<void> =>
    writeFile(path, encodeGeoTiff(planes, { bands: 3, height: 4, width: 5, ...(place && { georeference }) }));

  it('reads all bands of a file that stores them one after the other', async () => {
    await write();
    const patch = await readGeoTiffPatch(path, { bands });
    assert.deepEqual(patch.image, { data: planes, shape: [3, 4, 5] });
    assert.deepEqual(patch.georeference, georeference);
    assert.deepEqual([patch.name, patch.bands, patch.labels], ['image.tif', bands, []]);
  });

  it('chooses bands and a window, scales, and moves the corner', async () => {
    await write();
    const patch = await readGeoTiffPatch(path, {
      bands,
      select: ['blue', 'red'],
      window: { column: 3, row: 1, width: 2, height: 2 },
      scale: 10,
      offset: -1000,
    });
    assert.deepEqual(patch.image.shape, [2, 2, 2]);
    assert.deepEqual(
      [...patch.image.data],
      [313, 314, 323, 324, 113, 114, 123, 124].map((value) => 10 * value - 1000),
    );
    assert.deepEqual(patch.georeference, { ...georeference, left: 399990, top: 5200010 });
  });

  it('reads interleaved samples', async () => {
    // One pixel is two samples: a row of 3 such pixels is 6 values.
    const whole = writeTiff({
      ...{ width: 6, height: 2, value: (index) => index },
      tags: { 256: [3, [3]], 258: [3, [16, 16]], 277: [3, [2]], 284: [3, [1]], 339: [3, [1, 1]] },
    });
    await writeFile(path, whole);
    const { image } = await readGeoTiffPatch(path, { bands: ['even', 'odd'] });
    assert.deepEqual([...image.data], [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]);
  });

  const transformed = (matrix: readonly number[]): Uint8Array =>
    writeTiff({ width: 4, height: 4, tags: { 33550: null, 33922: null, 34264: [12, matrix] } });

  it('takes the place from a transformation that turns nothing, and refuses one that does', async () => {
    const matrix = [20, 0, 0, 600000, 0, -20, 0, 4500000, 0, 0, 0, 0, 0, 0, 0, 1];
    await writeFile(path, transformed(matrix));
    const { georeference: place } = await readGeoTiffPatch(path, { bands: ['one'] });
    assert.deepEqual(place, { epsg: 32635, left: 600000, top: 4500000, pixelSize: [20, 20] });
    await writeFile(path, transformed(matrix.with(1, 5)));
    await assert.rejects(readGeoTiffPatch(path, { bands: ['one'] }), {
      name: 'InputError',
      message: /unsupported georeference/,
    });
  });

  it('has no place where the file has none', async () => {
    await write(false);
    assert.equal((await readGeoTiffPatch(path, { bands })).georeference, undefined);
  });

  it('refuses names and windows that do not fit', async () => {
    await write();
    const window = { column: 0, row: 0, width: 5, height: 4 };
    const cases = [
      [{}, /names of the bands do not fit/],
      [{ bands: ['red', 'red', 'blue'] }, /names of the bands do not fit/],
      [{ bands, select: ['red', 'infrared'] }, /a wanted band is not in the file.*infrared/],
      [{ bands, select: [] }, /a wanted band is not in the file/],
      [{ bands, window: { ...window, column: 1 } }, /the window lies outside the image/],
      [{ bands, window: { ...window, row: -1 } }, /row of the window/],
      [{ bands, window: { ...window, width: 0 } }, /width of the window/],
      [{ bands, window: { ...window, height: 1.5 } }, /height of the window/],
    ] as const;
    for (const [options, message] of cases) {
      await assert.rejects(readGeoTiffPatch(path, options), { name: 'InputError', message });
    }
  });

  it('refuses sizes that no such file can have, without unpacking', async () => {
    const claims: readonly Readonly<Record<number, Field>>[] = [
      { 256: [4, [2 ** 31]], 257: [4, [2 ** 31]] },
      { 256: [4, [0]] },
      { 277: [3, [65535]], 258: [3, new Array<number>(65535).fill(16)] },
    ];
    for (const tags of claims) {
      await writeFile(path, writeTiff({ width: 40, height: 40, tags }));
      await assert.rejects(readGeoTiffPatch(path, { bands: ['one'] }), { name: 'InputError' });
    }
  });

  it('reads 13 real bands as rasterio does', async function () {
    const shared = sharedFolder();
    if (shared === undefined) {
      console.log('      skipped: no shared folder with real data');
      return this.skip();
    }
    const names = Array.from({ length: 13 }, (_, i) => `band ${i + 1}`);
    const { image, georeference: place } = await readGeoTiffPatch(
      join(shared, 'SEN12MS-CR/ROIs1158_spring_s2_15_p30.tif'),
      {
        bands: names,
        select: ['band 13', 'band 2'],
        window: { column: 100, row: 31, width: 120, height: 90 },
      },
    );
    const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);
    assert.deepEqual(
      [sum(image.data.subarray(0, 120 * 90)), sum(image.data.subarray(120 * 90))],
      [4449230, 7720719],
    );
    assert.deepEqual([image.data[0], image.data.at(-1)], [358, 730]);
    assert.equal(place?.epsg, 32756);
    assert.deepEqual([place.left, place.top], [301700.43984270864, 7298516.581550097]);
  });
});
