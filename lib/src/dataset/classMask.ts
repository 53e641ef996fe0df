/** Where a class truly is in a patch. */
import type { Dataset, Patch } from './patch.js';

/**
 * The true mask of a class, found by the class's name.
 * @param dataset whose class order the patch's masks follow
 * @returns 0 or 1 per pixel [height x width]; undefined if masks are not known or the class is nowhere
 * @example maskOf(patch, 'Marine waters', data)
 */
export function maskOf(
  { masks, image }: Pick<Patch, 'masks' | 'image'>,
  className: string,
  { classes }: Pick<Dataset, 'classes'>,
): Uint8Array | undefined {
  const index = classes.indexOf(className);
  if (masks === undefined || index < 0) return undefined;
  const size = image.shape[1] * image.shape[2];
  const mask = masks.subarray(index * size, (index + 1) * size);
  return mask.some((value) => value !== 0) ? mask : undefined;
}

/** Share of the pixels inside a mask, 0 to 1. */
export const maskShare = (mask: ArrayLike<number>): number => {
  let inside = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) inside++;
  return inside / mask.length;
};

/**
 * One 0/1 mask per class [classes, ...map] of a map of land-cover codes.
 * @param classOf the class of a code, -1 where it belongs to none
 */
export function masksOfCodes(
  codes: Float32Array,
  classes: number,
  classOf: (code: number, pixel: number) => number,
): Uint8Array {
  const masks = new Uint8Array(classes * codes.length);
  for (const [pixel, code] of codes.entries()) {
    const index = classOf(code, pixel);
    if (index >= 0) masks[index * codes.length + pixel] = 1;
  }
  return masks;
}
