/** How a TIFF file stores its pixels: strips or tiles, checked before one is unpacked. */
import { endianness } from 'node:os';
import { getDecoder } from 'geotiff';
import { requireCount } from '../../check.js';
import { type Fail, failAt } from '../../error.js';
import { compressionName, isKnownCompression, unpack } from './tiffCompression.js';
import type { TiffDirectory } from './tiffDirectory.js';

type Unsigned = Uint8Array | Uint16Array | Uint32Array;
type Signed = Int8Array | Int16Array | Int32Array;
export type Samples = Unsigned | Signed | Float32Array | Float64Array;

/** One kind of sample: the array that holds it. */
interface SampleKind {
  readonly bytes: 1 | 2 | 4 | 8;
  /** The predictor that such values may be stored with: 2, differences of integers, or 3, of the bytes of floats. */
  readonly predictor: 2 | 3;
  readonly of: (buffer: ArrayBufferLike, offset: number, length: number) => Samples;
}

/** By sample format (1 unsigned, 2 signed, 3 IEEE float) and bits. */
const sampleKinds: Readonly<Record<string, SampleKind>> = {
  '1/8': { bytes: 1, predictor: 2, of: (...part) => new Uint8Array(...part) },
  '1/16': { bytes: 2, predictor: 2, of: (...part) => new Uint16Array(...part) },
  '1/32': { bytes: 4, predictor: 2, of: (...part) => new Uint32Array(...part) },
  '2/8': { bytes: 1, predictor: 2, of: (...part) => new Int8Array(...part) },
  '2/16': { bytes: 2, predictor: 2, of: (...part) => new Int16Array(...part) },
  '2/32': { bytes: 4, predictor: 2, of: (...part) => new Int32Array(...part) },
  '3/32': { bytes: 4, predictor: 3, of: (...part) => new Float32Array(...part) },
  '3/64': { bytes: 8, predictor: 3, of: (...part) => new Float64Array(...part) },
};

/** A block is a strip or a tile; it holds `blockSamples` interleaved samples. */
export interface TiffLayout {
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  readonly kind: SampleKind;
  readonly littleEndian: boolean;
  readonly compression: number;
  /** Whether each row holds the differences between neighbours, and how: 1 for not at all. */
  readonly predictor: number;
  readonly blockWidth: number;
  readonly blockHeight: number;
  readonly blockSamples: number;
  readonly offsets: readonly number[];
  readonly byteCounts: readonly number[];
}

/** Values up to which tiles may be larger than their image: a tile of 1024 x 1024 pixels with 16 samples. */
const smallImage = 2 ** 24;

/** InputError, by `fail`, unless the directory describes an image of that size, stored whole inside the file. */
export function layoutOf(
  { values, littleEndian }: TiffDirectory,
  { width, height, samples }: Pick<TiffLayout, 'width' | 'height' | 'samples'>,
  fileSize: number,
  fail: Fail,
): TiffLayout {
  const bits = values('bitsPerSample');
  const formats = values('sampleFormat');
  const [format = 1] = formats;
  const kind = sampleKinds[`${format}/${bits[0]}`];
  const isOfAll = (stated: readonly number[]): boolean =>
    stated.length === samples && stated.every((value) => value === stated[0]);
  if (kind === undefined || !isOfAll(bits) || !(formats.length === 0 || isOfAll(formats))) {
    const expected = '8, 16 or 32 bit integers, or 32 or 64 bit floats, the same for all samples';
    const got = `sample format ${format} with ${bits.slice(0, 16).join(', ') || 'unstated'} bits`;
    throw fail('unsupported kind of pixel', expected, got);
  }

  const [compression = 1] = values('compression');
  const [predictor = 1] = values('predictor');
  const [planar = 1] = values('planarConfiguration');
  if (
    !isKnownCompression(compression) ||
    ![1, kind.predictor].includes(predictor) ||
    ![1, 2].includes(planar)
  ) {
    throw fail(
      'unsupported way of storing pixels',
      'no compression, LZW, Deflate, PackBits or Zstandard; predictor 1, 2 for integers or 3 for floats; planar configuration 1 or 2',
      `compression ${compressionName(compression)}, predictor ${predictor}, planar configuration ${planar}`,
    );
  }

  const tiled = values('tileWidth').length > 0;
  const [blockWidth] = tiled ? values('tileWidth') : [width];
  const [statedHeight = height] = values(tiled ? 'tileLength' : 'rowsPerStrip');
  const blockHeight = tiled ? statedHeight : Math.min(statedHeight, height);
  const rowsOfBlocks = Math.ceil(height / blockHeight);
  const blockSamples = planar === 2 ? 1 : samples;
  const blocks = Math.ceil(width / blockWidth) * rowsOfBlocks * (planar === 2 ? samples : 1);
  const valuesInBlock = blockWidth * blockHeight * blockSamples;
  const valuesInImage = width * height * samples;
  const isPossible =
    blockWidth >= 1 &&
    blockHeight >= 1 &&
    valuesInBlock <= Math.max(smallImage, valuesInImage) &&
    blocks * valuesInBlock <= Math.max(smallImage, 4 * valuesInImage);
  if (!isPossible) {
    const expected = 'at least 1 pixel, and not far more than the image';
    throw fail('strips or tiles of an impossible size', expected, `${blockWidth} x ${blockHeight}`);
  }

  const offsets = values(tiled ? 'tileOffsets' : 'stripOffsets');
  const byteCounts = values(tiled ? 'tileByteCounts' : 'stripByteCounts');
  if (offsets.length !== blocks || byteCounts.length !== blocks) {
    const got = `${offsets.length} offsets and ${byteCounts.length} lengths`;
    throw fail('strips or tiles are missing', `${blocks}`, got);
  }
  for (const [block, count] of byteCounts.entries()) {
    // The last strip of a plane may be short, down to the rows that are left.
    const short = !tiled && (block + 1) % rowsOfBlocks === 0;
    const rows = short ? height - (rowsOfBlocks - 1) * blockHeight : blockHeight;
    const least = compression === 1 ? rows * blockWidth * blockSamples * kind.bytes : 1;
    if (count >= least && offsets[block] + count <= fileSize) continue;
    const where = `${tiled ? 'tile' : 'strip'} ${block} within the file's ${fileSize}`;
    throw fail(
      'pixels are missing; the file is cut short or damaged',
      `at least ${least} bytes for ${where}`,
      `${count} bytes at ${offsets[block]}`,
    );
  }
  // No compression makes anything twice as long: what a block claims beyond that is not its own.
  const most = 2 * valuesInBlock * kind.bytes + 1024;
  return {
    ...{ width, height, samples, kind, littleEndian, compression, predictor },
    ...{ blockWidth, blockHeight, blockSamples, offsets },
    byteCounts: byteCounts.map((count) => Math.min(count, most)),
  };
}

