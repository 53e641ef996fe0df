/** Reading one small GeoTIFF of known size: its pixels, and where it lies on Earth. */
import { fromArrayBuffer } from 'geotiff';
import { InputError, messageOf } from '../error.js';
import { readBoundedFile } from './boundedFile.js';
import type { Georeference } from './patch.js';
import { readTiffDirectory, type TiffDirectory } from './tiffDirectory.js';

export interface GeoTiffOptions {
  readonly width: number;
  readonly height: number;
  readonly samples?: number;
  /** A larger file is refused unread; 4 MiB unless told. */
  readonly maximumBytes?: number;
  /** What the user can do about a damaged file. */
  readonly todo?: string;
}

export interface GeoTiff {
  /** [samples, height, width]. */
  readonly pixels: Float32Array;
  /** Absent where the file has no pixel scale and tie point. */
  readonly georeference?: Georeference;
}

/** TIFF compression schemes: none, LZW, Deflate (two codes). */
const compressions = [1, 5, 8, 32946];

/** Sample formats and bits: unsigned, signed, IEEE float. */
const sampleTypes = ['1/8', '1/16', '1/32', '2/8', '2/16', '2/32', '3/32', '3/64'];

/**
 * Reads a GeoTIFF (strips or tiles; uncompressed, LZW or Deflate) whose size the caller knows.
 *
 * Everything that the file claims about itself is checked before a pixel is decoded, so that a damaged or
 * hostile file costs neither memory nor time.
 * @throws InputError naming the file, where it is missing, damaged, of another size or of an unsupported kind
 */
export async function readGeoTiff(path: string, options: GeoTiffOptions): Promise<GeoTiff> {
  const { width, height, samples = 1, maximumBytes = 4 * 2 ** 20 } = options;
  const { todo = 'Fetch the file again from where the data came from.' } = options;
  const bytes = await readBoundedFile(path, { maximumBytes, todo });
  const directory = readTiffDirectory(bytes, path, todo);
  checkLayout(directory, { path, width, height, samples, fileSize: bytes.length, todo });
  const georeference = georeferenceOf(directory, path, todo);
  return {
    pixels: await decode(bytes, { path, width, height, samples, todo }),
    ...(georeference === undefined ? {} : { georeference }),
  };
}

interface Layout {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  readonly todo: string;
}

async function decode(bytes: Uint8Array, layout: Layout): Promise<Float32Array> {
  const { path, width, height, samples, todo } = layout;
  const size = width * height;
  const pixels = new Float32Array(samples * size);
  try {
    const copy = new ArrayBuffer(bytes.length);
    new Uint8Array(copy).set(bytes);
    const image = await (await fromArrayBuffer(copy)).getImage(0);
    const rasters = await image.readRasters({ interleave: false });
    for (let sample = 0; sample < samples; sample++) pixels.set(rasters[sample], sample * size);
  } catch (thrown) {
    throw new InputError({ what: `pixels that cannot be decoded: ${messageOf(thrown)}`, where: path, todo });
  }
  return pixels;
}

