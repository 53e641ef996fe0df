/** The definitions of the operators that move values. */
import type { OperatorAttributes } from '../../lib/src/graph/inference.js';
import { isBatch, normaliseAxis, perImage, type Shape } from '../../lib/src/graph/type.js';
import { sizeOf } from '../../lib/src/tensor.js';
import {
  forEachIndex,
  locate,
  map,
  ownOffsets,
  placesOf,
  type ReferenceTensor,
  spaced,
  stridesOf,
  take,
  withShape,
} from './array.js';

/** Crops by negative amounts first, then pads what is left. */
export function pad(x: ReferenceTensor, { pads, mode, value }: OperatorAttributes['Pad']): ReferenceTensor {
  const rank = x.shape.length;
  const source = (i: number, first: number, last: number): number => {
    if (mode === 'constant') return i >= first && i <= last ? i : -1;
    if (mode === 'edge') return Math.min(Math.max(i, first), last);
    const period = Math.max(1, 2 * (last - first));
    const folded = (((i - first) % period) + period) % period;
    return first + Math.min(folded, period - folded);
  };
  const strides = stridesOf(x.shape);
  const offsets = x.shape.map((length, axis) => {
    const first = Math.max(0, -pads[axis]);
    const last = length - 1 - Math.max(0, -pads[axis + rank]);
    return Array.from({ length: length + pads[axis] + pads[axis + rank] }, (_, i) => {
      const from = source(i - pads[axis], first, last);
      return from < 0 ? -1 : from * strides[axis];
    });
  });
  return take(x, offsets, value);
}

export function slice(x: ReferenceTensor, attributes: OperatorAttributes['Slice']): ReferenceTensor {
  // The taken positions of each axis, stepped through one by one.
  const taken = x.shape.map((length) => spaced(length, 1));
  for (const [i, axis] of attributes.axes.entries()) {
    const at = normaliseAxis(axis, x.shape.length, 'Slice');
    const length = x.shape[at];
    const step = attributes.steps[i];
    const [start, end] = [attributes.starts[i], attributes.ends[i]].map((bound) =>
      bound < 0 ? bound + length : bound,
    );
    taken[at] = [];
    if (step > 0) for (let p = Math.max(0, start); p < Math.min(end, length); p += step) taken[at].push(p);
    else for (let p = Math.min(length - 1, start); p > Math.max(-1, end); p += step) taken[at].push(p);
  }
  const strides = stridesOf(x.shape);
  return take(
    x,
    taken.map((positions, axis) => positions.map((position) => position * strides[axis])),
  );
}

/** Negative positions count from the end. */
export function gather(
  x: ReferenceTensor,
  indices: ReferenceTensor,
  { axis }: OperatorAttributes['Gather'],
): ReferenceTensor {
  const at = normaliseAxis(axis, x.shape.length, 'Gather');
  const stride = stridesOf(x.shape)[at];
  const chosen = indices.data.map((position) => (position < 0 ? position + x.shape[at] : position) * stride);
  const taken = take(x, ownOffsets(x.shape).with(at, [...chosen]));
  return withShape(taken, x.shape.toSpliced(at, 1, ...indices.shape));
}

export function split(x: ReferenceTensor, { axis, sizes }: OperatorAttributes['Split']): ReferenceTensor[] {
  const at = normaliseAxis(axis, x.shape.length, 'Split');
  const offsets = ownOffsets(x.shape);
  return sizes.map((size, part) => {
    const start = sizes.slice(0, part).reduce((sum, length) => sum + length, 0);
    return take(x, offsets.with(at, offsets[at].slice(start, start + size)));
  });
}

export function concat(
  parts: readonly ReferenceTensor[],
  { axis }: OperatorAttributes['Concat'],
): ReferenceTensor {
  const at = normaliseAxis(axis, parts[0].shape.length, 'Concat');
  const shape = parts[0].shape.with(
    at,
    parts.reduce((sum, part) => sum + part.shape[at], 0),
  );
  const data = new Float64Array(sizeOf(shape));
  const offsets = ownOffsets(shape);
  let start = 0;
  for (const part of parts) {
    const places = placesOf(offsets.with(at, offsets[at].slice(start, start + part.shape[at])));
    for (let i = 0; i < places.length; i++) data[places[i]] = part.data[i];
    start += part.shape[at];
  }
  return { data, shape };
}

export function transpose(
  x: ReferenceTensor,
  { permutation }: OperatorAttributes['Transpose'],
): ReferenceTensor {
  const offsets = ownOffsets(x.shape);
  return take(
    x,
    permutation.map((axis) => offsets[axis]),
  );
}

export function scatterElements(
  [data, indices, updates]: readonly ReferenceTensor[],
  { axis, reduction }: OperatorAttributes['ScatterElements'],
): ReferenceTensor {
  const at = normaliseAxis(axis, data.shape.length, 'ScatterElements');
  const result = data.data.slice();
  forEachIndex(indices.shape, (index, position) => {
    const target = indices.data[position];
    const to = locate(data.shape, index.with(at, target < 0 ? target + data.shape[at] : target));
    result[to] = updates.data[position] + (reduction === 'add' ? result[to] : 0);
  });
  return { data: result, shape: data.shape };
}

export function reshape(x: ReferenceTensor, shape: Shape): ReferenceTensor {
  const others = shape.reduce<number>((product, length) => product * perImage(length), 1);
  return withShape(
    x,
    shape.map((length) => (isBatch(length) ? (x.data.length / others) * perImage(length) : length)),
  );
}

export function cast(x: ReferenceTensor, { to }: OperatorAttributes['Cast']): ReferenceTensor {
  if (to === 'bool') return map(x, (value) => Number(value !== 0));
  return to.startsWith('float') ? x : map(x, Math.trunc);
}
