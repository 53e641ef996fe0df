/** The pixel-level reference map of a BigEarthNet v2 patch: CORINE codes, turned into one mask per class. */
import { InputError } from '../../error.js';
import type { Georeference } from '../patch.js';
import { readGeoTiff } from '../raster/geoTiff.js';
import { class19OfCode } from './corineCodes.js';
import { classes19 } from './labels.js';
import { checkSamePlace, patchSize } from './patchBands.js';

/**
 * One 0/1 mask per class of the 19, [19, 120, 120], of a map of CORINE codes. Codes of no class are in no mask.
 * @throws InputError if a pixel holds no CORINE code
 */
export function masksOfCodes(codes: Float32Array, where: string, todo: string): Uint8Array {
  const pixels = patchSize * patchSize;
  const masks = new Uint8Array(classes19.length * pixels);
  for (const [pixel, code] of codes.entries()) {
    const index = class19OfCode(code);
    if (index === undefined) {
      throw new InputError({
        what: 'a pixel holds no code of CORINE Land Cover',
        where,
        expected: 'level 3 codes such as 111 or 523, or 999 where there is none',
        got: `${code} at pixel ${pixel}`,
        todo,
      });
    }
    if (index >= 0) masks[index * pixels + pixel] = 1;
  }
  return masks;
}

/**
 * Reads `<patch>_reference_map.tif`.
 * @throws InputError if it is damaged, holds unknown codes, or lies elsewhere than the patch
 */
export async function readReferenceMap(
  path: string,
  reference: Georeference | undefined,
  todo: string,
): Promise<Uint8Array> {
  const { pixels, georeference } = await readGeoTiff(path, { width: patchSize, height: patchSize, todo });
  if (georeference !== undefined && reference !== undefined)
    checkSamePlace(georeference, reference, path, todo);
  return masksOfCodes(pixels, path, todo);
}
