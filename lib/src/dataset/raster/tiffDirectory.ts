/** The first image directory of a TIFF file, every count and offset checked against the file's length. */
import { InputError } from '../../error.js';

/** Bytes by offset: in memory, or in a file too large for it. */
export interface ByteSource {
  /** In bytes. */
  readonly size: number;
  /** The caller sees to it that the bytes lie within `size`. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

export function bytesInMemory(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) };
}

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
  gdalMetadata: { code: 42112, holds: 'text' },
} as const;

export type TiffTag = keyof typeof tags;

export interface TiffDirectory {
  /** Byte order of the whole file. */
  readonly littleEndian: boolean;
  /** The numbers stored under a tag (of a text, its bytes), at least one; none where the tag is absent. */
  values(tag: TiffTag): readonly number[];
}

const holdsByCode = new Map<number, string>(Object.values(tags).map(({ code, holds }) => [code, holds]));

/** Bytes per value of each TIFF field type (1 BYTE to 13 IFD). */
const typeSizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4];

type Read = (this: DataView, offset: number, little?: boolean) => number;

/** How to read the field types that a tag may have: 2 ASCII; 3 SHORT, 4 LONG; 12 DOUBLE. */
const { getUint8, getUint16, getUint32, getFloat64 } = DataView.prototype;
const integers: Readonly<Record<number, Read>> = { 3: getUint16, 4: getUint32 };
const readers: Readonly<Record<string, Readonly<Record<number, Read>>>> = {
  integer: integers,
  integers,
  reals: { 12: getFloat64 },
  text: { 2: getUint8 },
};

/** The most that the values of one tag may take: the offsets of a million strips. */
const maximumTagBytes = 4 * 2 ** 20;

/**
 * Reads the first directory of a classic TIFF file.
 * @throws InputError, with `where` = `path`, where the file is no TIFF, is a BigTIFF, or points outside itself
 */
export async function readTiffDirectory(
  source: ByteSource,
  path: string,
  todo: string,
): Promise<TiffDirectory> {
  const fail = (what: string, expected: string, got: string) =>
    new InputError({ what, where: path, expected, got, todo });
  const requireInside = (what: string, offset: number, length: number): void => {
    if (offset + length <= source.size) return;
    throw fail(
      `damaged TIFF: ${what} lies outside the file`,
      `${source.size} bytes`,
      `${offset} + ${length} bytes`,
    );
  };
  const view = async (offset: number, length: number): Promise<DataView> => {
    const part = await source.read(offset, length);
    return new DataView(part.buffer, part.byteOffset, part.byteLength);
  };

  const header = await view(0, Math.min(8, source.size));
  const order = header.byteLength < 8 ? 0 : header.getUint16(0);
  const little = order === 0x4949;
  if ((!little && order !== 0x4d4d) || header.getUint16(2, little) !== 42) {
    const start = Array.from({ length: Math.min(4, header.byteLength) }, (_, i) =>
      header.getUint8(i).toString(16).padStart(2, '0'),
    ).join(' ');
    throw fail('not a TIFF file', 'the bytes 49 49 2a 00 or 4d 4d 00 2a at its start', start);
  }
  const start = header.getUint32(4, little);
  requireInside('the image directory', start, 2);
  const count = (await view(start, 2)).getUint16(0, little);
  // The entries and the link to the next directory.
  requireInside('the image directory', start + 2, 12 * count + 4);
  const entries = await view(start + 2, 12 * count);

  const fields = new Map<number, readonly number[]>();
  for (let entry = 0; entry < 12 * count; entry += 12) {
    const tag = entries.getUint16(entry, little);
    const type = entries.getUint16(entry + 2, little);
    const length = entries.getUint32(entry + 4, little);
    const size = typeSizes[type] ?? 0;
    if (size === 0) throw fail(`damaged TIFF: tag ${tag} has an unknown type`, '1 to 13', `${type}`);
    const isInPlace = length * size <= 4;
    const offset = isInPlace ? start + 2 + entry + 8 : entries.getUint32(entry + 8, little);
    requireInside(`the value of tag ${tag}`, offset, length * size);
    if (fields.has(tag)) throw fail('damaged TIFF: a tag occurs twice', 'each tag once', `tag ${tag} twice`);
    const holds = holdsByCode.get(tag);
    if (holds === undefined) continue;
    const read = readers[holds][type];
    if (read === undefined || length === 0 || (holds === 'integer' && length > 1)) {
      const expected = holds === 'integer' ? 'one integer' : `${holds}, at least one`;
      throw fail(`damaged TIFF: tag ${tag} holds something else`, expected, `${length} of type ${type}`);
    }
    if (length * size > maximumTagBytes) {
      throw fail(`tag ${tag} is too large`, `at most ${maximumTagBytes} bytes`, `${length * size}`);
    }
    const values = await view(offset, length * size);
    fields.set(
      tag,
      Array.from({ length }, (_, index) => read.call(values, index * size, little)),
    );
  }
  return { littleEndian: little, values: (tag) => fields.get(tags[tag].code) ?? [] };
}