/** An uncompressed strip longer than this is read in pieces. */
const pieceBytes = 2 ** 18;

/** More pieces, which only strips that share their bytes can make, are not worth the memory of their list. */
const maximumPieces = 2 ** 20;

/** The same pixels in shorter strips, where they are not compressed: many programs write a whole band as one. */
export function splitStrips(layout: TiffLayout): TiffLayout {
  const { width, height, blockWidth, blockHeight, blockSamples, kind, compression, samples } = layout;
  const rowBytes = blockWidth * blockSamples * kind.bytes;
  if (compression !== 1 || blockWidth !== width || blockHeight * rowBytes <= pieceBytes) return layout;
  let rows = Math.max(1, Math.floor(pieceBytes / rowBytes));
  while (blockHeight % rows !== 0) rows--;
  const perBlock = blockHeight / rows;
  const perPlane = Math.ceil(height / rows);
  const count = (perPlane * samples) / blockSamples;
  if (count > maximumPieces) return layout;
  const blocksOfPlane = Math.ceil(height / blockHeight);
  const offsets: number[] = [];
  const byteCounts: number[] = [];
  for (let piece = 0; piece < count; piece++) {
    const [plane, row] = [Math.floor(piece / perPlane), (piece % perPlane) * rows];
    const block = plane * blocksOfPlane + Math.floor((piece % perPlane) / perBlock);
    offsets.push(layout.offsets[block] + (row % blockHeight) * rowBytes);
    byteCounts.push(Math.min(rows, height - row) * rowBytes);
  }
  return { ...layout, blockHeight: rows, offsets, byteCounts };
}

/** The largest number of bytes that a block may unpack to. */
export function blockBytes({ blockWidth, blockHeight, blockSamples, kind }: TiffLayout): number {
  return blockWidth * blockHeight * blockSamples * kind.bytes;
}

/**
 * The samples of one block [rows, blockWidth, blockSamples]; the last strip of a plane may be short.
 * @param stored its bytes as in the file
 * @throws Error if they are damaged
 */
