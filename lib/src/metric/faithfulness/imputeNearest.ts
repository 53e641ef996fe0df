/** Nearest interpolation of removed pixels, by an exact Euclidean feature transform. */
import { requireLength, requireShape } from '../../check.js';
import { type Tensor, zeros } from '../../tensor.js';

/**
 * For each pixel the index of the nearest pixel that is kept, in O(height x width);
 * among equally near ones the leftmost column wins, then the upper row.
 * Separable as Felzenszwalb and Huttenlocher (2012): nearest kept row within each column, then along each row the
 * lower envelope of the parabolas (x - column)² + g(column)², in the integer form of Meijster et al. (2000),
 * which is exact.
 * @param removed height x width, row-major, 0 where a pixel is kept
 * @returns undefined where no pixel is kept
 */
export function nearestKept(
  removed: ArrayLike<number>,
  height: number,
  width: number,
): Int32Array | undefined {
  requireLength(removed, height * width, 'nearestKept, removed');
  const nearestRow = nearestRowInColumn(removed, height, width);
  const columns = Array.from({ length: width }, (_, x) => x).filter((x) => nearestRow[x] >= 0);
  if (columns.length === 0) return undefined;

  const nearest = new Int32Array(height * width);
  const parabolas = new Int32Array(width);
  const starts = new Int32Array(width);
  for (let y = 0; y < height; y++) {
    const rowOf = (column: number): number => nearestRow[y * width + column];
    const distance = (x: number, column: number): number => (x - column) ** 2 + (y - rowOf(column)) ** 2;
    let last = -1;
    for (const column of columns) {
      while (last >= 0 && distance(starts[last], parabolas[last]) > distance(starts[last], column)) last--;
      if (last < 0) {
        last = 0;
        parabolas[0] = column;
        starts[0] = 0;
      } else {
        // The left parabola is at least as near up to x = floor(separation): solve for equal distances.
        const left = parabolas[last];
        const separation = (distance(0, column) - distance(0, left)) / (2 * (column - left));
        const start = Math.floor(separation) + 1;
        if (start < width) {
          last++;
          parabolas[last] = column;
          starts[last] = start;
        }
      }
    }
    for (let x = width - 1; x >= 0; x--) {
      nearest[y * width + x] = rowOf(parabolas[last]) * width + parabolas[last];
      if (x === starts[last]) last--;
    }
  }
  return nearest;
}

/** The row of the nearest kept pixel in the same column, the upper one of two; -1 in a column without any. */
function nearestRowInColumn(removed: ArrayLike<number>, height: number, width: number): Int32Array {
  const nearest = new Int32Array(height * width).fill(-1);
  for (let x = 0; x < width; x++) {
    let above = -1;
    for (let y = 0; y < height; y++) {
      if (!removed[y * width + x]) above = y;
      nearest[y * width + x] = above;
    }
    let below = -1;
    for (let y = height - 1; y >= 0; y--) {
      if (!removed[y * width + x]) below = y;
      const up = nearest[y * width + x];
      if (below >= 0 && (up < 0 || below - y < y - up)) nearest[y * width + x] = below;
    }
  }
  return nearest;
}

/**
 * The image with every removed pixel replaced, in all bands, by the nearest pixel that is kept (see nearestKept for ties).
 * Where no pixel is kept, nothing is left to interpolate from: each band then becomes its mean over the image, the
 * constant image that tells least about the original. (The paper removes all pixels too and does not say what it
 * fills in.)
 * @param image [bands, height, width]
 * @param removed height x width, row-major, 0 where a pixel is kept
 * @example
 * const brightest = Uint8Array.from(map.data, (value) => (value > 0.5 ? 1 : 0));
 * const filled = imputeNearest({ data: image.data, shape: image.shape.slice(1) }, brightest);
 */
export function imputeNearest(image: Tensor, removed: ArrayLike<number>): Tensor {
  requireShape(image.shape, ['bands', 'height', 'width'], 'imputeNearest, image');
  const [bands, height, width] = image.shape;
  const pixels = height * width;
  const nearest = nearestKept(removed, height, width);
  const result = zeros(image.shape);
  for (let band = 0; band < bands; band++) {
    const source = image.data.subarray(band * pixels, (band + 1) * pixels);
    const filled = result.data.subarray(band * pixels, (band + 1) * pixels);
    if (nearest === undefined) filled.fill(source.reduce((sum, value) => sum + value, 0) / pixels);
    else for (let i = 0; i < pixels; i++) filled[i] = source[nearest[i]];
  }
  return result;
}
