/** A written map is what other readers of GeoTIFF read. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromArrayBuffer } from 'geotiff';
import { describe, it } from 'mocha';
import { openGeoTiff, readGeoTiff } from '../../../lib/src/dataset/raster/geoTiff.js';
import { createGeoTiff, encodeGeoTiff } from '../../../lib/src/dataset/raster/geoTiffWriter.js';

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

  it('names bands, strange characters included', async () => {
    const bandNames = ['Beaches, dunes, sands / <LIME> & "more"', '', 'Wälder'];
    const values = Float32Array.of(1, 2, 3);
    const bytes = encodeGeoTiff(values, { bands: 3, height: 1, width: 1, bandNames });
    const folder = await mkdtemp(join(tmpdir(), 'landlens-map-'));
    try {
      const path = join(folder, 'map.tif');
      await writeFile(path, bytes);
      const file = await openGeoTiff(path);
      assert.deepEqual(file.bandNames, bandNames);
      await file.close();
    } finally {
      await rm(folder, { recursive: true });
    }
    const image = await (await fromArrayBuffer(bytes.slice().buffer)).getImage();
    const described = await Promise.all([0, 2].map((sample) => image.getGDALMetadata(sample)));
    assert.match(JSON.stringify(described), /DESCRIPTION.*Wälder/);
    assert.throws(() => encodeGeoTiff(values, { bands: 3, height: 1, width: 1, bandNames: ['a'] }), {
      name: 'InputError',
    });
  });

  it('written from top to bottom is the same file, and no file before its end', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'landlens-map-'));
    try {
      const options = { bands: 2, height: 5, width: 3, georeference, bandNames: ['a', 'b'] };
      const values = Float32Array.from({ length: 30 }, (_, i) => i);
      const part = (from: number, to: number) =>
        Float32Array.from([
          ...values.subarray(3 * from, 3 * to),
          ...values.subarray(15 + 3 * from, 15 + 3 * to),
        ]);
      const path = join(folder, 'deep/map.tif');
      const sink = await createGeoTiff(path, options);
      await sink.write(part(0, 2));
      await assert.rejects(sink.write(part(0, 4)), { name: 'InputError' });
      await assert.rejects(sink.commit(), { name: 'InputError', message: /expected 5, got 2/ });
      assert.ok(!(await readdir(join(folder, 'deep'))).includes('map.tif'));
      await sink.write(part(2, 5));
      await sink.commit();
      assert.deepEqual(new Uint8Array(await readFile(path)), encodeGeoTiff(values, options));
      const abandoned = await createGeoTiff(join(folder, 'deep/none.tif'), options);
      await abandoned.write(part(0, 2));
      await abandoned.discard();
      assert.deepEqual(await readdir(join(folder, 'deep')), ['map.tif']);
      await assert.rejects(createGeoTiff(path, { bands: 20, height: 10980, width: 10980 }), {
        name: 'InputError',
        message: /4 GiB/,
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('refuses a map of another size', () => {
    assert.throws(() => encodeGeoTiff(map, { height: 3, width: 3 }), { name: 'InputError' });
  });
});
