/** The folder of relevance maps: one GeoTIFF per image and method, lying on Earth where the image lies. */
import { join } from 'node:path';
import { readGeoTiff } from '../dataset/geoTiff.js';
import { encodeGeoTiff } from '../dataset/geoTiffWriter.js';
import type { Patch } from '../dataset/patch.js';
import { writeFileAtomic } from '../file.js';
import { safeFileName } from './fileName.js';

type MappedPatch = Pick<Patch, 'name' | 'image' | 'georeference'>;

function mapPath(folder: string, image: string, method: string): string {
  return join(folder, 'maps', safeFileName(image), `${safeFileName(method)}.tif`);
}

/** Whether the map is there in full. */
export async function hasMap(folder: string, patch: MappedPatch, method: string): Promise<boolean> {
  return readMap(folder, patch, method).then(
    () => true,
    () => false,
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

export async function readMap(
  folder: string,
  { name, image }: MappedPatch,
  method: string,
): Promise<Float32Array> {
  const [, height, width] = image.shape;
  const todo = 'Delete the file and run the study again.';
  return (await readGeoTiff(mapPath(folder, name, method), { width, height, todo })).pixels;
}
