/** Writing a map or an image as a GeoTIFF: 32-bit floats, uncompressed, where it lies on Earth. */
import { requireCount, requireLength } from '../../check.js';
import { InputError } from '../../error.js';
import { openPending, writeError, writeFileAtomic } from '../../io/file.js';
import type { Georeference } from '../patch.js';

// The package geotiff writes too, but lays an image without georeference over the whole globe.

type Field =
  | { readonly tag: number; readonly type: 'short' | 'long' | 'double'; readonly values: readonly number[] }
  | { readonly tag: number; readonly type: 'ascii'; readonly text: string };

const typeCodes = { ascii: 2, short: 3, long: 4, double: 12 } as const;
const sizes = { ascii: 1, short: 2, long: 4, double: 8 } as const;

/** GeoKeys: model type projected (1) or geographic (2), pixels are areas, and the EPSG code of the system. */
function geoKeys(epsg: number): number[] {
  const isGeographic = epsg >= 4000 && epsg < 5000;
  const keys = [
    [1024, isGeographic ? 2 : 1],
    [1025, 1],
    [isGeographic ? 2048 : 3072, epsg],
  ];
  return [1, 1, 0, keys.length, ...keys.flatMap(([key, value]) => [key, 0, 1, value])];
}

function placeFields({ left, top, pixelSize, epsg, projection }: Georeference): Field[] {
  return [
    { tag: 33550, type: 'double', values: [pixelSize[0], pixelSize[1], 0] },
    { tag: 33922, type: 'double', values: [0, 0, 0, left, top, 0] },
    ...(epsg === undefined ? [] : [{ tag: 34735, type: 'short', values: geoKeys(epsg) } as const]),
    // Without a code the projection is at least readable: ImageDescription.
    ...(epsg === undefined && projection !== undefined
      ? [{ tag: 270, type: 'ascii', text: projection } as const]
      : []),
  ];
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (character) => escapes[character]);

/** The names as GDAL keeps them: escaped twice. */
function nameField(names: readonly string[]): Field {
  const items = names.map((name, band) => {
    const text = escapeXml(escapeXml(name));
    return `  <Item name="DESCRIPTION" sample="${band}" role="description">${text}</Item>\n`;
  });
  return { tag: 42112, type: 'ascii', text: `<GDALMetadata>\n${items.join('')}</GDALMetadata>\n` };
}

export interface EncodeOptions {
  /** Default: 1. */
  readonly bands?: number;
  readonly height: number;
  readonly width: number;
  /** Upper left corner and pixel size; left out, the file says nothing of where it lies. */
  readonly georeference?: Georeference;
  /** The name of each band, which GDAL and QGIS show as its description. */
  readonly bandNames?: readonly string[];
}

/**
 * The bytes of a little-endian GeoTIFF, one band after the other (planar configuration 2).
 * @param map [bands x height x width], row-major
 * @throws InputError if the number of values or names is another, or the file would reach 4 GiB
 */
export function encodeGeoTiff(map: Float32Array, options: EncodeOptions): Uint8Array {
  const { bands = 1, height, width } = options;
  requireLength(map, bands * height * width, 'map');
  const { header, directory } = encodeDirectory(options);
  const pixelBytes = 4 * map.length;
  const file = new Uint8Array(header.length + pixelBytes + directory.length);
  file.set(header);
  const view = new DataView(file.buffer);
  for (const [i, value] of map.entries()) view.setFloat32(header.length + 4 * i, value, true);
  file.set(directory, header.length + pixelBytes);
  return file;
}

