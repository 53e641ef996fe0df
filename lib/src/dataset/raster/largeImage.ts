/** An image larger than memory or a network's input, read in parts: one GeoTIFF, or a folder of one GeoTIFF per band. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { failAt, messageOf } from '../../error.js';
import { isUrl } from '../../io/byteSource.js';
import { type Tensor, zeros } from '../../tensor.js';
import { type Georeference, type Patch, sentinel2Bands } from '../patch.js';
import { type BandChoice, chooseBands } from './chooseBands.js';
import { type OpenGeoTiff, openGeoTiff } from './geoTiff.js';
import { cornerOf } from './geoTiffFacts.js';
import { type Resampling, upsample } from './resample.js';
import { type PixelWindow, requireInside } from './tiffLayout.js';

export interface LargeImageOptions extends BandChoice {
  /** The bands wanted, in this order; default: all of a file, the 12 of Sentinel-2 L2A of a folder. */
  readonly select?: readonly string[];
  /** Pixel values are multiplied by this to become reflectance x 10,000: 10,000 for a file of reflectances. */
  readonly scale?: number;
  /** Added after that: -1000 for Level-2A digital numbers of 2022 and later (processing baseline 04.00). */
  readonly offset?: number;
  /** How coarser bands of a folder are brought to the finest grid; default: bilinear. */
  readonly resampling?: Resampling;
}

export interface LargeImage {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly bands: readonly string[];
  readonly georeference?: Georeference;
  /** A part as a patch without labels; InputError if it lies outside, or a file is damaged. */
  read(window: PixelWindow): Promise<Patch>;
  close(): Promise<void>;
}

/**
 * Opens a GeoTIFF with all bands, or a folder that holds a GeoTIFF per band, named like B02.tif or anything_B02.tif.
 * @param path a file or folder, or the address of a file on the web, of which only the parts read are fetched
 * @throws InputError if a file is missing or damaged, bands have no names, or the bands of a folder do not cover the
 *   same ground
 */
export async function openLargeImage(path: string, options: LargeImageOptions = {}): Promise<LargeImage> {
  const fail = failAt(path, 'Name a GeoTIFF.');
  if (isUrl(path)) return openImageFile(path, options);
  const status = await stat(path).catch((thrown) => {
    throw fail(`cannot be opened: ${messageOf(thrown)}`);
  });
  return status.isDirectory() ? openBandFolder(path, options) : openImageFile(path, options);
}

