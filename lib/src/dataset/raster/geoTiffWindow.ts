/** Reading parts of a GeoTIFF that is too large for memory: only the strips or tiles that hold them. */

import { InputError, messageOf } from '../../error.js';
import { type OpenedFile, openRegularFile, readRange } from '../../io/boundedFile.js';
import { maximumValues } from '../patch.js';
import { factsOf, type GeoTiff } from './geoTiff.js';
import { readTiffDirectory } from './tiffDirectory.js';
import {
  blockBytes,
  blocksIn,
  copyBlock,
  decodeBlock,
  layoutOf,
  type PixelWindow,
  requireInside,
  splitStrips,
} from './tiffLayout.js';

export interface OpenGeoTiff extends Omit<GeoTiff, 'pixels'> {
  /**
   * The pixels of a part [samples, window.height, window.width].
   * @throws InputError where the part lies outside the image or holds more than 64 Mi values, or a block is damaged
   */
  read(window: PixelWindow): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface OpenGeoTiffOptions {
  /** Unpacked blocks are kept up to so many bytes, since neighbouring windows share them; 64 MiB unless told. */
  readonly cacheBytes?: number;
}

/** A larger strip or tile is refused: a file of one strip cannot be read in parts. */
const maximumBlockBytes = 256 * 2 ** 20;

/**
 * Opens a GeoTIFF of any size (strips or tiles; uncompressed, LZW or Deflate). Nothing of its pixels is read yet.
 * @throws InputError naming the file, where it is missing, damaged or of an unsupported kind
 */
export async function openGeoTiff(
  path: string,
  { cacheBytes = 64 * 2 ** 20 }: OpenGeoTiffOptions = {},
): Promise<OpenGeoTiff> {
  const todo = 'Name a GeoTIFF; gdal_translate makes one of most formats.';
  const file = await openRegularFile(path, { todo });
  try {
    return await readHead(file, path, cacheBytes, todo);
  } catch (thrown) {
    await file.handle.close();
    if (thrown instanceof InputError) throw thrown;
    throw new InputError({ what: `the file cannot be read: ${messageOf(thrown)}`, where: path, todo });
  }
}

async function readHead(
  file: OpenedFile,
  path: string,
  cacheBytes: number,
  todo: string,
): Promise<OpenGeoTiff> {
  const { handle, size: fileSize } = file;
  const readBytes = (offset: number, length: number): Promise<Uint8Array> =>
    readRange(file, { offset, length, where: path, todo });
  const directory = await readTiffDirectory({ size: fileSize, read: readBytes }, path, todo);
  const [width = 0] = directory.values('imageWidth');
  const [height = 0] = directory.values('imageLength');
  const [samples = 1] = directory.values('samplesPerPixel');
  if (width === 0 || height === 0 || samples === 0) {
    throw new InputError({ what: 'an image without pixels', where: path, todo });
  }
  const layout = splitStrips(layoutOf(directory, { path, width, height, samples, fileSize, todo }));
  if (blockBytes(layout) > maximumBlockBytes) {
    throw new InputError({
      what: 'strips or tiles too large to be read in parts',
      where: path,
      expected: `at most ${maximumBlockBytes} bytes each`,
      got: `${blockBytes(layout)}`,
      todo: 'Store it in tiles: gdal_translate -co TILED=YES.',
    });
  }
  // A Map keeps the order of insertion: the first entry is the one that was used longest ago.
  const cache = new Map<number, ReturnType<typeof decodeBlock>>();
  let cached = 0;
  const blockAt = async (block: number): Promise<ReturnType<typeof decodeBlock>> => {
    const known = cache.get(block);
    if (known !== undefined) {
      cache.delete(block);
      cache.set(block, known);
      return known;
    }
    const stored = await readBytes(layout.offsets[block], layout.byteCounts[block]);
    const data = decodeBlock(stored, layout);
    cache.set(block, data);
    cached += data.byteLength;
    for (const [oldest, { byteLength }] of cache) {
      if (cached <= cacheBytes || cache.size === 1) break;
      cache.delete(oldest);
      cached -= byteLength;
    }
    return data;
  };
  return {
    width,
    height,
    samples,
    ...factsOf(directory, path, samples, todo),
    async read(window) {
      requireInside(window, { width, height }, path);
      const count = samples * window.height * window.width;
      if (count > maximumValues) {
        throw new InputError({
          what: 'the part is too large',
          where: path,
          expected: `at most ${maximumValues} values`,
          got: `${window.width} x ${window.height} pixels of ${samples} sample(s)`,
          todo: 'Read it in smaller parts.',
        });
      }
      const pixels = new Float32Array(count);
      for (const block of blocksIn(layout, window)) {
        try {
          copyBlock(block, await blockAt(block), layout, window, pixels);
        } catch (thrown) {
          if (thrown instanceof InputError) throw thrown;
          throw new InputError({
            what: `pixels that cannot be decoded: ${messageOf(thrown)}`,
            where: path,
            todo,
          });
        }
      }
      return pixels;
    },
    close: () => handle.close(),
  };
}
