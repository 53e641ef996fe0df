/** A network that PyTorch exported, described beside its file, explains a user's GeoTIFF. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { bindMethods } from '../../lib/src/attribution/explain.js';
import { sentinel2Bands } from '../../lib/src/dataset/patch.js';
import { readGeoTiffPatch } from '../../lib/src/dataset/raster/geoTiffPatch.js';
import { writeGeoTiff } from '../../lib/src/dataset/raster/geoTiffWriter.js';
import { scenes } from '../../lib/src/dataset/scenes.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { openClassifier } from '../../lib/src/model/classifierFile.js';
import { writeSample } from '../../lib/src/notebook/findImage.js';

const exported = resolve(import.meta.dirname, '../fixtures/onnx/plain-captured-20-one.onnx');

describe('an own network and image', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landlens-own-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('work together, the network described by a JSON file beside it', async () => {
    const model = join(folder, 'plain.onnx');
    await copyFile(exported, model);
    const bands = ['B04', 'B03', 'B02'];
    const normalisation = { mean: [590, 614, 430], deviation: [676, 583, 572] };
    const classes = ['a', 'b', 'c', 'd', 'e'];
    await writeFile(
      join(folder, 'plain.json'),
      JSON.stringify({ name: 'plain', bands, classes, normalisation }),
    );
    const image = join(folder, 'image.tif');
    const georeference = { epsg: 32635, left: 500000, top: 4000000, pixelSize: [10, 10] as const };
    const values = Float32Array.from({ length: 12 * 20 * 16 }, (_, i) => (i * 37) % 3000);
    await writeGeoTiff(image, values, { bands: 12, height: 20, width: 16, georeference });
    const engine = createEngine();
    try {
      const classifier = await openClassifier(model, { engine });
      const [height, width] = classifier.size;
      assert.deepEqual([height, width], [11, 11]);
      const patch = await readGeoTiffPatch(image, {
        bands: sentinel2Bands,
        select: classifier.bands,
        window: { column: 5, row: 9, width, height },
      });
      const { data } = await classifier.score(classifier.prepare(patch));
      assert.equal(data.length, 5);
      const [method] = bindMethods(classifier, ['integrated-gradients']);
      const { completenessGap } = await method.explain(classifier.prepare(patch), [2]);
      assert.ok(Math.abs(completenessGap?.[0] ?? 1) < 0.1, `${completenessGap}`);
      assert.throws(() => bindMethods(classifier, ['no-such']), {
        name: 'InputError',
        message: /no such method.*"no-such"/,
      });
    } finally {
      await engine.dispose();
    }
  });

  it('has a sample with all bands, at a place that is said to be made up', async () => {
    const data = scenes();
    const path = join(folder, 'sample.tif');
    const sample = await writeSample(data, path);
    assert.equal(sample.isPlaceInvented, true);
    assert.match(sample.origin, /rendered scene, not real imagery at a made-up place/);
    const { image, georeference } = await readGeoTiffPatch(path);
    const index = Number(/test-(\d+)/.exec(sample.origin)?.[1]);
    const patch = await data.read('test', index);
    assert.ok(patch.labels.length >= 3);
    assert.deepEqual(image, patch.image);
    assert.equal(georeference?.epsg, 32633);
  });
});
