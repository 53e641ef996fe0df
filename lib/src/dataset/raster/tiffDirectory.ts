/** The first image directory of a TIFF or BigTIFF file: every count and offset is checked before geotiff reads it. */
import { GeoTIFF } from 'geotiff';
import { type Fail, InputError, messageOf } from '../../error.js';
import type { ByteSource } from '../../io/byteSource.js';

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
  /** The numbers stored under a tag, at least one; none if the tag is absent. */
  values(tag: Exclude<TiffTag, 'gdalMetadata'>): readonly number[];
  /** GDAL's metadata, an XML text; '' if there is none. */
  readonly metadata: string;
  /** Sizes of the file's overviews, the same image coarser; landlens reads none of them. */
  overviews(): Promise<readonly { readonly width: number; readonly height: number }[]>;
}

const holdsByCode = new Map<number, string>(Object.values(tags).map(({ code, holds }) => [code, holds]));

/** Bytes per value of each TIFF field type: 1 BYTE to 13 IFD, 16 LONG8 to 18 IFD8. */
const typeSizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

/** Field types that a tag may have: 2 ASCII; 3 SHORT, 4 LONG, 16 LONG8; 12 DOUBLE. */
const integerTypes = [3, 4, 16];
const typesOf: Readonly<Record<string, readonly number[]>> = {
  integer: integerTypes,
  integers: integerTypes,
  reals: [12],
  text: [2],
};

/** The most that the values of one tag may take: the offsets of a million strips, of half a million tiles of a BigTIFF. */
const maximumTagBytes = 4 * 2 ** 20;

/** The same for tags that nobody asks for here, but which geotiff may load: embedded profiles and descriptions. */
const maximumOtherBytes = 16 * 2 ** 20;

/** The most entries that a directory may have; TIFF and GDAL together define some 150 tags. */
const maximumEntries = 4096;

const maximumOverviews = 32;

interface Entry {
  readonly tag: number;
  /** The value itself if it is one integer, else 0. */
  readonly value: number;
}

/**
 * Reads the first directory.
 * @throws InputError, by `fail`, if the file is no TIFF, points outside itself or claims more than it can hold
 */
