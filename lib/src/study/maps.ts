/** The folder of relevance maps: one GeoTIFF per image and method, lying on Earth where the image lies. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Patch } from '../dataset/patch.js';
import { readGeoTiff } from '../dataset/raster/geoTiff.js';
import { encodeGeoTiff } from '../dataset/raster/geoTiffWriter.js';
import { failAt } from '../error.js';
import { writeFileAtomic } from '../io/file.js';
import { safeFileName } from '../io/fileName.js';

type MappedPatch = Pick<Patch, 'name' | 'image' | 'georeference'>;

function mapPath(folder: string, image: string, method: string): string {
  return join(folder, 'maps', safeFileName(image), `${safeFileName(method)}.tif`);
}

/** The first 16 hexadecimal digits of the SHA-256 of the values as little-endian float32. */
export function mapChecksum(map: Float32Array): string {
  const bytes = new DataView(new ArrayBuffer(4 * map.length));
  for (const [i, value] of map.entries()) bytes.setFloat32(4 * i, value, true);
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/**
 * Whether the map is there in full.
 * @param checksum of the map that was recorded
 * @throws InputError where its values are others
 */
export async function hasMap(
  folder: string,
  patch: MappedPatch,
  method: string,
  checksum: string | undefined,
): Promise<boolean> {
  const map = await readMap(folder, patch, method).catch(() => undefined);
  if (map === undefined) return false;
  requireRecorded(map, checksum, mapPath(folder, patch.name, method));
  return true;
}

function requireRecorded(map: Float32Array, checksum: string | undefined, where: string): void {
  const got = mapChecksum(map);
  if (got === checksum) return;
  throw failAt(where, 'Delete the file and rerun the command, which then computes it anew.')(
    'not the map that was recorded: its values have changed',
    `values with checksum ${checksum ?? 'unknown'}`,
    got,
  );
}

/** @param map [height x width] */
export async function writeMap(
  folder: string,
  { name, image, georeference }: MappedPatch,
  method: string,
  map: Float32Array,
): Promise<void> {
  const [, height, width] = image.shape;
  const options = { height, width, georeference, bandNames: [method] };
  await writeFileAtomic(mapPath(folder, name, method), encodeGeoTiff(map, options));
}

/** InputError where the map is not there in full, or its values are others than those that `record` is of. */
export async function readMap(
  folder: string,
  { name, image }: MappedPatch,
  method: string,
  record?: { readonly map?: string },
): Promise<Float32Array> {
  const [, height, width] = image.shape;
  const path = mapPath(folder, name, method);
  const todo = 'Delete the file and run the study again.';
  const { pixels } = await readGeoTiff(path, { width, height, todo });
  if (record !== undefined) requireRecorded(pixels, record.map, path);
  return pixels;
}
