/** Writing a map or an image as a GeoTIFF: 32-bit floats, uncompressed, where it lies on Earth. */
import { requireCount, requireLength } from '../../check.js';
import { failAt } from '../../error.js';
import { openPending, writeError, writeFileAtomic } from '../../io/file.js';
import type { Georeference } from '../patch.js';

// The package geotiff writes too, but lays an image without georeference over the whole globe.

/** TIFF's code of each type of field, and the bytes of a value. */
const types = { ascii: [2, 1], short: [3, 2], long: [4, 4], double: [12, 8] } as const;

type Field = readonly [tag: number, type: keyof typeof types, values: ArrayLike<number>];

const asciiField = (tag: number, text: string): Field => [
  tag,
  'ascii',
  new TextEncoder().encode(`${text}\0`),
];

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

function placeFields({ left, top, pixelSize, epsg, projection }: Georeference): readonly Field[] {
  const scale: Field = [33550, 'double', [pixelSize[0], pixelSize[1], 0]];
  const tiePoint: Field = [33922, 'double', [0, 0, 0, left, top, 0]];
  if (epsg !== undefined) return [scale, tiePoint, [34735, 'short', geoKeys(epsg)]];
  // Without a code the projection is at least readable: ImageDescription.
  return [scale, tiePoint, ...(projection === undefined ? [] : [asciiField(270, projection)])];
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (character) => escapes[character]);

/** The names as GDAL keeps them: escaped twice. */
function nameField(names: readonly string[]): Field {
  const items = names.map((name, band) => {
    const text = escapeXml(escapeXml(name));
    return `  <Item name="DESCRIPTION" sample="${band}" role="description">${text}</Item>\n`;
  });
  return asciiField(42112, `<GDALMetadata>\n${items.join('')}</GDALMetadata>\n`);
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
  const file = new Uint8Array(header.length + 4 * map.length + directory.length);
  file.set(header);
  file.set(bytesOf(map), header.length);
  file.set(directory, header.length + 4 * map.length);
  return file;
}

function bytesOf(values: Float32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [i, value] of values.entries()) view.setFloat32(4 * i, value, true);
  return new Uint8Array(view.buffer);
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
        await writeAt(bytesOf(part), header.length + 4 * width * (band * height + written));
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
    [256, 'long', [width]],
    [257, 'long', [height]],
    [258, 'short', each(() => 32)],
    [259, 'short', [1]],
    [262, 'short', [1]],
    [273, 'long', each((band) => offsetsOf(8 + band * bandBytes)).flat()],
    [277, 'short', [bands]],
    [278, 'long', [stripRows]],
    [279, 'long', each(() => lengths).flat()],
    [284, 'short', [bands === 1 ? 1 : 2]],
    [339, 'short', each(() => 3)],
    ...(georeference === undefined ? [] : placeFields(georeference)),
    ...(bandNames === undefined ? [] : [nameField(bandNames)]),
  ];
  // What bands beyond the first are: nothing that TIFF has a word for.
  if (bands > 1) fields.push([338, 'short', each(() => 0).slice(1)]);
  fields.sort(([a], [b]) => a - b);

  const contents = fields.map(contentOf);
  let end = start + 2 + 12 * fields.length + 4;
  const places = contents.map(({ length }) => {
    if (length <= 4) return undefined;
    const place = end;
    end += length + (length % 2);
    return place;
  });
  if (end >= 2 ** 32) {
    const todo = 'Write fewer bands into one file, or a part of the image.';
    const fail = failAt(`${bands} bands of ${width} x ${height} pixels`, todo);
    throw fail('too large for a GeoTIFF', 'less than 4 GiB', `${end} bytes`);
  }

  const header = new Uint8Array([0x49, 0x49, 42, 0, 0, 0, 0, 0]);
  new DataView(header.buffer).setUint32(4, start, true);
  const directory = new Uint8Array(end - start);
  const view = new DataView(directory.buffer);
  view.setUint16(0, fields.length, true);
  for (const [i, [tag, type, { length }]] of fields.entries()) {
    const entry = 2 + 12 * i;
    const content = contents[i];
    view.setUint16(entry, tag, true);
    view.setUint16(entry + 2, types[type][0], true);
    view.setUint32(entry + 4, length, true);
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

function contentOf([, type, values]: Field): Uint8Array {
  const [, size] = types[type];
  const content = new DataView(new ArrayBuffer(size * values.length));
  for (let i = 0; i < values.length; i++) {
    if (type === 'ascii') content.setUint8(i, values[i]);
    else if (type === 'short') content.setUint16(i * size, values[i], true);
    else if (type === 'long') content.setUint32(i * size, values[i], true);
    else content.setFloat64(i * size, values[i], true);
  }
  return new Uint8Array(content.buffer);
}
