/** Reading one GeoTIFF: its pixels, and where it lies on Earth. */
import { InputError, messageOf } from '../error.js';
import { readBoundedFile } from './boundedFile.js';
import type { Georeference } from './patch.js';
import { isKnownCompression, unpack } from './tiffCompression.js';
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
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  /** Absent where the file has no pixel scale and tie point. */
  readonly georeference?: Georeference;
}

/** One kind of sample: how it is read, and an array whose overflow undoes differencing. */
interface SampleKind {
  readonly bytes: number;
  readonly read: (this: DataView, offset: number, littleEndian: boolean) => number;
  /** Absent where values are not stored as differences. */
  readonly sums?: (
    length: number,
  ) => Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array;
}

const { getUint8, getUint16, getUint32, getInt8, getInt16, getInt32, getFloat32, getFloat64 } =
  DataView.prototype;

/** By sample format (1 unsigned, 2 signed, 3 IEEE float) and bits. */
const sampleKinds: Readonly<Record<string, SampleKind>> = {
  '1/8': { bytes: 1, read: getUint8, sums: (length) => new Uint8Array(length) },
  '1/16': { bytes: 2, read: getUint16, sums: (length) => new Uint16Array(length) },
  '1/32': { bytes: 4, read: getUint32, sums: (length) => new Uint32Array(length) },
  '2/8': { bytes: 1, read: getInt8, sums: (length) => new Int8Array(length) },
  '2/16': { bytes: 2, read: getInt16, sums: (length) => new Int16Array(length) },
  '2/32': { bytes: 4, read: getInt32, sums: (length) => new Int32Array(length) },
  '3/32': { bytes: 4, read: getFloat32 },
  '3/64': { bytes: 8, read: getFloat64 },
};

/**
 * Reads a GeoTIFF (strips or tiles; uncompressed, LZW or Deflate) whose size the caller knows.
 *
 * Everything that the file claims about itself is checked before a pixel is unpacked, and unpacking stops at the
 * size of a strip or tile, so that a damaged or hostile file costs neither memory nor time.
 * @throws InputError naming the file, where it is missing, damaged, of another size or of an unsupported kind
 */
export async function readGeoTiff(path: string, options: GeoTiffOptions): Promise<GeoTiff> {
  const { width, height, samples = 1, maximumBytes = 4 * 2 ** 20 } = options;
  const { todo = 'Fetch the file again from where the data came from.' } = options;
  return read(path, maximumBytes, todo, ({ values }) => {
    const [actualWidth] = values('imageWidth');
    const [actualHeight] = values('imageLength');
    const [actualSamples = 1] = values('samplesPerPixel');
    if (actualWidth === width && actualHeight === height && actualSamples === samples) return options;
    throw new InputError({
      what: 'image of the wrong size',
      where: path,
      expected: `${width} x ${height} pixels of ${samples} sample(s)`,
      got: `${actualWidth} x ${actualHeight} pixels of ${actualSamples} sample(s)`,
      todo,
    });
  });
}

/** A larger image is refused: 64 Mi values are 256 MiB in memory. */
const maximumValues = 64 * 2 ** 20;

/**
 * Reads a GeoTIFF whose size only the file knows, up to 64 Mi values (12 bands of 2300 x 2300 pixels).
 * @throws InputError naming the file, where it is missing, damaged, too large or of an unsupported kind
 */
export async function readWholeGeoTiff(path: string): Promise<GeoTiff> {
  const todo = 'Name a GeoTIFF, or cut a smaller part out of it, for example with gdal_translate -srcwin.';
  return read(path, 8 * maximumValues, todo, ({ values }) => {
    const [width = 0] = values('imageWidth');
    const [height = 0] = values('imageLength');
    const [samples = 1] = values('samplesPerPixel');
    const count = width * height * samples;
    if (count > 0 && count <= maximumValues) return { width, height, samples };
    throw new InputError({
      what: 'image of an impossible or unbearable size',
      where: path,
      expected: `1 to ${maximumValues} values`,
      got: `${width} x ${height} pixels of ${samples} sample(s)`,
      todo,
    });
  });
}

