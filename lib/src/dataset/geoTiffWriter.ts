/** Writing a map or an image as a GeoTIFF: 32-bit floats, uncompressed, where it lies on Earth. */
import { requireLength } from '../check.js';
import { writeFileAtomic } from '../file.js';
import type { Georeference } from './patch.js';

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

export interface EncodeOptions {
  /** 1 unless told. */
  readonly bands?: number;
  readonly height: number;
  readonly width: number;
  /** Upper left corner and pixel size; left out, the file says nothing of where it lies. */
  readonly georeference?: Georeference;
}

/**
 * The bytes of a little-endian GeoTIFF, one band after the other (planar configuration 2).
 * @param map [bands x height x width], row-major
 */
export function encodeGeoTiff(
  map: Float32Array,
  { bands = 1, height, width, georeference }: EncodeOptions,
): Uint8Array {
  requireLength(map, bands * height * width, 'map');
  const pixelBytes = 4 * map.length;
  const bandBytes = 4 * height * width;
  const each = <T>(value: (band: number) => T): T[] =>
    Array.from({ length: bands }, (_, band) => value(band));
  const fields: Field[] = [
    { tag: 256, type: 'long', values: [width] },
    { tag: 257, type: 'long', values: [height] },
    { tag: 258, type: 'short', values: each(() => 32) },
    { tag: 259, type: 'short', values: [1] },
    { tag: 262, type: 'short', values: [1] },
    // Pixels follow the 8 bytes of the header.
    { tag: 273, type: 'long', values: each((band) => 8 + band * bandBytes) },
    { tag: 277, type: 'short', values: [bands] },
    { tag: 278, type: 'long', values: [height] },
    { tag: 279, type: 'long', values: each(() => bandBytes) },
    { tag: 284, type: 'short', values: [bands === 1 ? 1 : 2] },
    // What bands beyond the first are: nothing that TIFF has a word for.
    ...(bands === 1 ? [] : [{ tag: 338, type: 'short', values: each(() => 0).slice(1) } as const]),
    { tag: 339, type: 'short', values: each(() => 3) },
    ...(georeference === undefined ? [] : placeFields(georeference)),
  ];
  fields.sort((a, b) => a.tag - b.tag);

  const contents = fields.map(contentOf);
  const directory = 8 + pixelBytes;
  let end = directory + 2 + 12 * fields.length + 4;
  const places = contents.map(({ length }) => {
    if (length <= 4) return undefined;
    const place = end;
    end += length + (length % 2);
    return place;
  });

  const file = new Uint8Array(end);
  const view = new DataView(file.buffer);
  file.set([0x49, 0x49, 42, 0]);
  view.setUint32(4, directory, true);
  for (const [i, value] of map.entries()) view.setFloat32(8 + 4 * i, value, true);
  view.setUint16(directory, fields.length, true);
  for (const [i, field] of fields.entries()) {
    const entry = directory + 2 + 12 * i;
    const content = contents[i];
    view.setUint16(entry, field.tag, true);
    view.setUint16(entry + 2, typeCodes[field.type], true);
    view.setUint32(entry + 4, content.length / sizes[field.type], true);
    const place = places[i];
    if (place === undefined) file.set(content, entry + 8);
    else {
      view.setUint32(entry + 8, place, true);
      file.set(content, place);
    }
  }
  return file;
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
