/** The check that pixels are Sentinel-2 digital numbers. */
import { InputError } from '../../error.js';

/** InputError if a pixel is not from 0 to 65535; NaN is not. */
export function requireDigitalNumbers(pixels: Float32Array, path: string, todo: string): void {
  const index = pixels.findIndex((value) => !(value >= 0 && value <= 65535));
  if (index < 0) return;
  throw new InputError({
    what: 'a pixel is no digital number',
    where: path,
    expected: '0 to 65535 (reflectance x 10,000)',
    got: `${pixels[index]} at pixel ${index}`,
    todo,
  });
}