type Size = Pick<GeoTiffOptions, 'width' | 'height' | 'samples'>;

async function read(
  path: string,
  maximumBytes: number,
  todo: string,
  sizeOf: (directory: TiffDirectory) => Size,
): Promise<GeoTiff> {
  const bytes = await readBoundedFile(path, { maximumBytes, todo });
  const directory = readTiffDirectory(bytes, path, todo);
  const { width, height, samples = 1 } = sizeOf(directory);
  const layout = layoutOf(directory, { path, width, height, samples, fileSize: bytes.length, todo });
  const georeference = georeferenceOf(directory, path, todo);
  try {
    const pixels = decode(bytes, directory.littleEndian, layout);
    return { pixels, width, height, samples, ...(georeference === undefined ? {} : { georeference }) };
  } catch (thrown) {
    throw new InputError({ what: `pixels that cannot be decoded: ${messageOf(thrown)}`, where: path, todo });
  }
}

/** How the pixels are stored. A block is a strip or a tile; it holds `blockSamples` interleaved samples. */
interface Layout {
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  readonly kind: SampleKind;
  readonly compression: number;
  /** Whether each row holds the differences between neighbours (predictor 2). */
  readonly differenced: boolean;
  readonly blockWidth: number;
  readonly blockHeight: number;
  readonly blockSamples: number;
  readonly offsets: readonly number[];
  readonly byteCounts: readonly number[];
}

function decode(bytes: Uint8Array, littleEndian: boolean, layout: Layout): Float32Array {
  const { width, height, samples, kind, blockWidth, blockHeight, blockSamples } = layout;
  const pixels = new Float32Array(samples * height * width);
  const columns = Math.ceil(width / blockWidth);
  const blocksOfPlane = columns * Math.ceil(height / blockHeight);
  const blockBytes = blockWidth * blockHeight * blockSamples * kind.bytes;
  for (const [block, offset] of layout.offsets.entries()) {
    const stored = bytes.subarray(offset, offset + layout.byteCounts[block]);
    const data = unpack(stored, layout.compression, blockBytes);
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const plane = Math.floor(block / blocksOfPlane);
    const top = Math.floor((block % blocksOfPlane) / columns) * blockHeight;
    const left = (block % columns) * blockWidth;
    for (let y = 0; y < Math.min(blockHeight, height - top); y++) {
      const sums = layout.differenced ? kind.sums?.(blockSamples) : undefined;
      for (let x = 0; x < Math.min(blockWidth, width - left); x++) {
        for (let sample = 0; sample < blockSamples; sample++) {
          const position = ((y * blockWidth + x) * blockSamples + sample) * kind.bytes;
          let value = kind.read.call(view, position, littleEndian);
          if (sums !== undefined) {
            sums[sample] += value;
            value = sums[sample];
          }
          pixels[((plane + sample) * height + top + y) * width + left + x] = value;
        }
      }
    }
  }
  return pixels;
}

interface Expectation {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  readonly fileSize: number;
  readonly todo: string;
}

