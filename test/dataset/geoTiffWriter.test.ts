/** A written map is what other readers of GeoTIFF read. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromArrayBuffer } from 'geotiff';
import { describe, it } from 'mocha';
import { readGeoTiff } from '../../lib/src/dataset/geoTiff.js';
import { encodeGeoTiff } from '../../lib/src/dataset/geoTiffWriter.js';

const map = Float32Array.of(0, -1.5, 2e-7, 3, 4, Number.NaN);
const size = { height: 2, width: 3 };
const georeference = { epsg: 32635, left: 399960, top: 5200020, pixelSize: [10, 10] as const };

describe('encodeGeoTiff', () => {
  it('keeps values and place for the package geotiff', async () => {
    const bytes = encodeGeoTiff(map, { ...size, georeference });
    const image = await (await fromArrayBuffer(bytes.slice().buffer)).getImage();
    const rasters = await image.readRasters({ interleave: true });
    assert.deepEqual([...rasters], [...map]);
    assert.deepEqual(image.getOrigin().slice(0, 2), [399960, 5200020]);
    assert.deepEqual(image.getResolution().slice(0, 2), [10, -10]);
    assert.equal(image.getGeoKeys()?.ProjectedCSTypeGeoKey, 32635);
  });

  it('keeps values and place for landlens, and has no place where there is none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'landlens-map-'));
    try {
      const path = join(folder, 'map.tif');
      await writeFile(path, encodeGeoTiff(map, { ...size, georeference }));
      const read = await readGeoTiff(path, size);
      assert.deepEqual(read.pixels, map);
      assert.deepEqual(read.georeference, georeference);
      await writeFile(path, encodeGeoTiff(map, size));
      assert.equal((await readGeoTiff(path, size)).georeference, undefined);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('refuses a map of another size', () => {
    assert.throws(() => encodeGeoTiff(map, { height: 3, width: 3 }), { name: 'InputError' });
  });
});
