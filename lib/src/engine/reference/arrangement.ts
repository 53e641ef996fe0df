/** The definitions of the operators that move values. */
import type { OperatorAttributes } from '../../graph/attributes.js';
import { isBatch, normaliseAxis, perImage, type Shape } from '../../graph/type.js';
import { build, forEachIndex, locate, map, type ReferenceTensor, read, withShape } from './array.js';

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
  return build(
    x.shape.map((length, axis) => length + pads[axis] + pads[axis + rank]),
    (index) => {
      const from = index.map((i, axis) => {
        const first = Math.max(0, -pads[axis]);
        const last = x.shape[axis] - 1 - Math.max(0, -pads[axis + rank]);
        return source(i - pads[axis], first, last);
      });
      return read(x, from, value);
    },
  );
}

export function slice(x: ReferenceTensor, attributes: OperatorAttributes['Slice']): ReferenceTensor {
  // The taken positions of each axis, stepped through one by one.
  const taken = x.shape.map((length) => Array.from({ length }, (_, i) => i));
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
  return build(
    taken.map((positions) => positions.length),
    (index) =>
      read(
        x,
        index.map((i, axis) => taken[axis][i]),
      ),
  );
}

/** Negative positions count from the end. */
export function gather(
  x: ReferenceTensor,
  indices: ReferenceTensor,
  { axis }: OperatorAttributes['Gather'],
): ReferenceTensor {
  const at = normaliseAxis(axis, x.shape.length, 'Gather');
  const rank = indices.shape.length;
  return build(x.shape.toSpliced(at, 1, ...indices.shape), (index) => {
    const position = read(indices, index.slice(at, at + rank));
    return read(x, index.toSpliced(at, rank, position < 0 ? position + x.shape[at] : position));
  });
}

export function split(x: ReferenceTensor, { axis, sizes }: OperatorAttributes['Split']): ReferenceTensor[] {
  const at = normaliseAxis(axis, x.shape.length, 'Split');
  return sizes.map((size, part) => {
    const start = sizes.slice(0, part).reduce((sum, length) => sum + length, 0);
    return build(x.shape.with(at, size), (index) => read(x, index.with(at, index[at] + start)));
  });
}

export function concat(
  parts: readonly ReferenceTensor[],
  { axis }: OperatorAttributes['Concat'],
): ReferenceTensor {
  const at = normaliseAxis(axis, parts[0].shape.length, 'Concat');
  const origin = parts.flatMap((part) =>
    Array.from({ length: part.shape[at] }, (_, position) => ({ part, position })),
  );
  return build(parts[0].shape.with(at, origin.length), (index) => {
    const { part, position } = origin[index[at]];
    return read(part, index.with(at, position));
  });
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
