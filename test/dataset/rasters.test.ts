/** Every reader on the real patches against what rasterio reads of the same files: value for value, and where they lie. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { openBigEarthNet } from '../../lib/src/dataset/bigEarthNet.js';
import { openBigEarthNet2 } from '../../lib/src/dataset/bigEarthNet2.js';
import { bandResolution, type Dataset, type Patch, sentinel2Bands } from '../../lib/src/dataset/patch.js';
import { type GeoTiff, openGeoTiff, readWholeGeoTiff } from '../../lib/src/dataset/raster/geoTiff.js';
import { splitsInOrder } from '../../lib/src/dataset/splitNames.js';
import { sharedFolder } from '../shared.js';

interface BandFacts {
  readonly sha256: string;
  readonly range: readonly [number, number];
  readonly mean: number;
  readonly samples: readonly [number, number, number];
}

interface Facts {
  readonly shape: readonly [bands: number, height: number, width: number];
  readonly epsg: number | null;
  readonly place: readonly [left: number, top: number, width: number, height: number];
  readonly bands: readonly BandFacts[];
}

const rasters: Readonly<Record<string, Facts>> = JSON.parse(
  readFileSync(new URL('../fixtures/rasters.json', import.meta.url), 'utf8'),
);

function factsOf(values: Float32Array, height: number, width: number): BandFacts {
  assert.ok(values.every((value) => Number.isInteger(value) && value >= 0 && value <= 65535));
  const words = new DataView(new ArrayBuffer(2 * values.length));
  for (const [i, value] of values.entries()) words.setUint16(2 * i, value, true);
  const hash = createHash('sha256').update(new Uint8Array(words.buffer)).digest('hex');
  let [low, high, sum] = [Number.POSITIVE_INFINITY, 0, 0];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    sum += value;
  }
  const centre = Math.floor(height / 2) * width + Math.floor(width / 3);
  return {
    sha256: hash.slice(0, 16),
    range: [low, high],
    mean: sum / values.length,
    samples: [values[0], values[centre], values[values.length - 1]],
  };
}

/** Sums of integers below 2^53 are exact; the quotient may differ in its last digit. */
function assertSameBand(got: BandFacts, expected: BandFacts, what: string): void {
  assert.ok(Math.abs(got.mean - expected.mean) <= 1e-12 * expected.mean, what);
  assert.deepEqual({ ...got, mean: 0 }, { ...expected, mean: 0 }, what);
}

function assertSameFile(
  { pixels, width, height, samples, georeference }: GeoTiff,
  name: string,
  { shape, epsg, place, bands }: Facts,
): void {
  assert.deepEqual([samples, height, width], shape, name);
  const area = height * width;
  for (const [band, expected] of bands.entries()) {
    const values = pixels.subarray(band * area, (band + 1) * area);
    assertSameBand(factsOf(values, height, width), expected, `${name}, band ${band + 1}`);
  }
  const [left, top, pixelWidth, pixelHeight] = place;
  const expected = { ...(epsg === null ? {} : { epsg }), left, top, pixelSize: [pixelWidth, pixelHeight] };
  assert.deepEqual(georeference, expected, name);
}

/** Every stored value of a patch: with nearest resampling each stands in a block of equal ones. */
function assertSamePatch({ name, image, georeference }: Patch, path: string): void {
  for (const [index, band] of sentinel2Bands.entries()) {
    const file = `${path}/${name}_${band}.tif`;
    const { bands, place, epsg } = rasters[file];
    const factor = bandResolution[band] / 10;
    const side = 120 / factor;
    const values = Float32Array.from({ length: side * side }, (_, i) => {
      const [row, column] = [Math.floor(i / side) * factor, (i % side) * factor];
      const block = Array.from({ length: factor * factor }, (_, k) => {
        const pixel = (row + Math.floor(k / factor)) * 120 + column + (k % factor);
        return image.data[index * 14400 + pixel];
      });
      assert.ok(block.every((value) => value === block[0]));
      return block[0];
    });
    assertSameBand(factsOf(values, side, side), bands[0], file);
    if (band !== 'B02') continue;
    assert.deepEqual([georeference?.left, georeference?.top, ...(georeference?.pixelSize ?? [])], place);
    assert.equal(georeference?.epsg, epsg);
  }
}

async function* patchesOf(dataset: Dataset): AsyncGenerator<Patch> {
  for (const split of splitsInOrder) {
    for (let i = 0; i < dataset.count(split); i++) yield dataset.read(split, i);
  }
}

const shared = sharedFolder();

describe(`real rasters${shared === undefined ? ' (skipped: no shared folder)' : ''}`, () => {
  const folder = shared ?? '';
  before(function () {
    if (shared === undefined) this.skip();
  });

  it('are read whole, value for value and where they lie, as by rasterio', async () => {
    for (const [name, facts] of Object.entries(rasters)) {
      assertSameFile(await readWholeGeoTiff(join(folder, name)), name, facts);
    }
    assert.ok(Object.keys(rasters).length > 600);
  });

  it('are read in windows as whole, the largest ones', async () => {
    const large = Object.entries(rasters).filter(([, { shape }]) => shape[1] > 1000);
    assert.ok(large.length >= 4);
    for (const [name, facts] of large) {
      const file = await openGeoTiff(join(folder, name));
      try {
        const { width, height, samples, georeference } = file;
        const pixels = new Float32Array(samples * height * width);
        const side = 500;
        for (let row = 0; row < height; row += side) {
          for (let column = 0; column < width; column += side) {
            const size = { width: Math.min(side, width - column), height: Math.min(side, height - row) };
            const part = await file.read({ column, row, ...size });
            for (let y = 0; y < size.height; y++)
              pixels.set(part.subarray(y * size.width, (y + 1) * size.width), (row + y) * width + column);
          }
        }
        const place = georeference === undefined ? {} : { georeference };
        assertSameFile({ pixels, width, height, samples, ...place }, name, facts);
      } finally {
        await file.close();
      }
    }
  });

  it('make up the patches of BigEarthNet v1 and v2', async () => {
    let count = 0;
    const v1 = await openBigEarthNet(join(folder, 'BigEarthNet-v1.0'), { resampling: 'nearest' });
    for await (const patch of patchesOf(v1)) {
      assertSamePatch(patch, `BigEarthNet-v1.0/${patch.name}`);
      count++;
    }
    const metadata = new URL('../fixtures/bigEarthNet2/snappy.parquet', import.meta.url).pathname;
    const root = join(folder, 'BigEarthNet-v2.0');
    for await (const patch of patchesOf(await openBigEarthNet2(root, { metadata, resampling: 'nearest' }))) {
      assertSamePatch(patch, `BigEarthNet-v2.0/BigEarthNet-S2/${patch.facts?.tileSource}/${patch.name}`);
      count++;
    }
    assert.equal(count, 49 + 1);
  });
});
