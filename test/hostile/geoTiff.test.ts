/** Damaged and hostile GeoTIFFs, read whole, in parts, as a patch, as a large image and as a band of a patch. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { after, before, describe, it } from 'mocha';
import {
  type GeoTiff,
  openGeoTiff,
  readGeoTiff,
  readWholeGeoTiff,
} from '../../lib/src/dataset/raster/geoTiff.js';
import { readGeoTiffPatch } from '../../lib/src/dataset/raster/geoTiffPatch.js';
import { openLargeImage } from '../../lib/src/dataset/raster/largeImage.js';
import { createRandom } from '../../lib/src/random.js';
import { pathOfFixture } from '../dataset/rasterio.js';
import { writeTiff } from '../dataset/tiff.js';
import { refusesInput } from '../refuses.js';
import { mutations, peakMebibytes, survive } from './mutate.js';
import { tiffKinds } from './tiff.js';

/** Files of every storage: deflated tiles, LZW strips, plain and interleaved, big-endian, with names and without. */
const files = {
  'folder/images/plain.tif': [24, 3],
  'folder/images/strips.tif': [24, 3],
  'folder/images/tiles.tif': [24, 3],
  'folder/big-endian.tif': [24, 3],
  'sen12ms/ROIs1158_spring/lc_1/ROIs1158_spring_lc_1_p30.tif': [256, 4],
} as const;

describe('damaged GeoTIFFs', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landlens-hostile-'));
  });
  after(() => rm(folder, { recursive: true }));

  const donors = Object.keys(files).map((name) => new Uint8Array(readFileSync(pathOfFixture(name))));
  const requireSound = ({ pixels, width, height, samples, georeference }: GeoTiff): void => {
    assert.equal(pixels.length, width * height * samples);
    if (georeference === undefined) return;
    const { left, top, pixelSize } = georeference;
    assert.ok([left, top, ...pixelSize].every(Number.isFinite) && Math.min(...pixelSize) > 0);
  };

  for (const [name, [side, samples]] of Object.entries(files)) {
    it(`${name}: 500 mutations, each read or refused in one clear error, however it is read`, async () => {
      const original = new Uint8Array(readFileSync(pathOfFixture(name)));
      const path = join(folder, 'damaged.tif');
      const reading: readonly (() => Promise<void>)[] = [
        async () => requireSound(await readGeoTiff(path, { width: side, height: side, samples })),
        async () => requireSound(await readWholeGeoTiff(path)),
        async () => {
          const window = { column: 3, row: 2, width: 9, height: 17 };
          const file = await openGeoTiff(path);
          try {
            assert.equal((await file.read(window)).length, 9 * 17 * file.samples);
          } finally {
            await file.close();
          }
        },
        async () => {
          const bands = ['a', 'b', 'c', 'd'].slice(0, samples);
          const { image } = await readGeoTiffPatch(path, { bands, select: ['b'] });
          assert.equal(
            image.data.length,
            image.shape.reduce((a, b) => a * b),
          );
        },
        async () => {
          const bands = ['a', 'b', 'c', 'd'].slice(0, samples);
          const file = await openLargeImage(path, { bands, select: ['b'], scale: 2 });
          try {
            const { width, height } = file;
            const window = { column: 0, row: 0, width: Math.min(width, 30), height: Math.min(height, 30) };
            assert.equal((await file.read(window)).image.shape[0], 1);
          } finally {
            await file.close();
          }
        },
      ];
      const random = createRandom('readings', name);
      const damaged = mutations(original, { count: 500, seed: 1, donors, kinds: tiffKinds });
      const outcome = await survive(
        damaged,
        async (bytes) => {
          await writeFile(path, bytes);
          await random.pick(reading)();
        },
        { names: path },
      );
      assert.ok(outcome.read > 50 && outcome.refused > 50, JSON.stringify(outcome));
    });
  }

  /** Small files that claim far more than they hold, in ways that chance does not find. */
  const [one, many] = [2 ** 16, 500_000];
  const zeros = deflateSync(Buffer.alloc(2 ** 26));
  const repeated = (count: number, value: number): readonly number[] => new Array<number>(count).fill(value);
  const inTiles = { 258: [3, [8]], 259: [3, [8]], 278: null, 273: null, 279: null } as const;
  const ofSamples = { 277: [4, [many]], 258: [3, repeated(many, 8)], 339: null, 284: [3, [2]] } as const;
  const claims: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
    'one tile far larger than its image': [
      writeTiff({
        ...{ width: 1, height: 8, compress: () => zeros },
        tags: {
          ...{ ...inTiles, 256: [4, [1024]], 257: [4, [1024]], 322: [4, [one]], 323: [4, [one]] },
          ...{ 324: [4, [8]], 325: [4, [zeros.length]] },
        },
      }),
      /impossible size.*65536 x 65536/,
    ],
    'tiles that all begin at one place and unpack to much': [
      writeTiff({
        ...{ width: 1, height: 8, compress: () => zeros },
        tags: {
          ...{ ...inTiles, 256: [4, [1]], 257: [4, [one]], 322: [4, [one]], 323: [4, [1]] },
          ...{ 324: [4, repeated(one, 8)], 325: [4, repeated(one, zeros.length)] },
        },
      }),
      /impossible size.*65536 x 1/,
    ],
    'half a million bands that share their bytes': [
      writeTiff({
        ...{ width: 1, height: 1 },
        tags: {
          ...{ ...ofSamples, 256: [4, [1024]], 257: [4, [1024]], 259: [3, [8]], 278: [4, [1024]] },
          ...{ 273: [4, repeated(many, 8)], 279: [4, repeated(many, 1)] },
        },
      }),
      /(too large|unbearable).*500000 sample/,
    ],
  };
  for (const [what, [bytes, expected]] of Object.entries(claims)) {
    it(`${what}: refused before memory is taken`, async () => {
      const path = join(folder, 'claims.tif');
      await writeFile(path, bytes);
      const before = peakMebibytes({ reset: true });
      await refusesInput(() => readWholeGeoTiff(path), path, expected);
      await refusesInput(
        async () => {
          const file = await openGeoTiff(path);
          try {
            const { width, height } = file;
            await file.read({ column: 0, row: 0, width, height });
          } finally {
            await file.close();
          }
        },
        path,
        expected,
      );
      const grown = peakMebibytes() - before;
      assert.ok(grown < 128, `memory grew by ${grown} MiB`);
    });
  }

  it('a strip of 4 GB from a file of 4 MB is read only where it is asked for', async () => {
    const path = join(folder, 'claims.tif');
    const [strip, strips] = [2 ** 22, 1000];
    const tags = { 257: [4, [strip * strips]], 258: [3, [8]], 278: [4, [strip]] } as const;
    const shared = { 273: [4, repeated(strips, 8)], 279: [4, repeated(strips, strip)] } as const;
    const compress = (): Uint8Array => new Uint8Array(strip);
    await writeFile(path, writeTiff({ width: 1, height: 8, compress, tags: { ...tags, ...shared } }));
    const before = peakMebibytes({ reset: true });
    const file = await openGeoTiff(path);
    try {
      assert.deepEqual(
        await file.read({ column: 0, row: 2 ** 31, width: 1, height: 2 }),
        new Float32Array(2),
      );
    } finally {
      await file.close();
    }
    const grown = peakMebibytes() - before;
    assert.ok(grown < 128, `memory grew by ${grown} MiB`);
  });
});
