/**
 * Memory of explaining a whole scene, by its height: 12 bands, 1000 pixels wide, tiles of 120.
 *
 *   node --import tsx bench/wholeScene.ts [height]
 *
 * Without a height it measures several, each in a process of its own. The "network" is arithmetic, so that what is
 * measured is reading, blending and writing.
 */

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createExplain } from 'landlens/attribution/attribution';
import { explainLargeImage } from '../lib/src/attribution/explainLargeImage.js';
import { sentinel2Bands } from '../lib/src/dataset/patch.js';
import { createGeoTiff } from '../lib/src/dataset/raster/geoTiffWriter.js';
import { openLargeImage } from '../lib/src/dataset/raster/largeImage.js';
import { tensor } from '../lib/src/tensor.js';

const width = 1000;
const size = 120;

async function explain(height: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'landlens-bench-'));
  try {
    const source = join(folder, 'scene.tif');
    const sink = await createGeoTiff(source, { bands: 12, height, width, bandNames: sentinel2Bands });
    const rows = Float32Array.from({ length: 12 * 10 * width }, (_, i) => (i * 31) % 4000);
    for (let row = 0; row < height; row += 10) await sink.write(rows);
    await sink.commit();
    const image = await openLargeImage(source);
    const since = performance.now();
    const { tiles } = await explainLargeImage(
      image,
      {
        bands: sentinel2Bands,
        classes: ['A'],
        size: [size, size],
        prepare: ({ image: { data } }) => tensor(data, [1, 12, size, size]),
        score: async () => tensor(Float32Array.of(0.5), [1, 1]),
      },
      join(folder, 'map.tif'),
      {
        targets: [0],
        methods: [
          {
            ...{ id: 'input', name: 'Input', reduction: 'sum' },
            explain: createExplain({ method: 'Input' }, async (values) => ({ values })),
          },
        ],
      },
    );
    await image.close();
    const seconds = (performance.now() - since) / 1000;
    const megabytes = (12 * 4 * width * height) / 1e6;
    console.log(
      `${width} x ${height} pixels (${megabytes.toFixed(0)} MB), ${tiles} tiles: ${seconds.toFixed(1)} s, peak ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

const [, , height] = process.argv;
if (height !== undefined) await explain(Number(height));
else {
  for (const each of [500, 2000, 8000, 16000]) {
    spawnSync(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url), `${each}`], {
      stdio: 'inherit',
    });
  }
}
