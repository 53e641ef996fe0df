/** The check that pixels are Sentinel-2 digital numbers. */
import type { Fail } from '../../error.js';

/** InputError, by `fail`, if a pixel is not from 0 to 65535; NaN is not. */
export function requireDigitalNumbers(pixels: Float32Array, fail: Fail): void {
  const index = pixels.findIndex((value) => !(value >= 0 && value <= 65535));
  if (index < 0) return;
  const expected = '0 to 65535 (reflectance x 10,000)';
  throw fail('a pixel is no digital number', expected, `${pixels[index]} at pixel ${index}`);
}
