/** Smooth and white random fields, the raw material of coasts, textures and sensor noise. */
import { createRandom, type Random } from '../../random.js';

/**
 * Value noise in about [-1, 1]: a random lattice with `period` pixels between its points, smoothly interpolated;
 * each further octave halves period and amplitude. Returns [size, size].
 */
export function smoothNoise(random: Random, size: number, period: number, octaves = 1): Float32Array {
  const field = new Float32Array(size * size);
  let amplitude = 1;
  let total = 0;
  for (let octave = 0, spacing = period; octave < octaves; octave++, spacing /= 2, amplitude /= 2) {
    addLattice(field, random, size, spacing, amplitude);
    total += amplitude;
  }
  if (octaves > 1) for (let p = 0; p < field.length; p++) field[p] /= total;
  return field;
}

/** Adds one octave to `field`, in place. */
function addLattice(
  field: Float32Array,
  random: Random,
  size: number,
  spacing: number,
  amplitude: number,
): void {
  const points = Math.ceil(size / spacing) + 2;
  const lattice = Float32Array.from({ length: points * points }, () => random.uniform(-amplitude, amplitude));
  const shiftX = random.uniform();
  const shiftY = random.uniform();
  const cell = new Int32Array(size);
  const weight = new Float32Array(size);
  for (let x = 0; x < size; x++) {
    const position = x / spacing + shiftX;
    const fraction = position - Math.floor(position);
    cell[x] = Math.floor(position);
    weight[x] = fraction * fraction * (3 - 2 * fraction);
  }
  for (let y = 0; y < size; y++) {
    const position = y / spacing + shiftY;
    const fraction = position - Math.floor(position);
    const down = fraction * fraction * (3 - 2 * fraction);
    const top = Math.floor(position) * points;
    const bottom = top + points;
    for (let x = 0; x < size; x++) {
      const c = cell[x];
      const right = weight[x];
      const upper = lattice[top + c] + (lattice[top + c + 1] - lattice[top + c]) * right;
      const lower = lattice[bottom + c] + (lattice[bottom + c + 1] - lattice[bottom + c]) * right;
      field[y * size + x] += upper + (lower - upper) * down;
    }
  }
}

const grainSize = 1 << 16;

/** Index mask of `grain`: `grain[(start + i) & grainMask]`. */
export const grainMask = grainSize - 1;

/** Standard normal numbers; a random start in this table is white noise at the price of a memory read. */
export const grain: Float32Array = (() => {
  const random = createRandom('scenes', 'grain');
  return Float32Array.from({ length: grainSize }, () => random.normal());
})();

/** 0 below `low`, 1 above `high`, smooth between. */
export function smoothstep(low: number, high: number, value: number): number {
  const t = value <= low ? 0 : value >= high ? 1 : (value - low) / (high - low);
  return t * t * (3 - 2 * t);
}
