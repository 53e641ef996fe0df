/** Made-up patches in the folders of BigEarthNet v2. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bandResolution, sentinel2Bands } from '../../lib/src/dataset/patch.js';
import { writeTiff } from './tiff.js';

export const tile = 'S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP';
export const patchAt = (place: string): string => `${tile}_${place}`;

/** Writes the 12 bands of a patch: 1000 k + i mod 997 at pixel i of band k, at the band's own resolution. */
export async function writePatch(folder: string, place: string): Promise<void> {
  const stem = join(folder, 'BigEarthNet-S2', tile, patchAt(place), patchAt(place));
  await mkdir(dirname(stem), { recursive: true });
  for (const [index, band] of sentinel2Bands.entries()) {
    const side = 1200 / bandResolution[band];
    const value = (i: number): number => 1000 * index + (i % 997);
    await writeFile(`${stem}_${band}.tif`, writeTiff({ width: side, height: side, value }));
  }
}
