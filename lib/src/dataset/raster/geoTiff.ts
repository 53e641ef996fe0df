/** Reading a GeoTIFF, whole or in parts, from a file or over HTTP: only the strips or tiles that hold what is asked for. */
import { type Fail, failAt, InputError, messageOf } from '../../error.js';
import { openRegularFile, readBoundedFile } from '../../io/boundedFile.js';
import { type ByteSource, bytesInMemory, isUrl } from '../../io/byteSource.js';
import { openHttpFile } from '../../io/httpFile.js';
import { type Georeference, maximumValues } from '../patch.js';
import { factsOf } from './geoTiffFacts.js';
import { readTiffDirectory } from './tiffDirectory.js';
import {
  blockBytes,
  blocksIn,
  copyBlock,
  decodeBlock,
  layoutOf,
  type PixelWindow,
  requireInside,
  type Samples,
  splitStrips,
} from './tiffLayout.js';

export interface GeoTiff {
  /** [samples, height, width]. */
  readonly pixels: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  /** Name of each band, if the file gives any (GDAL's band descriptions); '' for a band without. */
  readonly bandNames?: readonly string[];
  /** Absent if the file has no pixel scale and tie point. */
  readonly georeference?: Georeference;
}

export interface OpenGeoTiff extends Omit<GeoTiff, 'pixels'> {
  /**
   * The pixels of a part [bands.length, window.height, window.width].
   * @param bands positions of the bands wanted, from 0; default: all
   * @throws InputError if the part lies outside the image or holds more than 64 Mi values, or a block is damaged
   */
  read(window: PixelWindow, bands?: readonly number[]): Promise<Float32Array>;
  /** Sizes of the overviews in the file, the same image coarser; none of them is ever read. */
  overviews(): Promise<readonly { readonly width: number; readonly height: number }[]>;
  close(): Promise<void>;
}

export interface OpenGeoTiffOptions {
  /** Unpacked blocks are kept up to so many bytes, since neighbouring windows share them; default: 64 MiB. */
  readonly cacheBytes?: number;
}

/** A larger strip or tile is refused: a file of one strip cannot be read in parts. */
const maximumBlockBytes = 256 * 2 ** 20;

/** Blocks are fetched several at a time as long as together they take no more than this. */
const fetchedTogether = 16 * 2 ** 20;

/**
 * Opens a GeoTIFF or BigTIFF of any size: strips or tiles; uncompressed, LZW, Deflate, PackBits or Zstandard. Nothing of
 * its pixels is read yet. Of a file on the web, such as a Cloud Optimized GeoTIFF, only the bytes needed are fetched.
 * @param path a file, or an address that begins with http:// or https://
 * @throws InputError naming the file, if it is missing, damaged or of an unsupported kind
 * @example
 * const file = await openGeoTiff('https://example.org/scene.tif');
 * const pixels = await file.read({ column: 0, row: 0, width: 120, height: 120 });
 */
export async function openGeoTiff(
  path: string,
  { cacheBytes = 64 * 2 ** 20 }: OpenGeoTiffOptions = {},
): Promise<OpenGeoTiff> {
  const todo = 'Name a GeoTIFF; gdal_translate makes one of most formats.';
  const source = await (isUrl(path) ? openHttpFile : openRegularFile)(path, { todo });
  return openSource(source, { path, todo, cacheBytes, maximumBlockBytes }, (_, count, fail) => {
    if (count <= 0) throw fail('an image without pixels');
  });
}

export interface GeoTiffOptions {
  readonly width: number;
  readonly height: number;
  readonly samples?: number;
  /** A larger file is refused unread; default: 4 MiB. */
  readonly maximumBytes?: number;
  /** What the user can do about a damaged file. */
  readonly todo?: string;
}

/**
 * Reads a GeoTIFF whose size the caller knows.
 *
 * Everything that the file claims about itself is checked before a pixel is unpacked, and unpacking stops at the size
 * of a strip or tile, so that a damaged or hostile file costs neither memory nor time.
 * @throws InputError naming the file, if it is missing, damaged, of another size or of an unsupported kind
 */
export async function readGeoTiff(path: string, options: GeoTiffOptions): Promise<GeoTiff> {
  const { width, height, samples = 1, maximumBytes = 4 * 2 ** 20 } = options;
  const { todo = 'Fetch the file again from where the data came from.' } = options;
  const expected = sizeText({ width, height, samples });
  return readWhole(path, maximumBytes, todo, (size, _, fail) => {
    if (sizeText(size) !== expected) throw fail('image of the wrong size', expected, sizeText(size));
  });
}

/**
 * Reads a GeoTIFF whose size only the file knows, up to 64 Mi values (12 bands of 2300 x 2300 pixels).
 * @throws InputError naming the file, if it is missing, damaged, too large or of an unsupported kind
 */
