/**
 * How much faster a packed data set is read than its GeoTIFFs, on real patches.
 *
 *   LANDLENS_SHARED=<folder> node --import tsx bench/packed.ts [repeats]
 *
 * The files are in the page cache: what is compared is the work of opening, unpacking and decoding.
 */
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openDataset, openForPacking } from '../lib/src/dataset/openDataset.js';
import { packDataset } from '../lib/src/dataset/packed/pack.js';
import { openPacked } from '../lib/src/dataset/packed.js';
import type { Dataset } from '../lib/src/dataset/patch.js';
import { readWholeGeoTiff } from '../lib/src/dataset/raster/geoTiff.js';
import { writeGeoTiff } from '../lib/src/dataset/raster/geoTiffWriter.js';
import { readAhead } from '../lib/src/dataset/readAhead.js';

const repeats = Number(process.argv[2] ?? 10);

/** Patches a second, the best of five. */
async function speed(dataset: Dataset): Promise<number> {
  const count = dataset.count('test');
  const indices = Array.from({ length: repeats * count }, (_, i) => (i * 7) % count);
  let best = 0;
  for (let round = 0; round < 5; round++) {
    const since = performance.now();
    for await (const patch of readAhead((index) => dataset.read('test', index), indices))
      patch.image.data.at(-1);
    best = Math.max(best, (1000 * indices.length) / (performance.now() - since));
  }
  return best;
}

async function compare(kind: 'bigearthnet' | 'sen12ms', folder: string, out: string): Promise<void> {
  const { dataset, factors } = await openForPacking({ kind, folder });
  const since = performance.now();
  const { bytes, patches } = await packDataset(dataset, out, { ...(factors && { factors }) });
  const packing = (1000 * patches) / (performance.now() - since);
  const original = await speed(await openDataset({ kind, folder }));
  const packed = await speed(await openPacked(out));
  console.log(
    `${dataset.name}: ${original.toFixed(0)} patches/s from GeoTIFFs, ${packed.toFixed(0)} packed (${(packed / original).toFixed(1)} x); ` +
      `${(bytes / patches / 1024).toFixed(0)} KiB a patch; packing ${packing.toFixed(0)} patches/s`,
  );
}

const shared = resolve(process.env.LANDLENS_SHARED ?? '../shared', 'realdata');
if (!existsSync(shared)) throw new Error('the folder of real data is missing: set LANDLENS_SHARED');
const folder = await mkdtemp(join(tmpdir(), 'landlens-bench-'));
try {
  const v1 = join(folder, 'v1');
  for (const name of await readdir(join(shared, 'BigEarthNet-v1.0'))) {
    const source = join(shared, 'BigEarthNet-v1.0', name);
    if ((await stat(source)).isDirectory()) await cp(source, join(v1, name), { recursive: true });
  }
  await compare('bigearthnet', v1, join(folder, 'v1-packed'));
  const sen12ms = join(folder, 'sen12ms');
  for (const [season, scene, patch] of [
    ['ROIs1970_fall', 139, 839],
    ['ROIs1158_spring', 15, 30],
  ] as const) {
    const source = join(shared, 'SEN12MS-CR', `${season}_s2_${scene}_p${patch}.tif`);
    const path = (which: string): string =>
      join(sen12ms, season, `${which}_${scene}`, `${season}_${which}_${scene}_p${patch}.tif`);
    await mkdir(join(sen12ms, season, `s2_${scene}`), { recursive: true });
    await copyFile(source, path('s2'));
    const { georeference, width, height } = await readWholeGeoTiff(source);
    // No land cover comes with these images: forest and fields are made up.
    const codes = Float32Array.from({ length: width * height }, (_, i) => (i % width < 100 ? 12 : 5));
    await writeGeoTiff(path('lc'), codes, { width, height, ...(georeference && { georeference }) });
  }
  await compare('sen12ms', sen12ms, join(folder, 'sen12ms-packed'));
} finally {
  await rm(folder, { recursive: true });
}