export async function readTiffDirectory(source: ByteSource, fail: Fail): Promise<TiffDirectory> {
  const requireWithin = (what: string, offset: number, length: number): void => {
    if (offset + length <= source.size) return;
    throw fail(
      `damaged TIFF: ${what} lies outside the file`,
      `${source.size} bytes`,
      `${offset} + ${length} bytes`,
    );
  };
  const view = async (what: string, offset: number, length: number): Promise<DataView> => {
    requireWithin(what, offset, length);
    const part = await source.read(offset, length);
    return new DataView(part.buffer, part.byteOffset, part.byteLength);
  };

  const head = await view('the header', 0, Math.min(16, source.size));
  const order = head.byteLength < 8 ? 0 : head.getUint16(0);
  const little = order === 0x4949;
  const version = order === 0x4949 || order === 0x4d4d ? head.getUint16(2, little) : 0;
  const isBig = version === 43 && head.byteLength === 16 && head.getUint16(4, little) === 8;
  if (version !== 42 && !isBig) {
    const start = Buffer.from(head.buffer, head.byteOffset, Math.min(4, head.byteLength)).toString('hex');
    const expected = 'the bytes 49 49 2a 00 or 4d 4d 00 2a (or 2b for 2a) at its start';
    throw fail('not a TIFF file', expected, start.replace(/..(?=.)/g, '$& '));
  }
  // A BigTIFF has 8 bytes where TIFF has 4. Beyond 2^53 they are inexact, but far outside any file.
  const wordBytes = isBig ? 8 : 4;
  const countBytes = isBig ? 8 : 2;
  const entryBytes = isBig ? 20 : 12;
  const word = (from: DataView, offset: number): number =>
    isBig ? Number(from.getBigUint64(offset, little)) : from.getUint32(offset, little);

  /** The entries of the directory at an offset, all checked, and where the next one is. */
  const check = async (start: number): Promise<{ entries: readonly Entry[]; next: number }> => {
    const counted = await view('the image directory', start, countBytes);
    const count = isBig ? word(counted, 0) : counted.getUint16(0, little);
    if (count > maximumEntries)
      throw fail('damaged TIFF: too many tags', `at most ${maximumEntries}`, `${count}`);
    const bytes = await view('the image directory', start + countBytes, entryBytes * count + wordBytes);
    const entries = Array.from({ length: count }, (_, i): Entry => {
      const at = entryBytes * i;
      const tag = bytes.getUint16(at, little);
      const type = bytes.getUint16(at + 2, little);
      const length = word(bytes, at + 4);
      const size = typeSizes[type] ?? 0;
      if (size === 0) throw fail(`damaged TIFF: tag ${tag} has an unknown type`, '1 to 13', `${type}`);
      const place = at + 4 + wordBytes;
      const offset = length * size <= wordBytes ? 0 : word(bytes, place);
      requireWithin(`the value of tag ${tag}`, offset, length * size);
      const holds = holdsByCode.get(tag);
      const isWrong =
        holds !== undefined &&
        (!typesOf[holds].includes(type) || length === 0 || (holds === 'integer' && length > 1));
      if (isWrong) {
        const expected = holds === 'integer' ? 'one integer' : `${holds}, at least one`;
        throw fail(`damaged TIFF: tag ${tag} holds something else`, expected, `${length} of type ${type}`);
      }
      const most = holds === undefined ? maximumOtherBytes : maximumTagBytes;
      if (length * size > most)
        throw fail(`tag ${tag} is too large`, `at most ${most} bytes`, `${length * size}`);
      const isInteger = length === 1 && integerTypes.includes(type);
      const value =
        size === 2 ? bytes.getUint16(place, little) : size === 4 ? bytes.getUint32(place, little) : 0;
      return { tag, value: isInteger ? value : 0 };
    });
    const seen = new Set<number>();
    for (const { tag } of entries) {
      if (seen.has(tag)) throw fail('damaged TIFF: a tag occurs twice', 'each tag once', `tag ${tag} twice`);
      seen.add(tag);
    }
    return { entries, next: word(bytes, entryBytes * count) };
  };

  const start = word(head, isBig ? 8 : 4);
  const first = await check(start);
  const fields = new Map<number, readonly number[]>();
  let metadata = '';
  try {
    const tiff = await GeoTIFF.fromSource(sourceOf(source));
    const { fileDirectory } = await tiff.getImage(0);
    for (const { tag } of first.entries) {
      if (!holdsByCode.has(tag)) continue;
      const value: unknown = await fileDirectory.loadValue(tag);
      if (typeof value === 'string') metadata = value;
      else fields.set(tag, numbersOf(value));
    }
  } catch (thrown) {
    if (thrown instanceof InputError) throw thrown;
    throw fail(`damaged TIFF: ${messageOf(thrown)}`);
  }
  return {
    littleEndian: little,
    values: (tag) => fields.get(tags[tag].code) ?? [],
    metadata,
    async overviews() {
      const found: { readonly width: number; readonly height: number }[] = [];
      let next = first.next;
      for (let i = 0; i < maximumOverviews && next !== 0; i++) {
        const directory = await check(next);
        const integer = (code: number): number =>
          directory.entries.find(({ tag }) => tag === code)?.value ?? 0;
        // NewSubfileType: bit 0 marks a reduced image, bit 2 a mask.
        if ((integer(254) & 5) === 1) found.push({ width: integer(256), height: integer(257) });
        next = directory.next;
      }
      return found;
    },
  };
}

function numbersOf(value: unknown): readonly number[] {
  if (typeof value === 'number') return [value];
  const list = Array.isArray(value) || ArrayBuffer.isView(value) ? Array.from(Object(value), Number) : [];
  if (list.length > 0) return list;
  throw new Error('a value that is no number');
}

/** What geotiff reads from; it asks for more than the file holds, and gets what there is. */
function sourceOf({ size, read }: ByteSource): Parameters<typeof GeoTIFF.fromSource>[0] {
  const fetchSlice = async ({ offset, length }: { offset: number; length: number }) => {
    const bytes = await read(Math.min(offset, size), Math.max(0, Math.min(length, size - offset)));
    return { offset, length, data: Uint8Array.from(bytes).buffer };
  };
  return {
    fetchSlice,
    fetch: async (slices) => Promise.all(slices.map(async (slice) => (await fetchSlice(slice)).data)),
    fileSize: size,
    close: async () => undefined,
  };
}