/** Throws unless the directory describes exactly the expected image, stored whole inside the file. */
function checkLayout(directory: TiffDirectory, layout: Layout & { readonly fileSize: number }): void {
  const { path, width, height, samples, fileSize, todo } = layout;
  const require = (condition: boolean, what: string, expected: string, got: string) => {
    if (!condition) throw new InputError({ what, where: path, expected, got, todo });
  };
  const [actualWidth] = directory('imageWidth');
  const [actualHeight] = directory('imageLength');
  const [actualSamples = 1] = directory('samplesPerPixel');
  require(actualWidth === width &&
    actualHeight === height &&
    actualSamples ===
      samples, 'image of the wrong size', `${width} x ${height} pixels of ${samples} sample(s)`, `${actualWidth} x ${actualHeight} pixels of ${actualSamples} sample(s)`);

  const bits = directory('bitsPerSample');
  const formats = directory('sampleFormat');
  const [format = 1] = formats;
  require(bits.length === samples &&
    bits.every((value) => value === bits[0]) &&
    formats.every((value) => value === format) &&
    (formats.length === 0 || formats.length === samples) &&
    sampleTypes.includes(
      `${format}/${bits[0]}`,
    ), 'unsupported kind of pixel', '8, 16 or 32 bit integers, or 32 or 64 bit floats, the same for all samples', `sample format ${format} with ${bits.join(', ') || 'unstated'} bits`);

  const [compression = 1] = directory('compression');
  const [predictor = 1] = directory('predictor');
  const [planar = 1] = directory('planarConfiguration');
  require(compressions.includes(compression) &&
    [1, 2, 3].includes(predictor) &&
    [1, 2].includes(
      planar,
    ), 'unsupported way of storing pixels', 'no compression, LZW or Deflate; predictor 1, 2 or 3; planar configuration 1 or 2', `compression ${compression}, predictor ${predictor}, planar configuration ${planar}`);

  const tiled = directory('tileWidth').length > 0;
  const [blockWidth] = tiled ? directory('tileWidth') : [width];
  const [blockHeight = height] = tiled ? directory('tileLength') : directory('rowsPerStrip');
  require(blockWidth >= 1 &&
    blockHeight >= 1 &&
    (!tiled || Math.max(blockWidth, blockHeight) <= 4096), 'strips or tiles of an impossible size', tiled
    ? '1 to 4096 pixels'
    : 'at least 1 row', tiled ? `${blockWidth} x ${blockHeight}` : `${blockHeight} rows`);

  const offsets = directory(tiled ? 'tileOffsets' : 'stripOffsets');
  const byteCounts = directory(tiled ? 'tileByteCounts' : 'stripByteCounts');
  const rowsOfBlocks = Math.ceil(height / blockHeight);
  const blocks = Math.ceil(width / blockWidth) * rowsOfBlocks * (planar === 2 ? samples : 1);
  require(offsets.length === blocks &&
    byteCounts.length ===
      blocks, 'strips or tiles are missing', `${blocks}`, `${offsets.length} offsets and ${byteCounts.length} lengths`);
  const pixelBytes = (bits[0] / 8) * (planar === 2 ? 1 : samples);
  const fullBlock = Math.min(blockHeight, tiled ? blockHeight : height) * blockWidth * pixelBytes;
  // The last strip of a plane may be short, down to the rows that are left.
  const lastBlock = (height - (rowsOfBlocks - 1) * blockHeight) * blockWidth * pixelBytes;
  for (let block = 0; block < blocks; block++) {
    const needed = tiled || (block + 1) % rowsOfBlocks !== 0 ? fullBlock : lastBlock;
    const least = compression === 1 ? needed : 1;
    require(byteCounts[block] >= least &&
      offsets[block] + byteCounts[block] <=
        fileSize, 'pixels are missing; the file is cut short or damaged', `at least ${least} bytes for ${tiled ? 'tile' : 'strip'} ${block} within the file's ${fileSize}`, `${byteCounts[block]} bytes at ${offsets[block]}`);
  }
  // Deflate expands up to 1032-fold and LZW more: bounding what goes in bounds what comes out.
  const stored = byteCounts.reduce((sum, count) => sum + count, 0);
  const most = 1.5 * width * height * samples * (bits[0] / 8) + 4096;
  require(compression === 1 ||
    stored <=
      most, 'compressed pixels take more room than plain ones would', `at most ${most} bytes`, `${stored} bytes`);
}

/** GeoTIFF keys: raster type (2 = pixel is point), projected and geographic reference system. */
const rasterTypeKey = 1025;
const projectedKey = 3072;
const geographicKey = 2048;

function georeferenceOf(directory: TiffDirectory, path: string, todo: string): Georeference | undefined {
  const scale = directory('modelPixelScale');
  const tiePoint = directory('modelTiepoint');
  if (scale.length === 0 && tiePoint.length === 0) return undefined;
  const [pixelWidth, pixelHeight] = scale;
  const [column, row, , x, y] = tiePoint;
  const numbers = [pixelWidth, pixelHeight, column, row, x, y];
  if (!numbers.every(Number.isFinite) || pixelWidth <= 0 || pixelHeight <= 0) {
    throw new InputError({
      what: 'damaged georeference',
      where: path,
      expected: 'a positive pixel scale and a finite tie point',
      got: `scale [${scale.join(', ')}], tie point [${tiePoint.slice(0, 6).join(', ')}]`,
      todo,
    });
  }
  const keys = directory('geoKeyDirectory');
  // Entries of four numbers (key, location, count, value) follow a header of four; location 0 is "here".
  const keyValue = (key: number) => {
    for (let entry = 4; entry + 3 < keys.length; entry += 4) {
      if (keys[entry] === key && keys[entry + 1] === 0) return keys[entry + 3];
    }
    return undefined;
  };
  const epsg = keyValue(projectedKey) ?? keyValue(geographicKey);
  // 32767 means "user-defined", 0 "undefined".
  const known = epsg !== undefined && epsg > 0 && epsg < 32767;
  // A point raster is anchored at the centre of its pixels.
  const half = keyValue(rasterTypeKey) === 2 ? 0.5 : 0;
  return {
    ...(known ? { epsg } : {}),
    left: x - (column + half) * pixelWidth,
    top: y + (row + half) * pixelHeight,
    pixelSize: [pixelWidth, pixelHeight],
  };
}
