/** Arrays given by formulas over their indices: what the reference engine computes with. */
import type { OperatorAttributes } from '../../graph/attributes.js';
import { normaliseAxis } from '../../graph/type.js';
import { sizeOf } from '../../tensor.js';

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

/** The sum of a formula over every index of a shape. */
export function total(shape: readonly number[], formula: (index: Index) => number): number {
  let sum = 0;
  forEachIndex(shape, (index) => {
    sum += formula(index);
  });
  return sum;
}

/** Where an index lies in the data, or -1 outside the tensor (between two pixels is outside as well). */
export function locate(shape: readonly number[], index: Index): number {
  let position = 0;
  for (const [axis, length] of shape.entries()) {
    const i = index[axis];
    if (!Number.isInteger(i) || i < 0 || i >= length) return -1;
    position = position * length + i;
  }
  return position;
}

export function read({ data, shape }: ReferenceTensor, index: Index, outside = 0): number {
  const position = locate(shape, index);
  return position < 0 ? outside : data[position];
}

export const map = (
  { data, shape }: ReferenceTensor,
  formula: (value: number) => number,
): ReferenceTensor => ({
  data: data.map(formula),
  shape,
});

export const withShape = ({ data }: ReferenceTensor, shape: readonly number[]): ReferenceTensor => ({
  data,
  shape,
});

/** NumPy's broadcasting: shapes are aligned at their last axis, and a length of 1 is repeated. */
export function broadcast(
  inputs: readonly ReferenceTensor[],
  formula: (...values: number[]) => number,
): ReferenceTensor {
  const rank = Math.max(...inputs.map(({ shape }) => shape.length));
  const aligned = inputs.map(({ data, shape }) => ({
    data,
    shape: [...new Array<number>(rank - shape.length).fill(1), ...shape],
  }));
  const shape = aligned[0].shape.map((_, axis) => {
    const lengths = aligned.map((input) => input.shape[axis]);
    return lengths.find((length) => length !== 1) ?? 1;
  });
  return build(shape, (index) =>
    formula(
      ...aligned.map((input) =>
        read(
          input,
          index.map((i, axis) => (input.shape[axis] === 1 ? 0 : i)),
          Number.NaN,
        ),
      ),
    ),
  );
}

/** Combines the values along some axes, which stay with length 1. */
export function foldOver(
  x: ReferenceTensor,
  axes: readonly number[],
  start: number,
  combine: (result: number, value: number) => number,
): ReferenceTensor {
  const folded = new Set(axes.map((axis) => normaliseAxis(axis, x.shape.length, 'reduction')));
  const lengths = x.shape.map((length, axis) => (folded.has(axis) ? length : 1));
  const kept = x.shape.map((length, axis) => (folded.has(axis) ? 1 : length));
  return build(kept, (index) => {
    let result = start;
    forEachIndex(lengths, (offset) => {
      const at = index.map((i, axis) => i + offset[axis]);
      result = combine(result, read(x, at));
    });
    return result;
  });
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

/** The last two axes exchanged. */
export function transposed(x: ReferenceTensor): ReferenceTensor {
  const [rows, columns] = x.shape.slice(-2);
  return build([...x.shape.slice(0, -2), columns, rows], (index) =>
    read(x, [...index.slice(0, -2), index[index.length - 1], index[index.length - 2]]),
  );
}

/** Matrix products of the last two axes; the others are broadcast. */
export function matMul(a: ReferenceTensor, b: ReferenceTensor): ReferenceTensor {
  const [rows, inner] = a.shape.slice(-2);
  const columns = b.shape[b.shape.length - 1];
  // Broadcasting a [..., rows, inner, 1] with b [..., 1, inner, columns], then summing over inner.
  const products = broadcast(
    [
      withShape(a, [...a.shape.slice(0, -2), rows, inner, 1]),
      withShape(b, [...b.shape.slice(0, -2), 1, inner, columns]),
    ],
    (x, y) => x * y,
  );
  return reduce(products, { axes: [-2], keepDims: false }, false);
}
