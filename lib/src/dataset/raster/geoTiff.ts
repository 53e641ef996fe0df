/** Reading one GeoTIFF: its pixels, and where it lies on Earth. */

import { InputError, messageOf } from '../../error.js';
import { readBoundedFile } from '../../io/boundedFile.js';
import { type Georeference, maximumValues } from '../patch.js';
import { bytesInMemory, readTiffDirectory, type TiffDirectory } from './tiffDirectory.js';
import { blocksIn, copyBlock, decodeBlock, layoutOf } from './tiffLayout.js';

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
  /** The name of each band, where the file gives any (GDAL's band descriptions); '' for a band without. */
  readonly bandNames?: readonly string[];
  /** Absent where the file has no pixel scale and tie point. */
  readonly georeference?: Georeference;
}

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
  const directory = await readTiffDirectory(bytesInMemory(bytes), path, todo);
  const { width, height, samples = 1 } = sizeOf(directory);
  const layout = layoutOf(directory, { path, width, height, samples, fileSize: bytes.length, todo });
  const facts = factsOf(directory, path, samples, todo);
  const whole = { column: 0, row: 0, width, height };
  const pixels = new Float32Array(samples * height * width);
  try {
    for (const block of blocksIn(layout, whole)) {
      const start = layout.offsets[block];
      const stored = bytes.subarray(start, start + layout.byteCounts[block]);
      copyBlock(block, decodeBlock(stored, layout), layout, whole, pixels);
    }
  } catch (thrown) {
    throw new InputError({ what: `pixels that cannot be decoded: ${messageOf(thrown)}`, where: path, todo });
  }
  return { pixels, width, height, samples, ...facts };
}

/** Where the image lies, and what its bands are called. */
export function factsOf(
  directory: TiffDirectory,
  path: string,
  samples: number,
  todo: string,
): Pick<GeoTiff, 'georeference' | 'bandNames'> {
  const georeference = georeferenceOf(directory, path, todo);
  const bandNames = bandNamesOf(directory, samples);
  return {
    ...(georeference === undefined ? {} : { georeference }),
    ...(bandNames === undefined ? {} : { bandNames }),
  };
}

/** GDAL keeps them as <Item name="DESCRIPTION" sample="0" role="description">B02</Item>, escaped twice. */
function bandNamesOf({ values }: TiffDirectory, samples: number): readonly string[] | undefined {
  const xml = new TextDecoder().decode(Uint8Array.from(values('gdalMetadata')));
  const names = new Array<string>(samples).fill('');
  for (const [, attributes, text] of xml.matchAll(/<Item\s([^<>]{0,200})>([^<>]{0,200})<\/Item>/g)) {
    const sample = /\bsample="(\d{1,5})"/.exec(attributes);
    if (!/\brole="description"/.test(attributes) || sample === null) continue;
    if (Number(sample[1]) < samples) names[Number(sample[1])] = unescapeXml(unescapeXml(text)).trim();
  }
  return names.some((name) => name !== '') ? names : undefined;
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function unescapeXml(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => entities[name]);
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
  // Larger ones lie nowhere, and their sums and products would not be finite.
  const isOnEarth = numbers.every((value) => Math.abs(value) <= Number.MAX_SAFE_INTEGER);
  if (!isOnEarth || pixelWidth <= 0 || pixelHeight <= 0) {
    throw new InputError({
      what: 'damaged georeference',
      where: path,
      expected: 'a positive pixel scale and a tie point that lies somewhere',
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