export async function readWholeGeoTiff(path: string): Promise<GeoTiff> {
  const todo = 'Name a GeoTIFF, or cut a smaller part out of it, for example with gdal_translate -srcwin.';
  return readWhole(path, 8 * maximumValues, todo, (size, count, fail) => {
    if (count > 0 && count <= maximumValues) return;
    throw fail('image of an impossible or unbearable size', `1 to ${maximumValues} values`, sizeText(size));
  });
}

type Size = Pick<GeoTiff, 'width' | 'height' | 'samples'>;

const sizeText = ({ width, height, samples }: Size): string =>
  `${width} x ${height} pixels of ${samples} sample(s)`;

/** Refuses an image, by its size and number of values, before anything else of it is looked at. */
type RequireSize = (size: Size, count: number, fail: Fail) => void;

async function readWhole(
  path: string,
  maximumBytes: number,
  todo: string,
  requireSize: RequireSize,
): Promise<GeoTiff> {
  const source = bytesInMemory(await readBoundedFile(path, { maximumBytes, todo }));
  const limits = { cacheBytes: 0, maximumBlockBytes: 8 * maximumValues };
  const file = await openSource(source, { path, todo, ...limits }, requireSize);
  const { read, overviews, close, ...facts } = file;
  const { width, height } = facts;
  return { ...facts, pixels: await read({ column: 0, row: 0, width, height }) };
}

interface SourceOptions {
  readonly path: string;
  readonly todo: string;
  readonly cacheBytes: number;
  readonly maximumBlockBytes: number;
}

async function openSource(
  source: ByteSource,
  { path, todo, cacheBytes, maximumBlockBytes }: SourceOptions,
  requireSize: RequireSize,
): Promise<OpenGeoTiff> {
  const fail = failAt(path, todo);
  try {
    const directory = await readTiffDirectory(source, fail);
    const [width = 0] = directory.values('imageWidth');
    const [height = 0] = directory.values('imageLength');
    const [samples = 1] = directory.values('samplesPerPixel');
    const size = { width, height, samples };
    requireSize(size, width * height * samples, fail);
    const layout = splitStrips(layoutOf(directory, size, source.size, fail));
    if (blockBytes(layout) > maximumBlockBytes) {
      const tooLarge = failAt(path, 'Store it in tiles: gdal_translate -co TILED=YES.');
      const expected = `at most ${maximumBlockBytes} bytes each`;
      throw tooLarge('strips or tiles too large to be read in parts', expected, `${blockBytes(layout)}`);
    }
    const blocks = keepBlocks(
      async (block) =>
        decodeBlock(await source.read(layout.offsets[block], layout.byteCounts[block]), layout),
      cacheBytes,
    );
    const together = Math.max(1, Math.min(8, Math.floor(fetchedTogether / blockBytes(layout))));
    return {
      ...{ ...size, ...factsOf(directory, samples, fail) },
      overviews: directory.overviews,
      close: source.close,
      async read(window, bands = Array.from({ length: samples }, (_, sample) => sample)) {
        requireInside(window, size, path);
        const wrong = bands.find((band) => !(Number.isInteger(band) && band >= 0 && band < samples));
        if (wrong !== undefined)
          throw failAt(path)('no such band', `positions from 0 to ${samples - 1}`, `${wrong}`);
        const count = bands.length * window.height * window.width;
        if (count > maximumValues) {
          const tooLarge = failAt(path, 'Read it in smaller parts.');
          const got = sizeText({ ...window, samples: bands.length });
          throw tooLarge('the part is too large', `at most ${maximumValues} values`, got);
        }
        const pixels = new Float32Array(count);
        try {
          const needed = blocksIn(layout, window, bands);
          for (let i = 0; i < needed.length; i += together) {
            const part = needed.slice(i, i + together);
            const decoded = await Promise.all(part.map(blocks));
            for (const [k, block] of part.entries())
              copyBlock(block, decoded[k], layout, window, bands, pixels);
          }
        } catch (thrown) {
          if (thrown instanceof InputError) throw thrown;
          throw fail(`pixels that cannot be decoded: ${messageOf(thrown)}`);
        }
        return pixels;
      },
    };
  } catch (thrown) {
    await source.close();
    throw thrown;
  }
}

/** The blocks used last, up to `cacheBytes`; at least one is kept. */
function keepBlocks(
  decode: (block: number) => Promise<Samples>,
  cacheBytes: number,
): (block: number) => Promise<Samples> {
  // A Map keeps the order of insertion: the first entry is the one that was used longest ago.
  const cache = new Map<number, Samples>();
  let cached = 0;
  return async (block) => {
    const known = cache.get(block);
    if (known !== undefined) {
      cache.delete(block);
      cache.set(block, known);
      return known;
    }
    const data = await decode(block);
    if (!cache.has(block)) cached += data.byteLength;
    cache.set(block, data);
    for (const [oldest, { byteLength }] of cache) {
      if (cached <= cacheBytes || cache.size === 1) break;
      cache.delete(oldest);
      cached -= byteLength;
    }
    return data;
  };
}
