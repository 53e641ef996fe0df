/** Operators that move values: concatenate, split, slice, gather, pad, reshape, transpose. */
import { InputError } from '../../error.js';
import { apply, createNode, define, type OperatorAttributes, type Value } from '../node.js';
import {
  broadcastShapes,
  mergeDimensions,
  normaliseAxis,
  type Shape,
  sameType,
  shapeText,
  staticDimension,
} from '../type.js';

declare module '../node.js' {
  interface OperatorAttributes {
    Concat: { readonly axis: number };
    Split: { readonly axis: number; readonly sizes: readonly number[] };
    Slice: {
      readonly axes: readonly number[];
      readonly starts: readonly number[];
      readonly ends: readonly number[];
      readonly steps: readonly number[];
    };
    /** Dimensions of 1 are repeated; a length of 1 keeps what is there. */
    Expand: { readonly lengths: readonly number[] };
    /** The values at given positions of one axis. */
    Gather: { readonly axis: number };
    /** data + updates at flat indices (reduction add), or overwritten by the last update (reduction none). */
    ScatterElements: { readonly axis: number; readonly reduction: 'none' | 'add' };
    /** Begin of every axis, then end of every axis; negative values crop. */
    Pad: {
      readonly pads: readonly number[];
      readonly mode: 'constant' | 'reflect' | 'edge';
      readonly value: number;
    };
    Reshape: { readonly shape: Shape };
    Flatten: { readonly axis: number };
    Squeeze: { readonly axes: readonly number[] };
    Unsqueeze: { readonly axes: readonly number[] };
    Transpose: { readonly permutation: readonly number[] };
  }
}

export const Concat = define('Concat', (types, { axis }, where) => {
  const [{ dataType, shape: first }] = types;
  if (first === undefined) return { dataType, shape: undefined };
  const at = normaliseAxis(axis, first.length, where);
  let total = 0;
  for (const { shape } of types) {
    if (shape === undefined) return { dataType, shape: undefined };
    if (shape.length !== first.length || shape.some((dimension, i) => i !== at && dimension !== first[i])) {
      throw new InputError({
        what: 'concatenated tensors differ outside the axis',
        where,
        expected: shapeText(first),
        got: shapeText(shape),
      });
    }
    total += staticDimension(shape[at], where);
  }
  return { dataType, shape: first.map((dimension, i) => (i === at ? total : dimension)) };
});

export const Split = define('Split', ([{ dataType, shape }], { axis, sizes }, where) => {
  if (shape === undefined) return sizes.map(() => ({ dataType, shape }));
  const at = normaliseAxis(axis, shape.length, where);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total !== shape[at]) {
    throw new InputError({
      what: 'split sizes do not add up',
      where,
      expected: `${shape[at]} along axis ${at}`,
      got: `${sizes.join(' + ')} = ${total}`,
    });
  }
  return sizes.map((size) => ({
    dataType,
    shape: shape.map((dimension, i) => (i === at ? size : dimension)),
  }));
});

/** First index, step and number of values that a slice takes along one axis (ONNX clamps out-of-range bounds). */
export function sliceRange(length: number, start: number, end: number, step: number) {
  const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
  const from = clamp(start < 0 ? start + length : start, 0, step > 0 ? length : length - 1);
  const to = clamp(end < 0 ? end + length : end, step > 0 ? 0 : -1, length);
  return { from, step, count: Math.max(0, Math.ceil((to - from) / step)) };
}

export const Slice = define('Slice', ([{ dataType, shape }], { axes, starts, ends, steps }, where) => {
  if (shape === undefined) return { dataType, shape };
  const result = [...shape];
  for (const [i, axis] of axes.entries()) {
    const at = normaliseAxis(axis, shape.length, where);
    result[at] = sliceRange(staticDimension(shape[at], where), starts[i], ends[i], steps[i]).count;
  }
  return { dataType, shape: result };
});

/** Broadcasting with a shape. */
export const Expand = define('Expand', ([{ dataType, shape }], { lengths }, where) => ({
  dataType,
  shape: shape && broadcastShapes(shape, lengths, where),
}));

/** The axis is replaced by the dimensions of the indices. */
export const Gather = define('Gather', ([{ dataType, shape }, indices], { axis }, where) => {
  if (shape === undefined || indices.shape === undefined) return { dataType, shape: undefined };
  return { dataType, shape: shape.toSpliced(normaliseAxis(axis, shape.length, where), 1, ...indices.shape) };
});

export const ScatterElements = define('ScatterElements', sameType);

export const Pad = define('Pad', ([{ dataType, shape }], { pads }, where) => {
  if (shape === undefined) return { dataType, shape };
  const rank = shape.length;
  return {
    dataType,
    shape: shape.map((dimension, axis) => {
      const amount = pads[axis] + pads[axis + rank];
      return amount === 0 ? dimension : staticDimension(dimension, where) + amount;
    }),
  };
});

/** Which input index a padded output index shows. */
export function paddedSource(length: number, before: number, mode: 'reflect' | 'edge') {
  return (output: number): number => {
    const i = output - before;
    if (mode === 'edge') return Math.min(Math.max(i, 0), length - 1);
    const period = Math.max(1, 2 * (length - 1));
    const folded = ((i % period) + period) % period;
    return folded < length ? folded : period - folded;
  };
}

