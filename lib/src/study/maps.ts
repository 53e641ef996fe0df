/** The folder of relevance maps: raw 32-bit floats, little-endian, row-major, one file per image and method. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, messageOf } from '../error.js';
import { writeFileAtomic } from '../file.js';
import { safeFileName } from './fileName.js';

function mapPath(folder: string, image: string, method: string): string {
  return join(folder, 'maps', safeFileName(image), `${safeFileName(method)}.f32`);
}

/** Whether the map is there in full. */
export async function hasMap(
  folder: string,
  image: string,
  method: string,
  pixels: number,
): Promise<boolean> {
  const found = await stat(mapPath(folder, image, method)).catch(() => undefined);
  return found?.isFile() === true && found.size === 4 * pixels;
}

export async function writeMap(
  folder: string,
  image: string,
  method: string,
  map: Float32Array,
): Promise<void> {
  const bytes = new Uint8Array(map.buffer, map.byteOffset, map.byteLength);
  await writeFileAtomic(mapPath(folder, image, method), bytes);
}

export async function readMap(
  folder: string,
  image: string,
  method: string,
  pixels: number,
): Promise<Float32Array> {
  const path = mapPath(folder, image, method);
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (thrown) {
    throw new InputError({ what: `could not be read: ${messageOf(thrown)}`, where: path });
  }
  if (bytes.length !== 4 * pixels) {
    throw new InputError({
      what: 'the map has the wrong size',
      where: path,
      expected: `${4 * pixels} bytes`,
      got: `${bytes.length}`,
      todo: 'Delete the file and run the study again.',
    });
  }
  return Float32Array.from({ length: pixels }, (_, i) => bytes.readFloatLE(4 * i));
}
