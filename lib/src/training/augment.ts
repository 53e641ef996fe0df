/**
 * The eight symmetries of the square, by which a satellite image can be flipped and rotated without changing its
 * classes.
 */
import type { Tensor } from '../tensor.js';

/**
 * One of eight symmetries of a square image, written into `target`.
 * @param image [bands, size, size]
 * @param symmetry 0 to 7: bit 0 flips left and right, bit 1 flips top and bottom, bit 2 exchanges rows and columns.
 * @param target as many values as the image
 */
export function applySymmetry({ data, shape }: Tensor, symmetry: number, target: Float32Array): void {
  const [bands, size] = shape;
  const [flipX, flipY, exchange] = [symmetry & 1, symmetry & 2, symmetry & 4];
  const area = size * size;
  for (let y = 0; y < size; y++) {
    const row = flipY ? size - 1 - y : y;
    for (let x = 0; x < size; x++) {
      const column = flipX ? size - 1 - x : x;
      const from = exchange ? column * size + row : row * size + column;
      const to = y * size + x;
      for (let band = 0; band < bands; band++) target[band * area + to] = data[band * area + from];
    }
  }
}
