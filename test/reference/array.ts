/** Arrays of doubles, and the few ways of walking through them that the reference engine's definitions are made of. */
import type { OperatorAttributes } from '../../lib/src/graph/inference.js';
import { normaliseAxis } from '../../lib/src/graph/type.js';
import { sizeOf } from '../../lib/src/tensor.js';

/** Row-major values; integers and booleans (0, 1) are held as doubles too. */
export interface ReferenceTensor {
  readonly data: Float64Array;
  readonly shape: readonly number[];
}

export type Index = readonly number[];

/** Calls `visit` with every index of a shape, in row-major order; the index is one array, mutated from call to call. */
export function forEachIndex(
  shape: readonly number[],
  visit: (index: Index, position: number) => void,
): void {
  const count = sizeOf(shape);
  const index = shape.map(() => 0);
  for (let position = 0; position < count; position++) {
    visit(index, position);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
}

/** The tensor whose values a formula gives. */
export function build(shape: readonly number[], formula: (index: Index) => number): ReferenceTensor {
  const data = new Float64Array(sizeOf(shape));
  forEachIndex(shape, (index, position) => {
    data[position] = formula(index);
  });
  return { data, shape };
}

/** Where an index lies in the data, or -1 outside the tensor. */
export function locate(shape: readonly number[], index: Index): number {
  let position = 0;
  for (const [axis, length] of shape.entries()) {
    const i = index[axis];
    if (i < 0 || i >= length) return -1;
    position = position * length + i;
  }
  return position;
}

export function read({ data, shape }: ReferenceTensor, index: Index, outside = 0): number {
  const position = locate(shape, index);
  return position < 0 ? outside : data[position];
}

/** How far apart in the data two neighbours along each axis lie. */
export const stridesOf = (shape: readonly number[]): number[] =>
  shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));

/**
 * The place in some data of every index of a tensor, where an index along an axis always adds the same to it:
 * the sum of one offset per axis, or -1 where one of them is -1, outside the data.
 * @param offsets per axis, the offset of each of its indices
 */
export function placesOf(offsets: readonly ArrayLike<number>[]): Int32Array {
  let places = Int32Array.of(0);
  for (const axis of offsets) {
    const next = new Int32Array(places.length * axis.length);
    let to = 0;
    for (const before of places) {
      for (let i = 0; i < axis.length; i++) next[to++] = before < 0 || axis[i] < 0 ? -1 : before + axis[i];
    }
    places = next;
  }
  return places;
}

/** 0, step, 2 step, ...: the offsets of an axis of that many indices. */
export const spaced = (length: number, step: number): number[] => Array.from({ length }, (_, i) => i * step);

/** The offsets along every axis of a shape, as its own data lie. */
export function ownOffsets(shape: readonly number[]): number[][] {
  const strides = stridesOf(shape);
  return shape.map((length, axis) => spaced(length, strides[axis]));
}

/** The values of x at the places that the offsets give: moved, repeated or left out. */
export function take(
  x: ReferenceTensor,
  offsets: readonly ArrayLike<number>[],
  outside = 0,
): ReferenceTensor {
  const places = placesOf(offsets);
  const data = new Float64Array(places.length);
  for (let i = 0; i < data.length; i++) data[i] = places[i] < 0 ? outside : x.data[places[i]];
  return { data, shape: offsets.map(({ length }) => length) };
}

export const map = (
  { data, shape }: ReferenceTensor,
  formula: (value: number) => number,
): ReferenceTensor => ({
  data: data.map((value) => formula(value)),
  shape,
});

export const withShape = ({ data }: ReferenceTensor, shape: readonly number[]): ReferenceTensor => ({
  data,
  shape,
});

/** NumPy's broadcast shape: shapes are aligned at their last axis, and a length of 1 is repeated. */
export function broadcastShape(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    return lengths.find((length) => length !== 1) ?? 1;
  });
}

/** The tensor repeated along its axes of length 1, and along new ones before its first, to a shape. */
export function repeatTo(x: ReferenceTensor, shape: readonly number[]): ReferenceTensor {
  if (x.shape.join() === shape.join()) return x;
  const missing = shape.length - x.shape.length;
  const strides = stridesOf(x.shape);
  return take(
    x,
    shape.map((length, axis) =>
      spaced(length, axis < missing || x.shape[axis - missing] === 1 ? 0 : strides[axis - missing]),
    ),
  );
}

/** One value from the values at the same place of each input. */
export function broadcast(
  inputs: readonly ReferenceTensor[],
  formula: (...values: number[]) => number,
): ReferenceTensor {
  const shape = broadcastShape(inputs.map((input) => input.shape));
  const whole = inputs.map((input) => repeatTo(input, shape).data);
  const data = new Float64Array(sizeOf(shape));
  const [a, b] = whole;
  // One and two inputs, the most frequent, without an array of arguments per value.
  if (whole.length === 1) for (let i = 0; i < data.length; i++) data[i] = formula(a[i]);
  else if (whole.length === 2) for (let i = 0; i < data.length; i++) data[i] = formula(a[i], b[i]);
  else for (let i = 0; i < data.length; i++) data[i] = formula(...whole.map((values) => values[i]));
  return { data, shape };
}

/** Combines the values along some axes, which stay with length 1. */
export function foldOver(
  x: ReferenceTensor,
  axes: readonly number[],
  start: number,
  combine: (result: number, value: number) => number,
): ReferenceTensor {
  const folded = new Set(axes.map((axis) => normaliseAxis(axis, x.shape.length, 'reduction')));
  const kept = x.shape.map((length, axis) => (folded.has(axis) ? 1 : length));
  const strides = stridesOf(kept);
  const places = placesOf(
    x.shape.map((length, axis) => spaced(length, folded.has(axis) ? 0 : strides[axis])),
  );
  const data = new Float64Array(sizeOf(kept)).fill(start);
  for (let i = 0; i < places.length; i++) data[places[i]] = combine(data[places[i]], x.data[i]);
  return { data, shape: kept };
}

export const sumOver = (x: ReferenceTensor, axes: readonly number[]): ReferenceTensor =>
  foldOver(x, axes, 0, (sum, value) => sum + value);

export function reduce(
  x: ReferenceTensor,
  { axes, keepDims }: OperatorAttributes['ReduceSum'],
  mean: boolean,
): ReferenceTensor {
  const sum = sumOver(x, axes);
  const count = x.data.length / sum.data.length;
  const removed = new Set(axes.map((axis) => normaliseAxis(axis, x.shape.length, 'reduction')));
  const shape = keepDims ? sum.shape : sum.shape.filter((_, axis) => !removed.has(axis));
  return withShape(mean ? map(sum, (value) => value / count) : sum, shape);
}
