/** How a TIFF file stores its pixels: strips or tiles, checked before one is unpacked. */
import { endianness } from 'node:os';
import { requireCount } from '../../check.js';
import { InputError } from '../../error.js';
import { isKnownCompression, unpack } from './tiffCompression.js';
import type { TiffDirectory } from './tiffDirectory.js';

type Samples =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** One kind of sample: the array that holds it. */
interface SampleKind {
  readonly bytes: 1 | 2 | 4 | 8;
  /** Whether values may be stored as differences, which the overflow of the array undoes. */
  readonly isInteger: boolean;
  readonly of: (buffer: ArrayBufferLike, offset: number, length: number) => Samples;
}

/** By sample format (1 unsigned, 2 signed, 3 IEEE float) and bits. */
const sampleKinds: Readonly<Record<string, SampleKind>> = {
  '1/8': { bytes: 1, isInteger: true, of: (...part) => new Uint8Array(...part) },
  '1/16': { bytes: 2, isInteger: true, of: (...part) => new Uint16Array(...part) },
  '1/32': { bytes: 4, isInteger: true, of: (...part) => new Uint32Array(...part) },
  '2/8': { bytes: 1, isInteger: true, of: (...part) => new Int8Array(...part) },
  '2/16': { bytes: 2, isInteger: true, of: (...part) => new Int16Array(...part) },
  '2/32': { bytes: 4, isInteger: true, of: (...part) => new Int32Array(...part) },
  '3/32': { bytes: 4, isInteger: false, of: (...part) => new Float32Array(...part) },
  '3/64': { bytes: 8, isInteger: false, of: (...part) => new Float64Array(...part) },
};

/** A block is a strip or a tile; it holds `blockSamples` interleaved samples. */
export interface TiffLayout {
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  readonly kind: SampleKind;
  readonly littleEndian: boolean;
  readonly compression: number;
  /** Whether each row holds the differences between neighbours (predictor 2). */
  readonly differenced: boolean;
  readonly blockWidth: number;
  readonly blockHeight: number;
  readonly blockSamples: number;
  readonly offsets: readonly number[];
  readonly byteCounts: readonly number[];
}

export interface LayoutExpectation {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  /** In bytes. */
  readonly fileSize: number;
  readonly todo: string;
}

/** Values up to which tiles may be larger than their image: a tile of 1024 x 1024 pixels with 16 samples. */
const smallImage = 2 ** 24;

