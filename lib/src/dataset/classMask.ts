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