export interface GeoTiffSink {
  /** Appends rows below the last ones: values [bands, rows, width]. */
  write(values: Float32Array): Promise<void>;
  /** Gives the file its name. InputError if rows are missing. */
  commit(): Promise<void>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

/**
 * Opens a GeoTIFF to be written from top to bottom, of any height in the same memory. Until `commit` nothing has its
 * name.
 * @throws InputError if the file cannot be written, or would reach 4 GiB
 */
export async function createGeoTiff(path: string, options: EncodeOptions): Promise<GeoTiffSink> {
  const { bands = 1, height, width } = options;
  const { header, directory } = encodeDirectory(options);
  const file = await openPending(path);
  const writeAt = async (bytes: Uint8Array, position: number): Promise<void> => {
    try {
      await file.handle.write(bytes, 0, bytes.length, position);
    } catch (thrown) {
      await file.discard();
      throw writeError(path, thrown);
    }
  };
  await writeAt(header, 0);
  let written = 0;
  return {
    async write(values) {
      const rows = values.length / (bands * width);
      requireCount(rows, `${path}, rows to write`);
      if (written + rows > height) requireLength({ length: written + rows }, height, `${path}, rows`);
      for (let band = 0; band < bands; band++) {
        const part = values.subarray(band * rows * width, (band + 1) * rows * width);
        const bytes = new DataView(new ArrayBuffer(4 * part.length));
        for (const [i, value] of part.entries()) bytes.setFloat32(4 * i, value, true);
        const position = header.length + 4 * width * (band * height + written);
        await writeAt(new Uint8Array(bytes.buffer), position);
      }
      written += rows;
    },
    async commit() {
      requireLength({ length: written }, height, `${path}, rows`);
      await writeAt(directory, header.length + 4 * bands * height * width);
      await file.commit();
    },
    discard: () => file.discard(),
  };
}

/** About the length of a strip. */
const stripBytes = 2 ** 16;

/** What stands before and after the pixels. */
function encodeDirectory({ bands = 1, height, width, georeference, bandNames }: EncodeOptions): {
  readonly header: Uint8Array;
  readonly directory: Uint8Array;
} {
  for (const count of [bands, height, width]) requireCount(count, 'GeoTIFF, bands, height and width');
  if (bandNames !== undefined) requireLength(bandNames, bands, 'GeoTIFF, names of bands');
  const bandBytes = 4 * height * width;
  const start = 8 + bands * bandBytes;
  const each = <T>(value: (band: number) => T): T[] =>
    Array.from({ length: bands }, (_, band) => value(band));
  // Short strips, so that a part can be read alone; they lie one behind the other.
  const rowBytes = 4 * width;
  const stripRows = Math.min(height, Math.max(1, Math.floor(stripBytes / rowBytes)));
  const starts = Array.from({ length: Math.ceil(height / stripRows) }, (_, strip) => strip * stripRows);
  const lengths = starts.map((row) => Math.min(stripRows, height - row) * rowBytes);
  // Pixels follow the 8 bytes of the header.
  const offsetsOf = (bandStart: number): number[] => starts.map((row) => bandStart + row * rowBytes);
  const fields: Field[] = [
    { tag: 256, type: 'long', values: [width] },
    { tag: 257, type: 'long', values: [height] },
    { tag: 258, type: 'short', values: each(() => 32) },
    { tag: 259, type: 'short', values: [1] },
    { tag: 262, type: 'short', values: [1] },
    { tag: 273, type: 'long', values: each((band) => offsetsOf(8 + band * bandBytes)).flat() },
    { tag: 277, type: 'short', values: [bands] },
    { tag: 278, type: 'long', values: [stripRows] },
    { tag: 279, type: 'long', values: each(() => lengths).flat() },
    { tag: 284, type: 'short', values: [bands === 1 ? 1 : 2] },
    // What bands beyond the first are: nothing that TIFF has a word for.
    ...(bands === 1 ? [] : [{ tag: 338, type: 'short', values: each(() => 0).slice(1) } as const]),
    { tag: 339, type: 'short', values: each(() => 3) },
    ...(georeference === undefined ? [] : placeFields(georeference)),
    ...(bandNames === undefined ? [] : [nameField(bandNames)]),
  ];
  fields.sort((a, b) => a.tag - b.tag);

  const contents = fields.map(contentOf);
  let end = start + 2 + 12 * fields.length + 4;
  const places = contents.map(({ length }) => {
    if (length <= 4) return undefined;
    const place = end;
    end += length + (length % 2);
    return place;
  });
  if (end >= 2 ** 32) {
    throw new InputError({
      what: 'too large for a GeoTIFF',
      where: `${bands} bands of ${width} x ${height} pixels`,
      expected: 'less than 4 GiB',
      got: `${end} bytes`,
      todo: 'Write fewer bands into one file, or a part of the image.',
    });
  }

  const header = new Uint8Array([0x49, 0x49, 42, 0, 0, 0, 0, 0]);
  new DataView(header.buffer).setUint32(4, start, true);
  const directory = new Uint8Array(end - start);
  const view = new DataView(directory.buffer);
  view.setUint16(0, fields.length, true);
  for (const [i, field] of fields.entries()) {
    const entry = 2 + 12 * i;
    const content = contents[i];
    view.setUint16(entry, field.tag, true);
    view.setUint16(entry + 2, typeCodes[field.type], true);
    view.setUint32(entry + 4, content.length / sizes[field.type], true);
    const place = places[i];
    if (place === undefined) directory.set(content, entry + 8);
    else {
      view.setUint32(entry + 8, place, true);
      directory.set(content, place - start);
    }
  }
  return { header, directory };
}

/** Writes the GeoTIFF, whole or not at all; folders on the way are made. */
export async function writeGeoTiff(path: string, map: Float32Array, options: EncodeOptions): Promise<void> {
  await writeFileAtomic(path, encodeGeoTiff(map, options));
}

function contentOf(field: Field): Uint8Array {
  if (field.type === 'ascii') return new TextEncoder().encode(`${field.text}\0`);
  const size = sizes[field.type];
  const content = new Uint8Array(size * field.values.length);
  const view = new DataView(content.buffer);
  for (const [i, value] of field.values.entries()) {
    if (field.type === 'short') view.setUint16(i * size, value, true);
    else if (field.type === 'long') view.setUint32(i * size, value, true);
    else view.setFloat64(i * size, value, true);
  }
  return content;
}