export const Reshape = define('Reshape', ([{ dataType, shape }], attributes, where) => {
  if (shape !== undefined && mergeDimensions(shape) !== mergeDimensions(attributes.shape)) {
    throw new InputError({
      what: 'reshape changes the number of values',
      where,
      expected: `as many values as ${shapeText(shape)}`,
      got: shapeText(attributes.shape),
    });
  }
  return { dataType, shape: attributes.shape };
});

export const Flatten = define('Flatten', ([{ dataType, shape }], { axis }) => {
  if (shape === undefined) return { dataType, shape };
  const at = axis < 0 ? axis + shape.length : axis;
  return { dataType, shape: [mergeDimensions(shape.slice(0, at)), mergeDimensions(shape.slice(at))] };
});

export const Squeeze = define('Squeeze', ([{ dataType, shape }], { axes }, where) => {
  if (shape === undefined) return { dataType, shape };
  const removed = new Set(axes.map((axis) => normaliseAxis(axis, shape.length, where)));
  for (const axis of removed) {
    if (shape[axis] !== 1) {
      throw new InputError({ what: 'only dimensions of 1 can be squeezed', where, got: shapeText(shape) });
    }
  }
  return { dataType, shape: shape.filter((_, axis) => !removed.has(axis)) };
});

export const Unsqueeze = define('Unsqueeze', ([{ dataType, shape }], { axes }, where) => {
  if (shape === undefined) return { dataType, shape };
  const rank = shape.length + axes.length;
  const added = new Set(axes.map((axis) => normaliseAxis(axis, rank, where)));
  const rest = shape[Symbol.iterator]();
  const result = Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.next().value ?? 1)));
  return { dataType, shape: result };
});

export const Transpose = define('Transpose', ([{ dataType, shape }], { permutation }, where) => {
  if (shape === undefined) return { dataType, shape };
  if ([...permutation].sort((a, b) => a - b).join() !== shape.map((_, i) => i).join()) {
    throw new InputError({
      what: 'not a permutation of the axes',
      where,
      expected: `the axes of ${shapeText(shape)}`,
      got: `[${permutation.join(', ')}]`,
    });
  }
  return { dataType, shape: permutation.map((axis) => shape[axis]) };
});

/**
 * Values joined along an axis (default: channels). ONNX: Concat.
 * @throws InputError if they differ in another axis
 */
export const concat = (values: readonly Value[], axis = 1): Value =>
  values.length === 1 ? values[0] : apply(Concat, values, { axis });

/**
 * x cut along an axis (default: channels) into parts of these lengths. ONNX: Split.
 * @throws InputError if the lengths do not add up to the axis
 */
export const split = (x: Value, sizes: readonly number[], axis = 1): readonly Value[] =>
  createNode(Split, [x], { axis, sizes }).outputs;

/**
 * The values from start to end (exclusive) of one axis; negative positions count from its end. ONNX: Slice.
 * @throws InputError if there is no such axis, or it is the batch
 */
export function slice(x: Value, axis: number, start: number, end: number, step = 1): Value {
  return apply(Slice, [x], { axes: [axis], starts: [start], ends: [end], steps: [step] });
}

/** ONNX's way to say "down to and including the first" in a slice with a negative step. */
export const beforeFirst = -(2 ** 31);

/** The values of an axis from the last to the first. ONNX: Slice. */
export const reverse = (x: Value, axis: number): Value => slice(x, axis, -1, beforeFirst, -1);

/**
 * The values at positions of one axis: x [.., L, ..] and indices [..I] (int64 or int32) to [.., ..I, ..]. ONNX: Gather.
 * @throws InputError if there is no such axis
 */
export const gather = (x: Value, indices: Value, axis: number): Value =>
  apply(Gather, [x, indices], { axis });

/**
 * x repeated along its dimensions of 1 to these lengths. ONNX: Expand.
 * @throws InputError if the lengths cannot be broadcast with the shape of x
 */
export const expand = (x: Value, lengths: readonly number[]): Value => apply(Expand, [x], { lengths });

/**
 * Values added around x: before every axis, then behind every axis; negative amounts crop. ONNX: Pad.
 * @throws InputError if the batch is padded
 */
export function pad(
  x: Value,
  pads: readonly number[],
  { mode = 'constant' as const, value = 0 }: Partial<Pick<OperatorAttributes['Pad'], 'mode' | 'value'>> = {},
): Value {
  return pads.every((amount) => amount === 0) ? x : apply(Pad, [x], { pads, mode, value });
}

/**
 * The values of x, in their order, in another shape. ONNX: Reshape.
 * @throws InputError if the shape holds another number of values
 */
export const reshape = (x: Value, shape: Shape): Value =>
  x.type.shape?.join() === shape.join() ? x : apply(Reshape, [x], { shape });

/** The axes before and from `axis` on merged into one each. ONNX: Flatten. */
export const flatten = (x: Value, axis = 1): Value => apply(Flatten, [x], { axis });

/**
 * x without these axes, each of length 1. ONNX: Squeeze.
 * @throws InputError if one of them is longer
 */
export const squeeze = (x: Value, axes: readonly number[], name?: string): Value =>
  apply(Squeeze, [x], { axes }, name);

/**
 * The axes in another order: axis i of the result is axis permutation[i] of x. ONNX: Transpose.
 * @throws InputError if it is not a permutation of the axes
 */
export const transpose = (x: Value, permutation: readonly number[]): Value =>
  apply(Transpose, [x], { permutation });