/** Opens a GeoTIFF with all bands. */
export async function openImageFile(
  path: string,
  { scale = 1, offset = 0, ...choice }: LargeImageOptions,
): Promise<LargeImage> {
  const file = await openGeoTiff(path);
  try {
    const { select, samples } = chooseBands(file, choice, path);
    return imageOf(path, file, select, async (window) => ({
      data: scaled(await file.read(window, samples), scale, offset),
      shape: [samples.length, window.height, window.width],
    }));
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

async function openBandFolder(folder: string, options: LargeImageOptions): Promise<LargeImage> {
  const { select = sentinel2Bands, scale = 1, offset = 0, resampling = 'bilinear' } = options;
  const entries = (await readdir(folder)).sort();
  const paths = select.map((band) =>
    entries.find((entry) => new RegExp(`(^|_)${escapePattern(band)}\\.tiff?$`, 'i').test(entry)),
  );
  const missing = select.filter((_, i) => paths[i] === undefined);
  if (missing.length > 0) {
    const fail = failAt(folder, 'Name an image with these bands.');
    throw fail(`bands are missing: ${missing.join(' ')}`, undefined, entries.slice(0, 20).join(' '));
  }
  const files: OpenGeoTiff[] = [];
  const close = async (): Promise<void> => {
    for (const file of files) await file.close();
  };
  try {
    for (const entry of paths) if (entry !== undefined) files.push(await openGeoTiff(join(folder, entry)));
    const width = Math.max(...files.map((file) => file.width));
    const height = Math.max(...files.map((file) => file.height));
    const georeference = files.find((file) => file.width === width)?.georeference;
    const finest = { width, height, close, ...(georeference && { georeference }) };
    const factors = files.map((file, i) => factorOf(file, finest, join(folder, paths[i] ?? '')));
    return imageOf(folder, finest, select, async (window) => {
      requireInside(window, finest, folder);
      const area = window.width * window.height;
      const image = zeros([select.length, window.height, window.width]);
      for (const [band, file] of files.entries()) {
        const pixels = await readFine(file, factors[band], window, resampling);
        image.data.set(scaled(pixels, scale, offset), band * area);
      }
      return image;
    });
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** How many times coarser the band is than the finest; InputError if that is no whole number, or it lies elsewhere. */
function factorOf(
  file: OpenGeoTiff,
  { width, height, georeference: reference }: Pick<LargeImage, 'width' | 'height' | 'georeference'>,
  path: string,
): number {
  const factor = width / file.width;
  const place = file.georeference;
  const isNear =
    place === undefined ||
    reference === undefined ||
    (place.epsg === reference.epsg &&
      Math.abs(place.left - reference.left) <= reference.pixelSize[0] / 2 &&
      Math.abs(place.top - reference.top) <= reference.pixelSize[1] / 2 &&
      Math.abs(place.pixelSize[0] - factor * reference.pixelSize[0]) <= 1e-6 * place.pixelSize[0]);
  if (Number.isInteger(factor) && file.height * factor === height && file.samples === 1 && isNear)
    return factor;
  throw failAt(path)(
    'the band does not cover the ground of the others',
    `one band, ${width} x ${height} pixels or these divided by a whole number, the same corner`,
    `${file.samples} band(s), ${file.width} x ${file.height} pixels${place ? ` at [${place.left}, ${place.top}]` : ''}`,
  );
}

/** Coarse pixels around the window that interpolation looks at: bicubic takes two to each side. */
const margin = 2;

/** The part of the band on the finest grid, equal to that part of the whole band upsampled. */
async function readFine(
  file: OpenGeoTiff,
  factor: number,
  window: PixelWindow,
  resampling: Resampling,
): Promise<Float32Array> {
  if (factor === 1) return file.read(window);
  const range = (start: number, length: number, limit: number): readonly [number, number] => {
    const first = Math.max(0, Math.floor(start / factor) - margin);
    return [first, Math.min(limit, Math.ceil((start + length) / factor) + margin) - first];
  };
  const [column, width] = range(window.column, window.width, file.width);
  const [row, height] = range(window.row, window.height, file.height);
  const fine = upsample(await file.read({ column, row, width, height }), [height, width], factor, resampling);
  const result = new Float32Array(window.width * window.height);
  for (let y = 0; y < window.height; y++) {
    const start = (window.row + y - row * factor) * width * factor + window.column - column * factor;
    result.set(fine.subarray(start, start + window.width), y * window.width);
  }
  return result;
}

function scaled(pixels: Float32Array, scale: number, offset: number): Float32Array {
  return scale === 1 && offset === 0 ? pixels : pixels.map((value) => value * scale + offset);
}

/** The name of a file or folder, without what comes before and, of an address, after it. */
const nameOf = (path: string): string => basename(isUrl(path) ? new URL(path).pathname : resolve(path));

function imageOf(
  path: string,
  { width, height, georeference, close }: Pick<LargeImage, 'width' | 'height' | 'georeference' | 'close'>,
  select: readonly string[],
  read: (window: PixelWindow) => Promise<Tensor>,
): LargeImage {
  const [name, bands] = [nameOf(path), [...select]];
  return {
    ...{ name, width, height, bands, close, ...(georeference && { georeference }) },
    read: async (window) => ({
      name: `${name}, column ${window.column}, row ${window.row}`,
      image: await read(window),
      bands,
      labels: [],
      ...(georeference && { georeference: cornerOf(georeference, window) }),
    }),
  };
}