export async function decodeBlock(stored: Uint8Array, layout: TiffLayout): Promise<Samples> {
  const { kind, compression, predictor, blockWidth, blockSamples } = layout;
  const unpacked = await unpack(stored, compression, blockBytes(layout));
  // An uncompressed strip may be followed by bytes that are not its own.
  const data = unpacked.subarray(0, blockBytes(layout));
  // The bytes of floats that predictor 3 restores are those of a little-endian file.
  const isLittle = predictor === 3 || layout.littleEndian;
  const isForeign = kind.bytes > 1 && isLittle !== (endianness() === 'LE');
  const mustCopy = isForeign || predictor !== 1 || data.byteOffset % kind.bytes !== 0;
  // The bytes may be the file's own, which other blocks and readers share.
  const own = mustCopy ? Uint8Array.from(data) : data;
  const rowBytes = predictor === 1 ? kind.bytes : blockWidth * blockSamples * kind.bytes;
  const rows = Math.floor(own.length / rowBytes);
  const undoPredictor = async (): Promise<void> => {
    const bitsPerSample = new Array<number>(blockSamples).fill(8 * kind.bytes);
    const size = { tileWidth: blockWidth, tileHeight: rows };
    const decoder = await getDecoder(1, { ...size, predictor, bitsPerSample, planarConfiguration: 1 });
    await decoder.decode(own.buffer);
  };
  if (predictor === 3) await undoPredictor();
  if (isForeign) swapBytes(own.subarray(0, rows * rowBytes), kind.bytes);
  if (predictor === 2) await undoPredictor();
  return kind.of(own.buffer, own.byteOffset, (rows * rowBytes) / kind.bytes);
}

function swapBytes(bytes: Uint8Array, size: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 2) buffer.swap16();
  else if (size === 4) buffer.swap32();
  else buffer.swap64();
}

/** A rectangle of pixels; column and row of its upper left pixel count from 0. */
export interface PixelWindow {
  readonly column: number;
  readonly row: number;
  readonly width: number;
  readonly height: number;
}

/** InputError unless the window is a part of the image. */
export function requireInside(
  { column, row, width, height }: PixelWindow,
  image: { readonly width: number; readonly height: number },
  path: string,
): void {
  for (const [name, side] of Object.entries({ width, height }))
    requireCount(side, `${path}, ${name} of the window`);
  for (const [name, start] of Object.entries({ column, row }))
    requireCount(start, `${path}, ${name} of the window`, 0);
  if (column + width <= image.width && row + height <= image.height) return;
  const got = `${width} x ${height} pixels from column ${column}, row ${row}`;
  const expected = `a part of ${image.width} x ${image.height} pixels`;
  throw failAt(path)('the window lies outside the image', expected, got);
}

/** The blocks that hold pixels of these samples in the window, in the order of the file. */
export function blocksIn(
  layout: TiffLayout,
  window: PixelWindow,
  wanted: readonly number[],
): readonly number[] {
  const { width, height, blockWidth, blockHeight, blockSamples } = layout;
  const columns = Math.ceil(width / blockWidth);
  const rows = Math.ceil(height / blockHeight);
  const blocks: number[] = [];
  const planes = new Set(wanted.map((sample) => Math.floor(sample / blockSamples)));
  for (const plane of [...planes].sort((a, b) => a - b)) {
    const lastRow = Math.floor((window.row + window.height - 1) / blockHeight);
    const lastColumn = Math.floor((window.column + window.width - 1) / blockWidth);
    for (let row = Math.floor(window.row / blockHeight); row <= lastRow; row++) {
      for (let column = Math.floor(window.column / blockWidth); column <= lastColumn; column++) {
        blocks.push((plane * rows + row) * columns + column);
      }
    }
  }
  return blocks;
}

/**
 * Writes what a block holds of the window into `target` [wanted.length, window.height, window.width].
 * @throws Error if the block is too short
 */
export function copyBlock(
  block: number,
  data: Samples,
  layout: TiffLayout,
  window: PixelWindow,
  wanted: readonly number[],
  target: Float32Array,
): void {
  const { width, height, blockWidth, blockHeight, blockSamples } = layout;
  const columns = Math.ceil(width / blockWidth);
  const blocksOfPlane = columns * Math.ceil(height / blockHeight);
  const plane = Math.floor(block / blocksOfPlane);
  const top = Math.floor((block % blocksOfPlane) / columns) * blockHeight;
  const left = (block % columns) * blockWidth;
  const firstRow = Math.max(top, window.row);
  const endRow = Math.min(top + blockHeight, height, window.row + window.height);
  const firstColumn = Math.max(left, window.column);
  const endColumn = Math.min(left + blockWidth, width, window.column + window.width);
  const needed = ((endRow - 1 - top) * blockWidth + endColumn - left) * blockSamples;
  if (data.length < needed) {
    throw new Error(`block ${block} unpacks to ${data.length} values instead of ${needed}`);
  }
  for (const [i, wantedSample] of wanted.entries()) {
    const sample = wantedSample - plane * blockSamples;
    if (sample < 0 || sample >= blockSamples) continue;
    for (let row = firstRow; row < endRow; row++) {
      let from = ((row - top) * blockWidth + firstColumn - left) * blockSamples + sample;
      let to = (i * window.height + row - window.row) * window.width + firstColumn - window.column;
      for (let column = firstColumn; column < endColumn; column++) {
        target[to++] = data[from];
        from += blockSamples;
      }
    }
  }
}
