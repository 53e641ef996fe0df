/** Gaussian noise, copy by copy from an explicit seed: a copy's noise depends on its place alone. */
import { failAt } from '../error.js';
import { createRandom, type RandomKey } from '../random.js';
import { rows, sizeOf, type Tensor, zeros } from '../tensor.js';
import type { NoiseDesign } from './sampling.js';

/** Draws that are kept for the next image, which gets the same: 42 MiB for 12 x 120 x 120 values. */
const kept = 64;

export interface NoiseOptions {
  readonly deviation: number;
  readonly design: NoiseDesign;
  /** What the draws are seeded by, before the number of the draw. */
  readonly key: RandomKey;
  /** Named in errors. */
  readonly where: string;
}

/**
 * Draws the noise [copies, ...size] of the copies from `first` on. Antithetic copies 2k and 2k + 1 are draw k and its
 * negative; independent copies are a draw each, the same draws.
 */
export function createNoise({ deviation, design, key, where }: NoiseOptions) {
  if (!(deviation >= 0 && Number.isFinite(deviation))) {
    const expected = 'a number from 0';
    throw failAt(where)('not a deviation', expected, `deviation ${deviation}`);
  }
  /** Of the last size of image. */
  let draws: Float32Array[] = [];
  let lastSize = '';

  function drawn(size: readonly number[], index: number): Float32Array {
    if (lastSize !== size.join()) [draws, lastSize] = [[], size.join()];
    const known = draws[index];
    if (known !== undefined) return known;
    const random = createRandom(...key, index);
    const noise = new Float32Array(sizeOf(size));
    for (let i = 0; i < noise.length; i++) noise[i] = deviation * random.normal();
    if (index < kept) draws[index] = noise;
    return noise;
  }

  return (size: readonly number[], first: number, copies: number): Tensor => {
    const noise = zeros([copies, ...size]);
    for (let copy = 0; copy < copies; copy++) {
      const place = first + copy;
      const { data } = rows(noise, copy);
      if (design === 'independent') data.set(drawn(size, place));
      else if (place % 2 === 0) data.set(drawn(size, place / 2));
      else {
        const drawnBefore = drawn(size, (place - 1) / 2);
        for (let i = 0; i < data.length; i++) data[i] = -drawnBefore[i];
      }
    }
    return noise;
  };
}