/** Throws unless the directory describes an image of that size, stored whole inside the file. */
function layoutOf({ values }: TiffDirectory, expectation: Expectation): Layout {
  const { path, width, height, samples, fileSize, todo } = expectation;
  const require = (condition: boolean, what: string, expected: string, got: string) => {
    if (!condition) throw new InputError({ what, where: path, expected, got, todo });
  };
  const bits = values('bitsPerSample');
  const formats = values('sampleFormat');
  const [format = 1] = formats;
  const kind = sampleKinds[`${format}/${bits[0]}`];
  require(kind !== undefined &&
    bits.length === samples &&
    bits.every((value) => value === bits[0]) &&
    (formats.length === 0 || formats.length === samples) &&
    formats.every(
      (value) => value === format,
    ), 'unsupported kind of pixel', '8, 16 or 32 bit integers, or 32 or 64 bit floats, the same for all samples', `sample format ${format} with ${bits.length === 0 ? 'unstated' : bits.slice(0, 16).join(', ')} bits`);

  const [compression = 1] = values('compression');
  const [predictor = 1] = values('predictor');
  const [planar = 1] = values('planarConfiguration');
  require(isKnownCompression(compression) &&
    (predictor === 1 || (predictor === 2 && kind.sums !== undefined)) &&
    (planar === 1 ||
      planar ===
        2), 'unsupported way of storing pixels', 'no compression, LZW or Deflate; predictor 1, or 2 with integers; planar configuration 1 or 2', `compression ${compression}, predictor ${predictor}, planar configuration ${planar}`);

  const tiled = values('tileWidth').length > 0;
  const [blockWidth] = tiled ? values('tileWidth') : [width];
  const [statedHeight = height] = values(tiled ? 'tileLength' : 'rowsPerStrip');
  const blockHeight = tiled ? statedHeight : Math.min(statedHeight, height);
  require(blockWidth >= 1 &&
    blockHeight >= 1 &&
    Math.max(blockWidth, blockHeight) <=
      Math.max(
        1024,
        width,
        height,
      ), 'strips or tiles of an impossible size', 'at least 1 pixel, at most 1024 or the image', `${blockWidth} x ${blockHeight}`);

  const offsets = values(tiled ? 'tileOffsets' : 'stripOffsets');
  const byteCounts = values(tiled ? 'tileByteCounts' : 'stripByteCounts');
  const rowsOfBlocks = Math.ceil(height / blockHeight);
  const blocks = Math.ceil(width / blockWidth) * rowsOfBlocks * (planar === 2 ? samples : 1);
  require(offsets.length === blocks &&
    byteCounts.length ===
      blocks, 'strips or tiles are missing', `${blocks}`, `${offsets.length} offsets and ${byteCounts.length} lengths`);
  const blockSamples = planar === 2 ? 1 : samples;
  for (let block = 0; block < blocks; block++) {
    // The last strip of a plane may be short, down to the rows that are left.
    const short = !tiled && (block + 1) % rowsOfBlocks === 0;
    const rows = short ? height - (rowsOfBlocks - 1) * blockHeight : blockHeight;
    const least = compression === 1 ? rows * blockWidth * blockSamples * kind.bytes : 1;
    require(byteCounts[block] >= least &&
      offsets[block] + byteCounts[block] <=
        fileSize, 'pixels are missing; the file is cut short or damaged', `at least ${least} bytes for ${tiled ? 'tile' : 'strip'} ${block} within the file's ${fileSize}`, `${byteCounts[block]} bytes at ${offsets[block]}`);
  }
  return {
    width,
    height,
    samples,
    kind,
    compression,
    differenced: predictor === 2,
    blockWidth,
    blockHeight,
    blockSamples,
    offsets,
    byteCounts,
  };
}

/** GeoTIFF keys: raster type (2 = pixel is point), projected and geographic reference system. */
const rasterTypeKey = 1025;
const projectedKey = 3072;
const geographicKey = 2048;

function georeferenceOf({ values }: TiffDirectory, path: string, todo: string): Georeference | undefined {
  const { scale, tiePoint } = placeOf(values, path, todo);
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
  const keys = values('geoKeyDirectory');
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

/**
 * Pixel scale and tie point, stated or taken from a 4 x 4 transformation that turns nothing: x = a column + d,
 * y = f row + h, stored as [a b c d, e f g h, ...]. Throws where it turns or mirrors the image.
 */
function placeOf(
  values: TiffDirectory['values'],
  path: string,
  todo: string,
): { readonly scale: readonly number[]; readonly tiePoint: readonly number[] } {
  const matrix = values('modelTransformation');
  if (matrix.length === 0) return { scale: values('modelPixelScale'), tiePoint: values('modelTiepoint') };
  const [a, b, , d, e, f, , h] = matrix;
  if (matrix.length !== 16 || b !== 0 || e !== 0 || !(a > 0) || !(f < 0)) {
    throw new InputError({
      what: 'unsupported georeference',
      where: path,
      expected: 'an image with north at its top',
      got: `the transformation [${matrix.slice(0, 8).join(', ')}]`,
      todo: `${todo} gdalwarp turns an image north up.`,
    });
  }
  return { scale: [a, -f], tiePoint: [0, 0, 0, d, h, 0] };
}
