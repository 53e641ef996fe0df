/** What a GeoTIFF says of its place on Earth and of its bands. */
import type { Fail } from '../../error.js';
import type { Georeference } from '../patch.js';
import type { TiffDirectory } from './tiffDirectory.js';
import type { PixelWindow } from './tiffLayout.js';

/** Where a part of an image lies. */
export function cornerOf(place: Georeference, { column, row }: PixelWindow): Georeference {
  const { left, top, pixelSize } = place;
  return { ...place, left: left + column * pixelSize[0], top: top - row * pixelSize[1] };
}

/** Where the image lies, and what its bands are called. */
export function factsOf(
  directory: TiffDirectory,
  samples: number,
  fail: Fail,
): { readonly georeference?: Georeference; readonly bandNames?: readonly string[] } {
  const georeference = georeferenceOf(directory, fail);
  const bandNames = bandNamesOf(directory, samples);
  return { ...(georeference && { georeference }), ...(bandNames && { bandNames }) };
}

/** GDAL keeps them as <Item name="DESCRIPTION" sample="0" role="description">B02</Item>, escaped twice. */
function bandNamesOf({ metadata }: TiffDirectory, samples: number): readonly string[] | undefined {
  const names = new Array<string>(samples).fill('');
  for (const [, attributes, text] of metadata.matchAll(/<Item\s([^<>]{0,200})>([^<>]{0,200})<\/Item>/g)) {
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

function georeferenceOf({ values }: TiffDirectory, fail: Fail): Georeference | undefined {
  const { scale, tiePoint } = placeOf(values, fail);
  if (scale.length === 0 && tiePoint.length === 0) return undefined;
  const [pixelWidth, pixelHeight] = scale;
  const [column, row, , x, y] = tiePoint;
  const numbers = [pixelWidth, pixelHeight, column, row, x, y];
  // Larger ones lie nowhere, and their sums and products would not be finite.
  const isOnEarth = numbers.every((value) => Math.abs(value) <= Number.MAX_SAFE_INTEGER);
  if (!isOnEarth || pixelWidth <= 0 || pixelHeight <= 0) {
    const expected = 'a positive pixel scale and a tie point that lies somewhere';
    const got = `scale [${scale.join(', ')}], tie point [${tiePoint.slice(0, 6).join(', ')}]`;
    throw fail('damaged georeference', expected, got);
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
 * Pixel scale and tie point, stated or taken from a 4 x 4 transformation without rotation: x = a column + d,
 * y = f row + h, stored as [a b c d, e f g h, ...]. InputError if it rotates or mirrors the image.
 */
function placeOf(
  values: TiffDirectory['values'],
  fail: Fail,
): { readonly scale: readonly number[]; readonly tiePoint: readonly number[] } {
  const matrix = values('modelTransformation');
  if (matrix.length === 0) return { scale: values('modelPixelScale'), tiePoint: values('modelTiepoint') };
  const [a, b, , d, e, f, , h] = matrix;
  if (matrix.length !== 16 || b !== 0 || e !== 0 || !(a > 0) || !(f < 0)) {
    const expected = 'an image with north at its top, as gdalwarp makes one';
    throw fail('unsupported georeference', expected, `the transformation [${matrix.slice(0, 8).join(', ')}]`);
  }
  return { scale: [a, -f], tiePoint: [0, 0, 0, d, h, 0] };
}