/** InputError unless the directory describes an image of that size, stored whole inside the file. */
export function layoutOf(
  { values, littleEndian }: TiffDirectory,
  expectation: LayoutExpectation,
): TiffLayout {
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
    (predictor === 1 || (predictor === 2 && kind.isInteger)) &&
    (planar === 1 ||
      planar ===
        2), 'unsupported way of storing pixels', 'no compression, LZW or Deflate; predictor 1, or 2 with integers; planar configuration 1 or 2', `compression ${compression}, predictor ${predictor}, planar configuration ${planar}`);

  const tiled = values('tileWidth').length > 0;
  const [blockWidth] = tiled ? values('tileWidth') : [width];
  const [statedHeight = height] = values(tiled ? 'tileLength' : 'rowsPerStrip');
  const blockHeight = tiled ? statedHeight : Math.min(statedHeight, height);
  const columnsOfBlocks = Math.ceil(width / blockWidth);
  const rowsOfBlocks = Math.ceil(height / blockHeight);
  const blockSamples = planar === 2 ? 1 : samples;
  const blocks = columnsOfBlocks * rowsOfBlocks * (planar === 2 ? samples : 1);
  const valuesInBlock = blockWidth * blockHeight * blockSamples;
  const valuesInImage = width * height * samples;
  require(blockWidth >= 1 &&
    blockHeight >= 1 &&
    valuesInBlock <= Math.max(smallImage, valuesInImage) &&
    blocks * valuesInBlock <=
      Math.max(
        smallImage,
        4 * valuesInImage,
      ), 'strips or tiles of an impossible size', 'at least 1 pixel, and not far more than the image', `${blockWidth} x ${blockHeight}`);

  const offsets = values(tiled ? 'tileOffsets' : 'stripOffsets');
  const byteCounts = values(tiled ? 'tileByteCounts' : 'stripByteCounts');
  require(offsets.length === blocks &&
    byteCounts.length ===
      blocks, 'strips or tiles are missing', `${blocks}`, `${offsets.length} offsets and ${byteCounts.length} lengths`);
  for (let block = 0; block < blocks; block++) {
    // The last strip of a plane may be short, down to the rows that are left.
    const short = !tiled && (block + 1) % rowsOfBlocks === 0;
    const rows = short ? height - (rowsOfBlocks - 1) * blockHeight : blockHeight;
    const least = compression === 1 ? rows * blockWidth * blockSamples * kind.bytes : 1;
    require(byteCounts[block] >= least &&
      offsets[block] + byteCounts[block] <=
        fileSize, 'pixels are missing; the file is cut short or damaged', `at least ${least} bytes for ${tiled ? 'tile' : 'strip'} ${block} within the file's ${fileSize}`, `${byteCounts[block]} bytes at ${offsets[block]}`);
  }
  // Neither compression makes anything twice as long: what a block claims beyond that is not its own.
  const most = 2 * valuesInBlock * kind.bytes + 1024;
  return {
    width,
    height,
    samples,
    kind,
    littleEndian,
    compression,
    differenced: predictor === 2,
    blockWidth,
    blockHeight,
    blockSamples,
    offsets,
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
 * @throws Error where they are damaged
 */
export function decodeBlock(stored: Uint8Array, layout: TiffLayout): Samples {
  const { kind, compression, differenced, blockWidth, blockSamples } = layout;
  const data = unpack(stored, compression, blockBytes(layout));
  const isForeign = kind.bytes > 1 && layout.littleEndian !== (endianness() === 'LE');
  // The bytes may be the file's own, which other blocks and readers share.
  const mustCopy = isForeign || differenced || data.byteOffset % kind.bytes !== 0;
  const own = mustCopy ? Uint8Array.from(data) : data;
  const count = Math.floor(own.length / kind.bytes);
  if (isForeign) swapBytes(own.subarray(0, count * kind.bytes), kind.bytes);
  const samples = kind.of(own.buffer, own.byteOffset, count);
  if (differenced) {
    const rowLength = blockWidth * blockSamples;
    for (let start = 0; start < count; start += rowLength) {
      const end = Math.min(start + rowLength, count);
      for (let i = start + blockSamples; i < end; i++) samples[i] += samples[i - blockSamples];
    }
  }
  return samples;
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
  requireCount(width, `${path}, width of the window`);
  requireCount(height, `${path}, height of the window`);
  requireCount(column, `${path}, column of the window`, 0);
  requireCount(row, `${path}, row of the window`, 0);
  if (column + width <= image.width && row + height <= image.height) return;
  throw new InputError({
    what: 'the window lies outside the image',
    where: path,
    expected: `a part of ${image.width} x ${image.height} pixels`,
    got: `${width} x ${height} pixels from column ${column}, row ${row}`,
  });
}

/** The blocks that hold pixels of the window, in the order of the file. */
export function blocksIn(layout: TiffLayout, window: PixelWindow): readonly number[] {
  const { width, height, samples, blockWidth, blockHeight, blockSamples } = layout;
  const columns = Math.ceil(width / blockWidth);
  const rows = Math.ceil(height / blockHeight);
  const blocks: number[] = [];
  for (let plane = 0; plane < samples / blockSamples; plane++) {
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
 * Writes what a block holds of the window into `target` [samples, window.height, window.width].
 * @throws Error where the block is too short
 */
export function copyBlock(
  block: number,
  data: Samples,
  layout: TiffLayout,
  window: PixelWindow,
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
  for (let sample = 0; sample < blockSamples; sample++) {
    for (let row = firstRow; row < endRow; row++) {
      let from = ((row - top) * blockWidth + firstColumn - left) * blockSamples + sample;
      let to =
        ((plane * blockSamples + sample) * window.height + row - window.row) * window.width +
        firstColumn -
        window.column;
      for (let column = firstColumn; column < endColumn; column++) {
        target[to++] = data[from];
        from += blockSamples;
      }
    }
  }
}
