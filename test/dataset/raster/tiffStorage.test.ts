/** One image in every way of storing that GDAL has: read value for value, or refused by name (fixtures/makeTiffs.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { openGeoTiff, readWholeGeoTiff } from '../../../lib/src/dataset/raster/geoTiff.js';
import { mutations, survive } from '../../hostile/mutate.js';
import { refusesInput } from '../../refuses.js';

const pathOf = (name: string): string => new URL(`../../fixtures/tiff/${name}.tif`, import.meta.url).pathname;

const valueAt = (band: number, row: number, column: number): number =>
  1000 * (band + 1) + 37 * row + 11 * column + ((row * column) % 7);

const integers = ['plain', 'deflate', 'lzw-big-endian', 'packbits', 'zstd', 'zstd-bands'] as const;
const big = ['big', 'big-endian-big'] as const;
const floats = ['float-deflate', 'float-zstd-big-endian'] as const;

function assertValues(
  pixels: Float32Array,
  [bands, height, width]: readonly [readonly number[], number, number],
  scale: number,
  { row = 0, column = 0 } = {},
): void {
  const expected = Float32Array.from({ length: bands.length * height * width }, (_, i) => {
    const [y, x] = [Math.floor(i / width) % height, i % width];
    return valueAt(bands[Math.floor(i / (width * height))], row + y, column + x) * scale;
  });
  assert.deepEqual(pixels, expected);
}

describe('storage of a TIFF', () => {
  for (const name of [...integers, ...big, ...floats]) {
    const scale = name.startsWith('float') ? 1 / 8 : 1;
    it(`${name}: the whole, a part, and bands in any order`, async () => {
      const { pixels, georeference } = await readWholeGeoTiff(pathOf(name));
      assertValues(pixels, [[0, 1, 2], 70, 90], scale);
      assert.deepEqual(georeference, { epsg: 32633, left: 399960, top: 5000040, pixelSize: [10, 10] });
      const file = await openGeoTiff(pathOf(name));
      try {
        const part = { column: 25, row: 40, width: 41, height: 17 };
        assertValues(await file.read(part, [2, 0]), [[2, 0], 17, 41], scale, part);
        assert.deepEqual(await file.overviews(), []);
        await refusesInput(() => file.read(part, [3]), pathOf(name), /no such band/);
      } finally {
        await file.close();
      }
    });
  }

  it('a Cloud Optimized GeoTIFF: overviews are named and not read', async () => {
    const file = await openGeoTiff(pathOf('cloud'));
    try {
      assert.deepEqual([file.width, file.height, file.samples], [700, 600, 2]);
      assert.deepEqual(await file.overviews(), [
        { width: 350, height: 300 },
        { width: 175, height: 150 },
        { width: 87, height: 75 },
      ]);
      const part = { column: 250, row: 390, width: 300, height: 200 };
      assertValues(await file.read(part), [[0, 1], 200, 300], 1, part);
    } finally {
      await file.close();
    }
  });

  for (const [name, called] of Object.entries({ jpeg: 'JPEG', webp: 'WebP', lzma: 'LZMA', lerc: 'LERC' })) {
    it(`${called} is refused by name`, () =>
      refusesInput(
        () => readWholeGeoTiff(pathOf(name)),
        pathOf(name),
        new RegExp(
          `unsupported way of storing.*no compression, LZW, Deflate, PackBits or Zstandard.*compression ${called},`,
        ),
      ));
  }

  for (const name of ['big', 'zstd', 'packbits', 'cloud', 'float-zstd-big-endian']) {
    it(`${name}: 200 mutations, each read or refused in one clear error`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'landlens-storage-'));
      const path = join(folder, 'damaged.tif');
      const original = new Uint8Array(readFileSync(pathOf(name)));
      const read = async (bytes: Uint8Array): Promise<void> => {
        await writeFile(path, bytes);
        const file = await openGeoTiff(path);
        try {
          const { width, height, samples } = file;
          const window = { column: 0, row: 0, width: Math.min(width, 70), height: Math.min(height, 60) };
          assert.equal((await file.read(window)).length, samples * window.width * window.height);
          await file.overviews();
        } finally {
          await file.close();
        }
      };
      try {
        // The directory and the first blocks: what is damaged in every second file.
        const [within, donors] = [1500, [original]];
        const outcome = await survive(
          [
            ...mutations(original, { count: 100, seed: 2, donors }),
            ...mutations(original, { count: 100, seed: 3, donors, within }),
          ],
          read,
          { names: path },
        );
        assert.ok(outcome.read > 0 && outcome.refused > 20, JSON.stringify(outcome));
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});
