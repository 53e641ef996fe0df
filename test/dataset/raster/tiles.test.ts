/** Blending of tiles: numpy's result, every pixel covered, a constant kept; and large images read in parts. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { explainLargeImage } from '../../../lib/src/attribution/explainLargeImage.js';
import { openGeoTiff, readWholeGeoTiff } from '../../../lib/src/dataset/raster/geoTiff.js';
import { writeGeoTiff } from '../../../lib/src/dataset/raster/geoTiffWriter.js';
import { openLargeImage } from '../../../lib/src/dataset/raster/largeImage.js';
import { upsample } from '../../../lib/src/dataset/raster/resample.js';
import type { PixelWindow } from '../../../lib/src/dataset/raster/tiffLayout.js';
import {
  blendTiles,
  type TileGrid,
  tileStarts,
  tilesOf,
  tileWeights,
} from '../../../lib/src/dataset/raster/tiles.js';
import { sharedFolder } from '../../shared.js';
import { tinyClassifier, tinyMethods } from '../../study/fixture.js';
import { assertSamePlace, expectedBlend, factsOf, pathOfFixture } from '../rasterio.js';

/** All rows of a blend, [layers][height x width]. */
async function blendAll(
  grid: TileGrid,
  layers: number,
  mapTile: (tile: PixelWindow) => Promise<readonly ArrayLike<number>[]>,
): Promise<number[][]> {
  const result = Array.from({ length: layers }, (): number[] => []);
  await blendTiles(grid, layers, mapTile, async (rows) => {
    const part = rows.length / layers;
    for (const [layer, values] of result.entries())
      values.push(...rows.subarray(layer * part, (layer + 1) * part));
  });
  return result;
}

const grids = fc
  .record({ tileWidth: fc.integer({ min: 1, max: 12 }), tileHeight: fc.integer({ min: 1, max: 12 }) })
  .chain(({ tileWidth, tileHeight }) =>
    fc.record({
      tileWidth: fc.constant(tileWidth),
      tileHeight: fc.constant(tileHeight),
      width: fc.integer({ min: tileWidth, max: 40 }),
      height: fc.integer({ min: tileHeight, max: 40 }),
      overlap: fc.integer({ min: 0, max: Math.min(tileWidth, tileHeight) - 1 }),
    }),
  );

