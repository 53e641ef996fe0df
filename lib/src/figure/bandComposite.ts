/** Three bands of a patch as red, green and blue, each stretched by itself: false colour. */
import type { Patch } from '../dataset/patch.js';
import { InputError } from '../error.js';
import { magnitude, type Pixels, paintTrueColour } from './colour.js';

const gamma = 1.4;

/**
 * Each band runs from reflectance 0 to its own brightest half per cent, so that colours tell bands apart although one
 * reflects far more than another. InputError where the patch lacks a band.
 */
export function paintComposite(
  { name, bands, image }: Pick<Patch, 'name' | 'bands' | 'image'>,
  composite: readonly [red: string, green: string, blue: string],
): Pixels {
  const area = image.shape[1] * image.shape[2];
  const [red, green, blue] = composite.map((band) => {
    const index = bands.indexOf(band);
    if (index < 0) throw new InputError({ what: `no band ${band}`, where: name, got: bands.join(' ') });
    const values = image.data.subarray(index * area, (index + 1) * area);
    const high = Math.max(1, magnitude(values, 0.995));
    return values.map((value) => value / high);
  });
  return paintTrueColour([red, green, blue], { low: 0, high: 1 }, gamma);
}
