/** Parts of GeoTIFFs: those that rasterio reads, from files of every layout. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { openGeoTiff, readWholeGeoTiff } from '../../../lib/src/dataset/raster/geoTiff.js';
import { assertSamePixels, assertSamePlace, expectedWindows, factsOf, pathOfFixture } from '../rasterio.js';
import { writeTiff } from '../tiff.js';

const files = [
  'scene.tif',
  'folder/images/tiles.tif',
  'folder/images/strips.tif',
  'folder/images/plain.tif',
  'folder/big-endian.tif',
];

describe('GeoTIFFs written by rasterio', () => {
  for (const name of files) {
    it(`${name}: values, place and names of bands are what rasterio reads`, async () => {
      const file = await readWholeGeoTiff(pathOfFixture(name));
      assertSamePixels(file.pixels, name);
      assertSamePlace(file.georeference, name);
      assert.deepEqual(file.bandNames, factsOf(name).descriptions);
    });
  }

  it('are read in parts as rasterio reads parts', async () => {
    const file = await openGeoTiff(pathOfFixture('scene.tif'));
    for (const { window, values } of expectedWindows)
      assert.deepEqual([...(await file.read(window))], values);
    await file.close();
  });

  for (const name of files) {
    it(`${name}: any part is that part of the whole, however little is kept in memory`, async () => {
      const whole = await readWholeGeoTiff(pathOfFixture(name));
      const { width, height, samples } = whole;
      const open = await Promise.all(
        [0, 2000].map((cacheBytes) => openGeoTiff(pathOfFixture(name), { cacheBytes })),
      );
      const windows = fc.tuple(fc.nat(width - 1), fc.nat(height - 1)).chain(([column, row]) =>
        fc.record({
          column: fc.constant(column),
          row: fc.constant(row),
          width: fc.integer({ min: 1, max: width - column }),
          height: fc.integer({ min: 1, max: height - row }),
        }),
      );
      const property = fc.asyncProperty(windows, async (window) => {
        const expected = Float32Array.from({ length: samples * window.height * window.width }, (_, i) => {
          const sample = Math.floor(i / (window.height * window.width));
          const y = Math.floor(i / window.width) % window.height;
          return whole.pixels[
            (sample * height + window.row + y) * width + window.column + (i % window.width)
          ];
        });
        for (const file of open) assert.deepEqual(await file.read(window), expected);
      });
      await fc.assert(property, { numRuns: 30 });
      for (const file of open) await file.close();
    });
  }

  it('are read in pieces where a whole band is one strip', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'landlens-window-'));
    try {
      const path = join(folder, 'strip.tif');
      // 700 rows of 1,000 bytes in one strip: read in pieces of 175 rows.
      await writeFile(path, writeTiff({ width: 500, height: 700, value: (i) => i % 60013 }));
      const file = await openGeoTiff(path, { cacheBytes: 0 });
      const part = await file.read({ column: 490, row: 137, width: 10, height: 400 });
      for (const [i, value] of part.entries()) {
        const pixel = (137 + Math.floor(i / 10)) * 500 + 490 + (i % 10);
        assert.equal(value, pixel % 60013);
      }
      await file.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('refuse parts outside, and damaged files', async () => {
    const refused = (message: RegExp) => ({ name: 'InputError', message });
    const file = await openGeoTiff(pathOfFixture('scene.tif'));
    for (const window of [
      { column: 80, row: 0, width: 11, height: 1 },
      { column: 0, row: 0, width: 0, height: 1 },
      { column: -1, row: 0, width: 1, height: 1 },
    ]) {
      await assert.rejects(file.read(window), { name: 'InputError' });
    }
    await file.close();
    const folder = await mkdtemp(join(tmpdir(), 'landlens-window-'));
    try {
      await assert.rejects(openGeoTiff(join(folder, 'none.tif')), refused(/does not exist/));
      await assert.rejects(openGeoTiff(folder), refused(/not a regular file/));
      const good = await readFile(pathOfFixture('scene.tif'));
      const path = join(folder, 'damaged.tif');
      const window = { column: 0, row: 0, width: 90, height: 70 };
      let failures = 0;
      for (let i = 0; i < 300; i++) {
        const bytes = Buffer.from(good);
        bytes[(i * 7919) % good.length] ^= 1 << (i % 8);
        await writeFile(path, i % 10 === 0 ? bytes.subarray(0, (i * 31) % good.length) : bytes);
        const attempt = async (): Promise<void> => {
          const opened = await openGeoTiff(path);
          try {
            if (opened.width * opened.height < 1e6) await opened.read({ ...window, width: 1, height: 1 });
            if (opened.width === 90 && opened.height === 70) await opened.read(window);
          } finally {
            await opened.close();
          }
        };
        await attempt().catch((thrown: unknown) => {
          assert.ok(thrown instanceof Error && thrown.name === 'InputError', String(thrown));
          failures++;
        });
      }
      assert.ok(failures > 100, `${failures} of 300 refused`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