describe('blendTiles', () => {
  it('covers every pixel with whole tiles inside the image', () => {
    fc.assert(
      fc.property(grids, (grid) => {
        const covered = new Uint8Array(grid.width * grid.height);
        for (const { column, row, width, height } of tilesOf(grid)) {
          assert.ok(column >= 0 && row >= 0 && column + width <= grid.width && row + height <= grid.height);
          for (let y = row; y < row + height; y++)
            covered.fill(1, y * grid.width + column, y * grid.width + column + width);
        }
        assert.ok(covered.every((value) => value === 1));
      }),
    );
  });

  it('keeps a constant, and a map that all tiles agree on', async () => {
    const property = fc.asyncProperty(
      grids,
      fc.double({ min: -1e3, max: 1e3, noNaN: true }),
      async (grid, value) => {
        const [constant, agreed] = await blendAll(grid, 2, async ({ column, row, width, height }) => [
          new Float64Array(width * height).fill(value),
          Float64Array.from(
            { length: width * height },
            (_, i) => (row + Math.floor(i / width)) * 100 + column + (i % width),
          ),
        ]);
        assert.equal(constant.length, grid.width * grid.height);
        assert.ok(constant.every((each) => Math.abs(each - value) <= 1e-6 * Math.abs(value) + 1e-30));
        assert.ok(
          agreed.every(
            (each, p) => Math.abs(each - Math.floor(p / grid.width) * 100 - (p % grid.width)) < 1e-3,
          ),
        );
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  it('weighs regular neighbours so that they sum to 1', () => {
    const weights = tileWeights(10, 4);
    assert.deepEqual([...weights], [0.125, 0.375, 0.625, 0.875, 1, 1, 0.875, 0.625, 0.375, 0.125]);
    assert.deepEqual(tileStarts(25, 10, 4), [0, 6, 12, 15]);
    assert.deepEqual([...tileWeights(3, 0)], [1, 1, 1]);
    assert.throws(() => tileStarts(9, 10, 0), { name: 'InputError', message: /no larger than the image/ });
    assert.throws(() => tileStarts(20, 10, 10), { name: 'InputError' });
  });

  it('blends as numpy does what rasterio reads', async () => {
    const { size, overlap, values } = expectedBlend;
    const image = await openLargeImage(pathOfFixture('scene.tif'));
    const { width, height } = image;
    const grid = { width, height, tileWidth: size, tileHeight: size, overlap };
    const blended = await blendAll(grid, 2, async (window) => {
      const { data } = (await image.read(window)).image;
      const [first, second, third] = [0, 1, 2].map((band) =>
        data.subarray(band * size * size, (band + 1) * size * size),
      );
      const mean = first.reduce((sum, value) => sum + value, 0) / first.length;
      const most = Math.max(...third) / 1000;
      return [
        Float64Array.from(first, (value) => value - mean),
        Float64Array.from(second, (value) => value * most),
      ];
    });
    await image.close();
    for (const [layer, expected] of values.entries()) {
      const sampled = blended[layer].filter(
        (_, p) => Math.floor(p / width) % 7 === 0 && (p % width) % 6 === 0,
      );
      assert.equal(sampled.length, expected.length);
      // Written as float32: half a unit in the last place of values up to 1000.
      for (const [i, value] of sampled.entries())
        assert.ok(Math.abs(value - expected[i]) < 1e-4, `${value}, ${expected[i]}`);
    }
  });
});

describe('explainLargeImage', () => {
  it('writes named, georeferenced bands: scores, and maps that do not depend on the tiles where methods do not', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'landlens-large-'));
    try {
      const [width, height] = [40, 29];
      const source = join(folder, 'source.tif');
      const values = Float32Array.from({ length: 12 * width * height }, (_, i) => 500 + 40 * ((i * 31) % 97));
      const georeference = { epsg: 32648, left: 362612.5, top: 1987088.25, pixelSize: [10, 10] as const };
      await writeGeoTiff(source, values, {
        bands: 12,
        width,
        height,
        georeference,
        bandNames: tinyClassifier.bands,
      });
      const image = await openLargeImage(source);
      const out = join(folder, 'out/map.tif');
      // "power 1" is the normalised value of the class's band in each pixel.
      const [method] = tinyMethods;
      let calls = 0;
      const counted: typeof method.explain = (images, targets) => {
        calls++;
        return method.explain(images, targets);
      };
      const { tiles, bandNames } = await explainLargeImage(image, tinyClassifier, out, {
        targets: [1, 0],
        methods: [{ ...method, explain: counted }],
        overlap: 5,
      });
      assert.equal(tiles, 5 * 4);
      assert.equal(calls, tiles, 'one call for all classes of a tile, which share forward passes');
      assert.deepEqual(bandNames, ['Forest / score', 'Forest / Saliency', 'Sand / score', 'Sand / Saliency']);
      const map = await readWholeGeoTiff(out);
      assert.deepEqual([map.bandNames, map.georeference], [bandNames, georeference]);
      const area = width * height;
      for (const [layer, band] of [
        [1, 'B08'],
        [3, 'B04'],
      ] as const) {
        const start = tinyClassifier.bands.indexOf(band) * area;
        for (let p = 0; p < area; p++) {
          const expected = Math.abs((values[start + p] - 1000) / 1000);
          assert.ok(Math.abs(map.pixels[layer * area + p] - expected) < 1e-5);
        }
      }
      assert.ok(map.pixels.subarray(0, area).every((score) => score > 0 && score < 1));
      await image.close();

      const controller = new AbortController();
      const again = await openLargeImage(source);
      const stopped = explainLargeImage(again, tinyClassifier, join(folder, 'none.tif'), {
        targets: [0],
        methods: [],
        signal: controller.signal,
        createProgress: () => ({
          start: () => undefined,
          done: () => controller.abort(),
          finish: () => undefined,
        }),
      });
      await assert.rejects(stopped, { name: 'AbortError' });
      await assert.rejects(openGeoTiff(join(folder, 'none.tif')), { message: /does not exist/ });
      const large = { ...tinyClassifier, size: [30, 30] as const };
      await assert.rejects(explainLargeImage(again, large, out, { targets: [0], methods: [] }), {
        name: 'InputError',
        message: /smaller than the network's input.*40 x 29/,
      });
      await again.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('openLargeImage', () => {
  it('reads chosen bands of a file, scaled, where they lie', async () => {
    const image = await openLargeImage(pathOfFixture('scene.tif'), { select: ['Red'], scale: 2, offset: 1 });
    assertSamePlace(image.georeference, 'scene.tif');
    const { image: part, georeference } = await image.read({ column: 0, row: 0, width: 90, height: 70 });
    const sum = part.data.reduce((total, value) => total + (value - 1) / 2, 0);
    assert.equal(sum, factsOf('scene.tif').sums[1]);
    assert.deepEqual(part.shape, [1, 70, 90]);
    assert.equal(georeference?.left, 399960);
    assert.equal((await image.read({ column: 3, row: 4, width: 1, height: 1 })).georeference?.top, 5000000);
    await image.close();
    await assert.rejects(openLargeImage(pathOfFixture('scene.tif'), { select: ['B02'] }), {
      name: 'InputError',
      message: /a wanted band is not in the file.*Red.*got B02/,
    });
    await assert.rejects(openLargeImage(pathOfFixture('none.tif')), { name: 'InputError' });
    await assert.rejects(openLargeImage(pathOfFixture('folder')), {
      name: 'InputError',
      message: /bands are missing/,
    });
  });

  it('reads parts of the real bands of a cell as the whole bands, upsampled', async function () {
    const shared = sharedFolder();
    if (shared === undefined) return this.skip();
    const folder = join(
      shared,
      'Major-TOM/199U_1099R/S2B_MSIL2A_20200223T032739_N9999_R018_T48QUE_20230924T183543',
    );
    for (const resampling of ['bilinear', 'bicubic'] as const) {
      const image = await openLargeImage(folder, { select: ['B01', 'B02', 'B05'], resampling });
      assert.deepEqual([image.width, image.height, image.georeference?.epsg], [1068, 1068, 32648]);
      for (const [column, row, width, height] of [
        [0, 0, 120, 120],
        [947, 948, 121, 120],
        [333, 517, 7, 200],
      ]) {
        const { data } = (await image.read({ column, row, width, height })).image;
        for (const [band, [name, factor]] of (
          [
            ['B01', 6],
            ['B02', 1],
            ['B05', 2],
          ] as const
        ).entries()) {
          const whole = await readWholeGeoTiff(join(folder, `${name}.tif`));
          const fine = upsample(whole.pixels, [whole.height, whole.width], factor, resampling);
          for (let p = 0; p < width * height; p++) {
            const expected = fine[(row + Math.floor(p / width)) * 1068 + column + (p % width)];
            const value = data[band * width * height + p];
            assert.ok(
              Math.abs(value - expected) <= 1e-6 * Math.abs(expected),
              `${name} ${p}: ${value}, ${expected}`,
            );
          }
        }
      }
      await image.close();
    }
    const broken = await mkdtemp(join(tmpdir(), 'landlens-cell-'));
    try {
      await cp(join(folder, 'B02.tif'), join(broken, 'B02.tif'));
      await cp(pathOfFixture('folder/images/plain.tif'), join(broken, 'x_B03.tif'));
      await assert.rejects(openLargeImage(broken, { select: ['B02', 'B03'] }), {
        name: 'InputError',
        message: /x_B03.tif: the band does not cover the ground.*24 x 24/,
      });
    } finally {
      await rm(broken, { recursive: true });
    }
  });
});
