/** Three bands of a patch as red, green and blue, each stretched by itself: false colour. */
import { magnitude, type Pixels, paintTrueColour } from './colour.js';
import { bandOf, gamma, type Pictured } from './patchPicture.js';

/**
 * Each band runs from reflectance 0 to its own brightest half per cent, so that colours tell bands apart although one
 * reflects far more than another. InputError where the patch lacks a band.
 */
export function paintComposite(
  patch: Pictured,
  composite: readonly [red: string, green: string, blue: string],
): Pixels {
  const [red, green, blue] = composite.map((band) => {
    const values = bandOf(patch, band);
    const high = Math.max(1, magnitude(values, 0.995));
    return values.map((value) => value / high);
  });
  return paintTrueColour([red, green, blue], { low: 0, high: 1 }, gamma);
}
