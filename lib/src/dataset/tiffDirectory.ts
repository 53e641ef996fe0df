/** The first image directory of a TIFF file, every count and offset checked against the file's length. */
import { InputError } from '../error.js';

/** The tags that matter here (TIFF 6.0; GeoTIFF 1.1 from 33550 on), and what each may hold. */
const tags = {
  imageWidth: { code: 256, holds: 'integer' },
  imageLength: { code: 257, holds: 'integer' },
  bitsPerSample: { code: 258, holds: 'integers' },
  compression: { code: 259, holds: 'integer' },
  stripOffsets: { code: 273, holds: 'integers' },
  samplesPerPixel: { code: 277, holds: 'integer' },
  rowsPerStrip: { code: 278, holds: 'integer' },
  stripByteCounts: { code: 279, holds: 'integers' },
  planarConfiguration: { code: 284, holds: 'integer' },
  predictor: { code: 317, holds: 'integer' },
  tileWidth: { code: 322, holds: 'integer' },
  tileLength: { code: 323, holds: 'integer' },
  tileOffsets: { code: 324, holds: 'integers' },
  tileByteCounts: { code: 325, holds: 'integers' },
  sampleFormat: { code: 339, holds: 'integers' },
  modelPixelScale: { code: 33550, holds: 'reals' },
  modelTiepoint: { code: 33922, holds: 'reals' },
  modelTransformation: { code: 34264, holds: 'reals' },
  geoKeyDirectory: { code: 34735, holds: 'integers' },
} as const;

export type TiffTag = keyof typeof tags;

export interface TiffDirectory {
  /** Byte order of the whole file. */
  readonly littleEndian: boolean;
  /** The numbers stored under a tag, at least one; none where the tag is absent. */
  values(tag: TiffTag): readonly number[];
}

const holdsByCode = new Map<number, string>(Object.values(tags).map(({ code, holds }) => [code, holds]));

/** Bytes per value of each TIFF field type (1 BYTE to 13 IFD). */
const typeSizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4];

type Read = (this: DataView, offset: number, little?: boolean) => number;

/** How to read field type 3 SHORT, 4 LONG and 12 DOUBLE. */
const integers: Readonly<Record<number, Read>> = {
  3: DataView.prototype.getUint16,
  4: DataView.prototype.getUint32,
};
const reals: Readonly<Record<number, Read>> = { 12: DataView.prototype.getFloat64 };

/**
 * Reads the first directory of a classic TIFF file held in memory.
 * @throws InputError, with `where` = `path`, where the file is no TIFF, is a BigTIFF, or points outside itself
 */
export function readTiffDirectory(bytes: Uint8Array, path: string, todo: string): TiffDirectory {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fail = (what: string, expected: string, got: string) =>
    new InputError({ what, where: path, expected, got, todo });
  const order = bytes.length < 8 ? '' : String.fromCharCode(bytes[0], bytes[1]);
  const little = order === 'II';
  if ((!little && order !== 'MM') || view.getUint16(2, little) !== 42) {
    const start = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw fail('not a TIFF file', 'the bytes 49 49 2a 00 or 4d 4d 00 2a at its start', start);
  }
  const fits = (offset: number, length: number) => offset + length <= bytes.length;
  const outside = (what: string, offset: number, length: number) =>
    fail(
      `damaged TIFF: ${what} lies outside the file`,
      `${bytes.length} bytes`,
      `${offset} + ${length} bytes`,
    );

  const start = view.getUint32(4, little);
  if (!fits(start, 2)) throw outside('the image directory', start, 2);
  const count = view.getUint16(start, little);
  // The entries and the link to the next directory.
  if (!fits(start + 2, 12 * count + 4)) throw outside('the image directory', start + 2, 12 * count + 4);

  const fields = new Map<number, readonly number[]>();
  for (let entry = start + 2; entry < start + 2 + 12 * count; entry += 12) {
    const tag = view.getUint16(entry, little);
    const type = view.getUint16(entry + 2, little);
    const length = view.getUint32(entry + 4, little);
    const size = typeSizes[type] ?? 0;
    if (size === 0) throw fail(`damaged TIFF: tag ${tag} has an unknown type`, '1 to 13', `${type}`);
    const offset = length * size <= 4 ? entry + 8 : view.getUint32(entry + 8, little);
    if (!fits(offset, length * size)) throw outside(`the value of tag ${tag}`, offset, length * size);
    if (fields.has(tag)) throw fail('damaged TIFF: a tag occurs twice', 'each tag once', `tag ${tag} twice`);
    const holds = holdsByCode.get(tag);
    if (holds === undefined) continue;
    const read = holds === 'reals' ? reals[type] : integers[type];
    if (read === undefined || length === 0 || (holds === 'integer' && length > 1)) {
      const expected = holds === 'integer' ? 'one integer' : `${holds}, at least one`;
      throw fail(`damaged TIFF: tag ${tag} holds something else`, expected, `${length} of type ${type}`);
    }
    fields.set(
      tag,
      Array.from({ length }, (_, index) => read.call(view, offset + index * size, little)),
    );
  }
  return { littleEndian: little, values: (tag) => fields.get(tags[tag].code) ?? [] };
}
