/** The 12 bands of one BigEarthNet patch as one image on the 10 m grid, from whatever holds the bands. */
import { type Fail, failAt } from '../../error.js';
import { type Tensor, zeros } from '../../tensor.js';
import { masksOfCodes } from '../classMask.js';
import { bandResolution, type Georeference, sentinel2Bands } from '../patch.js';
import { requireDigitalNumbers } from '../raster/digitalNumbers.js';
import { readGeoTiff } from '../raster/geoTiff.js';
import { type Resampling, upsample } from '../raster/resample.js';
import { class19OfCode, classes19 } from './labels.js';

/** Side of a patch on the 10 m grid, in pixels. */
export const patchSize = 120;

/** One band as stored: 120, 60 or 20 pixels a side. */
export interface StoredBand {
  readonly pixels: Float32Array;
  /** The file or record that errors name. */
  readonly where: string;
  readonly georeference?: Georeference;
}

/** How bands become an image, and what the user can do where one is damaged. */
export interface PatchBandsOptions {
  readonly resampling: Resampling;
  readonly todo: string;
}

export interface PatchBands {
  /** [12, 120, 120] in the order of `sentinel2Bands`, digital numbers as stored. */
  readonly image: Tensor;
  /** That of band B02. */
  readonly georeference?: Georeference;
}

/**
 * Stacks 12 bands and checks that they hold digital numbers and lie on the same ground.
 * @throws InputError whatever `readBand` throws, or naming the band that is wrong
 */
export async function stackBands(
  readBand: (band: (typeof sentinel2Bands)[number], side: number) => Promise<StoredBand> | StoredBand,
  { resampling, todo }: PatchBandsOptions,
): Promise<PatchBands> {
  const image = zeros([sentinel2Bands.length, patchSize, patchSize]);
  const places: { readonly band: string; readonly where: string; readonly georeference: Georeference }[] = [];
  // One after the other, so that of several damaged bands always the first is reported.
  for (const [index, band] of sentinel2Bands.entries()) {
    const factor = bandResolution[band] / 10;
    const side = patchSize / factor;
    const { pixels, where, georeference } = await readBand(band, side);
    requireDigitalNumbers(pixels, failAt(where, todo));
    image.data.set(upsample(pixels, [side, side], factor, resampling), index * patchSize * patchSize);
    if (georeference !== undefined) places.push({ band, where, georeference });
  }
  const reference = places.find(({ band }) => band === 'B02')?.georeference;
  if (reference === undefined) return { image };
  for (const { where, georeference } of places) checkSamePlace(georeference, reference, failAt(where, todo));
  return { image, georeference: reference };
}

/** Reads `<stem>_B01.tif` to `<stem>_B12.tif`, one GeoTIFF per band, as both versions are distributed. */
export function readPatchBands(stem: string, options: PatchBandsOptions): Promise<PatchBands> {
  return stackBands(async (band, side) => {
    const where = `${stem}_${band}.tif`;
    const { pixels, georeference } = await readGeoTiff(where, {
      width: side,
      height: side,
      todo: options.todo,
    });
    return { pixels, where, georeference };
  }, options);
}

/** [left, top, right, bottom] of a square of `side` pixels. */
export function corners({ left, top, pixelSize }: Georeference, side: number): readonly number[] {
  return [left, top, left + side * pixelSize[0], top - side * pixelSize[1]];
}

/** Half a 10 m pixel: corners that differ by less are the same corner written with rounding. */
const tolerance = 5;

export function sameCorners(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, index) => Math.abs(value - b[index]) <= tolerance);
}

/** InputError, by `fail`, unless a band or map covers the same ground as band B02 of its patch. */
function checkSamePlace(georeference: Georeference, reference: Georeference, fail: Fail): void {
  const side = Math.round((patchSize * reference.pixelSize[0]) / georeference.pixelSize[0]);
  const [expected, got] = [corners(reference, patchSize), corners(georeference, side)];
  if (sameCorners(expected, got) && georeference.epsg === reference.epsg) return;
  throw fail(
    'the band lies elsewhere than band B02 of its patch',
    `corners [${expected.join(', ')}], EPSG ${reference.epsg}`,
    `[${got.join(', ')}], EPSG ${georeference.epsg}`,
  );
}

/**
 * One 0/1 mask per class of the 19, [19, 120, 120], of a map of CORINE codes. Codes of no class are in no mask.
 * @throws InputError if a pixel holds no CORINE code
 */
export const corineMasks = (codes: Float32Array, fail: Fail): Uint8Array =>
  masksOfCodes(codes, classes19.length, (code, pixel) => {
    const expected = 'level 3 codes such as 111 or 523, or 999 where there is none';
    const index = class19OfCode(code);
    if (index !== undefined) return index;
    throw fail('a pixel holds no code of CORINE Land Cover', expected, `${code} at pixel ${pixel}`);
  });

/**
 * Reads `<patch>_reference_map.tif`, the pixel-level reference map of a patch of BigEarthNet v2.
 * @throws InputError if it is damaged, holds unknown codes, or lies elsewhere than the patch
 */
export async function readReferenceMap(
  path: string,
  reference: Georeference | undefined,
  todo: string,
): Promise<Uint8Array> {
  const { pixels, georeference } = await readGeoTiff(path, { width: patchSize, height: patchSize, todo });
  const fail = failAt(path, todo);
  if (georeference && reference) checkSamePlace(georeference, reference, fail);
  return corineMasks(pixels, fail);
}
