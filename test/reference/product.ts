/** Products of matrices in double precision, block by block so that what is read again is still in the cache. */
import { sizeOf } from '../../lib/src/tensor.js';
import { broadcastShape, ownOffsets, type ReferenceTensor, repeatTo, take } from './array.js';

/** Columns and inner indices of a block: 64 rows of 256 doubles are 128 KiB. */
const [blockColumns, blockInner] = [256, 64];

/** Adds a [rows, inner] times b [inner, columns] to `sum` [rows, columns]; all are row-major. */
export function addProduct(
  sum: Float64Array,
  a: Float64Array,
  b: Float64Array,
  [rows, inner, columns]: readonly [rows: number, inner: number, columns: number],
): void {
  for (let left = 0; left < columns; left += blockColumns) {
    const width = Math.min(blockColumns, columns - left);
    for (let first = 0; first < inner; first += blockInner) {
      const end = Math.min(inner, first + blockInner);
      for (let row = 0; row < rows; row++) {
        const target = row * columns + left;
        let k = first;
        // Four terms at a time: the sum is read and written once for them.
        for (; k + 4 <= end; k += 4) {
          const at = row * inner + k;
          const [a0, a1, a2, a3] = [a[at], a[at + 1], a[at + 2], a[at + 3]];
          const b0 = k * columns + left;
          const b1 = b0 + columns;
          const b2 = b1 + columns;
          const b3 = b2 + columns;
          for (let j = 0; j < width; j++) {
            sum[target + j] += a0 * b[b0 + j] + a1 * b[b1 + j] + a2 * b[b2 + j] + a3 * b[b3 + j];
          }
        }
        for (; k < end; k++) {
          const factor = a[row * inner + k];
          const from = k * columns + left;
          for (let j = 0; j < width; j++) sum[target + j] += factor * b[from + j];
        }
      }
    }
  }
}

/** The last two axes exchanged. */
export function transposed(x: ReferenceTensor): ReferenceTensor {
  const offsets = ownOffsets(x.shape);
  return take(x, [...offsets.slice(0, -2), offsets[offsets.length - 1], offsets[offsets.length - 2]]);
}

/** Matrix products of the last two axes; the others are broadcast. */
export function matMul(a: ReferenceTensor, b: ReferenceTensor): ReferenceTensor {
  const [rows, inner] = a.shape.slice(-2);
  const columns = b.shape[b.shape.length - 1];
  const outer = broadcastShape([a.shape.slice(0, -2), b.shape.slice(0, -2)]);
  const first = repeatTo(a, [...outer, rows, inner]).data;
  const second = repeatTo(b, [...outer, inner, columns]).data;
  const count = sizeOf(outer);
  const data = new Float64Array(count * rows * columns);
  const part = (all: Float64Array, i: number): Float64Array =>
    all.subarray((i * all.length) / count, ((i + 1) * all.length) / count);
  for (let i = 0; i < count; i++) {
    addProduct(part(data, i), part(first, i), part(second, i), [rows, inner, columns]);
  }
  return { data, shape: [...outer, rows, columns] };
}
