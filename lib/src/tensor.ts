/** A dense float32 array with its shape, row-major: what users, methods and metrics pass around. */
import { failAt } from './error.js';

export interface Tensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** The number of values that a shape holds. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/** A tensor over `data` (not copied); throws InputError where data and shape disagree. */
export function tensor(data: Float32Array, shape: readonly number[]): Tensor {
  if (data.length !== sizeOf(shape)) {
    const expected = `${sizeOf(shape)} values for shape [${shape.join(', ')}]`;
    throw failAt('tensor')('data and shape disagree', expected, `${data.length}`);
  }
  return { data, shape };
}

/** The numbers of a map, given as a tensor or as an array of one number per pixel. */
export type MapValues = Tensor | ArrayLike<number>;

/** The map's values, row-major. */
export const valuesOf = (map: MapValues): ArrayLike<number> => ('data' in map ? map.data : map);

export function zeros(shape: readonly number[]): Tensor {
  return { data: new Float32Array(sizeOf(shape)), shape };
}

/** The items `start` to `end` (exclusive) of the first axis, as a view that shares memory. */
export function rows(source: Tensor, start: number, end = start + 1): Tensor {
  const [count = 0, ...rest] = source.shape;
  if (!(start >= 0 && start <= end && end <= count)) {
    throw failAt('rows')('rows outside the tensor', `0 <= start <= end <= ${count}`, `${start} to ${end}`);
  }
  const size = sizeOf(rest);
  return { data: source.data.subarray(start * size, end * size), shape: [end - start, ...rest] };
}

/** Adds to the first tensor, in place. */
export function addTo({ data }: Tensor, { data: added }: Tensor): void {
  for (let i = 0; i < data.length; i++) data[i] += added[i];
}

/** Tensors of one shape [1, ...] or [n, ...] joined along the first axis. */
export function stack(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  const fail = failAt('stack');
  if (first === undefined) throw fail('nothing to stack');
  const rest = first.shape.slice(1);
  const count = parts.reduce((sum, part) => sum + part.shape[0], 0);
  const result = zeros([count, ...rest]);
  let offset = 0;
  for (const part of parts) {
    if (part.shape.slice(1).join() !== rest.join()) {
      const what = 'tensors of different shapes cannot be stacked';
      throw fail(what, `[*, ${rest.join(', ')}]`, `[${part.shape.join(', ')}]`);
    }
    result.data.set(part.data, offset);
    offset += part.data.length;
  }
  return result;
}
