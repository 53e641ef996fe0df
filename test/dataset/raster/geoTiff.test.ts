/** The GeoTIFF reader beyond BigEarthNet's own bands: several samples, compression, and files changed at random. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { readGeoTiff } from '../../../lib/src/dataset/raster/geoTiff.js';
import { InputError } from '../../../lib/src/error.js';
import { sharedFolder } from '../../shared.js';
import { writeTiff } from '../tiff.js';

describe('readGeoTiff', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'geotiff-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('either reads or refuses a file with any bytes changed', async () => {
    const path = join(folder, 'changed.tif');
    const whole = writeTiff({ width: 6, height: 6, rowsPerStrip: 4, tags: { 317: [3, [1]] } });
    const change = fc.tuple(fc.nat({ max: whole.length - 1 }), fc.constantFrom(0, 1, 2, 3, 5, 127, 128, 255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const bytes = Uint8Array.from(whole);
        for (const [offset, value] of changes) bytes[offset] = value;
        await writeFile(path, bytes);
        const result = await readGeoTiff(path, { width: 6, height: 6 }).catch((thrown: unknown) => {
          assert.ok(thrown instanceof InputError, String(thrown));
          assert.ok(thrown.message.includes(path));
        });
        if (result !== undefined) assert.equal(result.pixels.length, 36);
      }),
      { numRuns: 1500, seed: 7 },
    );
  });

  // Sums as rasterio reads them.
  const real = [
    ['SEN12MS-CR/ROIs1158_spring_s2_15_p30.tif', 256, 13, 1049578133],
    [
      'Major-TOM/199U_1099R/S2B_MSIL2A_20200223T032739_N9999_R018_T48QUE_20230924T183543/B09.tif',
      178,
      1,
      88642568,
    ],
    [
      'BigEarthNet-v2.0/Reference_Maps/S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP/S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57/S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57_reference_map.tif',
      120,
      1,
      3682660,
    ],
  ] as const;
  for (const [name, side, samples, sum] of real) {
    it(`reads ${samples} sample(s) of ${name.split('/').at(-1)}`, async function () {
      const shared = sharedFolder();
      if (shared === undefined) return this.skip();
      const { pixels } = await readGeoTiff(join(shared, name), { width: side, height: side, samples });
      assert.equal(pixels.length, samples * side * side);
      assert.equal(
        pixels.reduce((total, value) => total + value, 0),
        sum,
      );
    });
  }
});
