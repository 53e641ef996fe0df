/** Operators that only move values: concatenate, split, slice, pad, reshape, transpose; and their gradients. */
import { InputError } from '../../error.js';
import type { OperatorAttributes } from '../attributes.js';
import { shapeOf } from '../graph.js';
import { apply, createNode, floats, type Value } from '../node.js';
import type { RuleArguments } from '../rule.js';
import {
  isBatch,
  mergeDimensions,
  normaliseAxis,
  perImage,
  type Shape,
  shapeText,
  staticDimension,
  type TensorType,
} from '../type.js';
import { cast } from './cast.js';
import { add, zerosLike } from './elementwise.js';
import { matMul } from './matMul.js';

export const concat = (values: readonly Value[], axis = 1): Value =>
  values.length === 1 ? values[0] : apply('Concat', values, { axis });
export const reshape = (x: Value, shape: Shape): Value =>
  x.type.shape?.join() === shape.join() ? x : apply('Reshape', [x], { shape });
export const transpose = (x: Value, permutation: readonly number[]): Value =>
  apply('Transpose', [x], { permutation });
export const flatten = (x: Value, axis = 1): Value => apply('Flatten', [x], { axis });

export function split(x: Value, sizes: readonly number[], axis = 1): readonly Value[] {
  return createNode('Split', [x], { axis, sizes }).outputs;
}

/** The values from start to end (exclusive) of one axis. */
export function slice(x: Value, axis: number, start: number, end: number, step = 1): Value {
  return apply('Slice', [x], { axes: [axis], starts: [start], ends: [end], steps: [step] });
}

/** ONNX's way to say "down to and including the first" in a slice with a negative step. */
export const beforeFirst = -(2 ** 31);

export const reverse = (x: Value, axis: number): Value => slice(x, axis, -1, beforeFirst, -1);

export function pad(
  x: Value,
  pads: readonly number[],
  { mode = 'constant' as const, value = 0 }: Partial<Pick<OperatorAttributes['Pad'], 'mode' | 'value'>> = {},
): Value {
  return pads.every((amount) => amount === 0) ? x : apply('Pad', [x], { pads, mode, value });
}

export function inferConcat(
  types: readonly TensorType[],
  { axis }: OperatorAttributes['Concat'],
  where: string,
): TensorType {
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
}

export function inferSplit(
  [{ dataType, shape }]: readonly TensorType[],
  { axis, sizes }: OperatorAttributes['Split'],
  where: string,
): TensorType[] {
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
}

/** First index, step and number of values that a slice takes along one axis (ONNX clamps out-of-range bounds). */
export function sliceRange(length: number, start: number, end: number, step: number) {
  const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
  const from = clamp(start < 0 ? start + length : start, 0, step > 0 ? length : length - 1);
  const to = clamp(end < 0 ? end + length : end, step > 0 ? 0 : -1, length);
  return { from, step, count: Math.max(0, Math.ceil((to - from) / step)) };
}

export function inferSlice(
  [{ dataType, shape }]: readonly TensorType[],
  { axes, starts, ends, steps }: OperatorAttributes['Slice'],
  where: string,
): TensorType {
  if (shape === undefined) return { dataType, shape };
  const result = [...shape];
  for (const [i, axis] of axes.entries()) {
    const at = normaliseAxis(axis, shape.length, where);
    result[at] = sliceRange(staticDimension(shape[at], where), starts[i], ends[i], steps[i]).count;
  }
  return { dataType, shape: result };
}

export function inferPad(
  [{ dataType, shape }]: readonly TensorType[],
  { pads }: OperatorAttributes['Pad'],
  where: string,
): TensorType {
  if (shape === undefined) return { dataType, shape };
  const rank = shape.length;
  return {
    dataType,
    shape: shape.map((dimension, axis) => {
      const amount = pads[axis] + pads[axis + rank];
      return amount === 0 ? dimension : staticDimension(dimension, where) + amount;
    }),
  };
}

/** The number of values for each image, and whether there is a symbolic batch. */
function batchSize(shape: Shape): { others: number; batched: boolean } {
  return {
    others: shape.reduce<number>((product, dimension) => product * perImage(dimension), 1),
    batched: shape.some(isBatch),
  };
}

export function inferReshape(
  [{ dataType, shape }]: readonly TensorType[],
  attributes: OperatorAttributes['Reshape'],
  where: string,
): TensorType {
  if (shape !== undefined) {
    const from = batchSize(shape);
    const to = batchSize(attributes.shape);
    if (from.others !== to.others || from.batched !== to.batched) {
      throw new InputError({
        what: 'reshape changes the number of values',
        where,
        expected: `as many values as ${shapeText(shape)}`,
        got: shapeText(attributes.shape),
      });
    }
  }
  return { dataType, shape: attributes.shape };
}

export function inferFlatten(
  [{ dataType, shape }]: readonly TensorType[],
  { axis }: OperatorAttributes['Flatten'],
): TensorType {
  if (shape === undefined) return { dataType, shape };
  const at = axis < 0 ? axis + shape.length : axis;
  return { dataType, shape: [mergeDimensions(shape.slice(0, at)), mergeDimensions(shape.slice(at))] };
}

export function inferSqueeze(
  [{ dataType, shape }]: readonly TensorType[],
  { axes }: OperatorAttributes['Squeeze'],
  where: string,
): TensorType {
  if (shape === undefined) return { dataType, shape };
  const removed = new Set(axes.map((axis) => normaliseAxis(axis, shape.length, where)));
  for (const axis of removed) {
    if (shape[axis] !== 1) {
      throw new InputError({ what: 'only dimensions of 1 can be squeezed', where, got: shapeText(shape) });
    }
  }
  return { dataType, shape: shape.filter((_, axis) => !removed.has(axis)) };
}

export function inferUnsqueeze(
  [{ dataType, shape }]: readonly TensorType[],
  { axes }: OperatorAttributes['Unsqueeze'],
  where: string,
): TensorType {
  if (shape === undefined) return { dataType, shape };
  const rank = shape.length + axes.length;
  const added = new Set(axes.map((axis) => normaliseAxis(axis, rank, where)));
  const rest = shape[Symbol.iterator]();
  const result = Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.next().value ?? 1)));
  return { dataType, shape: result };
}

export function inferTranspose(
  [{ dataType, shape }]: readonly TensorType[],
  { permutation }: OperatorAttributes['Transpose'],
  where: string,
): TensorType {
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
}

/** The axis is replaced by the dimensions of the indices. */
export function inferGather(
  [{ dataType, shape }, indices]: readonly TensorType[],
  { axis }: OperatorAttributes['Gather'],
  where: string,
): TensorType {
  if (shape === undefined || indices.shape === undefined) return { dataType, shape: undefined };
  return { dataType, shape: shape.toSpliced(normaliseAxis(axis, shape.length, where), 1, ...indices.shape) };
}

/** Multiplies one axis by a constant matrix [rows = new length, columns = old length]: any linear map along an axis. */
export function multiplyAxis(x: Value, axis: number, matrix: Float64Array, rows: number): Value {
  const rank = shapeOf(x).length;
  const columns = matrix.length / rows;
  // x with the axis last, times the transposed matrix.
  const transposed = new Float32Array(matrix.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) transposed[c * rows + r] = matrix[r * columns + c];
  }
  const right = floats(transposed, [columns, rows]);
  if (axis === rank - 1) return matMul(x, right);
  const swap = Array.from({ length: rank }, (_, i) => (i === axis ? rank - 1 : i === rank - 1 ? axis : i));
  return transpose(matMul(transpose(x, swap), right), swap);
}

/** The transposed matrix of a map that takes input `source(i)` to output i: what its gradient needs. */
function gatherTransposed(outputs: number, inputs: number, source: (output: number) => number): Float64Array {
  const matrix = new Float64Array(inputs * outputs);
  for (let i = 0; i < outputs; i++) matrix[source(i) * outputs + i] += 1;
  return matrix;
}

export function concatRule({ node, gradient, wanted }: RuleArguments<'Concat'>) {
  const { axis } = node.attributes;
  const sizes = node.inputs.map((value) => {
    const shape = shapeOf(value);
    return staticDimension(shape[normaliseAxis(axis, shape.length, 'Concat')], 'Concat');
  });
  if (wanted.every(Boolean)) return split(gradient, sizes, axis);
  let start = 0;
  return sizes.map((size, i) => {
    start += size;
    return wanted[i] ? slice(gradient, axis, start - size, start) : undefined;
  });
}

export function splitRule({ node, gradients }: RuleArguments<'Split'>) {
  return [
    concat(
      node.outputs.map((output, i) => gradients[i] ?? zerosLike(output)),
      node.attributes.axis,
    ),
  ];
}

export function sliceRule({ node, gradient }: RuleArguments<'Slice'>) {
  const [x] = node.inputs;
  const shape = shapeOf(x);
  const { axes, starts, ends, steps } = node.attributes;
  const pads = new Array<number>(2 * shape.length).fill(0);
  let result = gradient;
  for (const [i, axis] of axes.entries()) {
    const at = normaliseAxis(axis, shape.length, 'Slice');
    const length = staticDimension(shape[at], 'Slice');
    const { from, step, count } = sliceRange(length, starts[i], ends[i], steps[i]);
    if (step === 1) {
      pads[at] = from;
      pads[at + shape.length] = length - from - count;
    } else {
      const matrix = gatherTransposed(count, length, (output) => from + output * step);
      result = multiplyAxis(result, at, matrix, length);
    }
  }
  return [pad(result, pads)];
}

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

export function padRule({ node, gradient }: RuleArguments<'Pad'>) {
  const { pads, mode } = node.attributes;
  if (mode === 'constant')
    return [
      pad(
        gradient,
        pads.map((amount) => -amount),
      ),
    ];
  const shape = shapeOf(node.inputs[0]);
  let result = gradient;
  for (const [axis, dimension] of shape.entries()) {
    const before = pads[axis];
    const after = pads[axis + shape.length];
    if (before === 0 && after === 0) continue;
    const length = staticDimension(dimension, 'Pad');
    const matrix = gatherTransposed(length + before + after, length, paddedSource(length, before, mode));
    result = multiplyAxis(result, axis, matrix, length);
  }
  return [result];
}

/** Adds every gradient to the position that it was taken from, in a matrix with the axis as its rows. */
export function gatherRule({ node, gradient }: RuleArguments<'Gather'>) {
  const [x, indices] = node.inputs;
  const shape = shapeOf(x);
  const picked = shapeOf(indices);
  const at = normaliseAxis(node.attributes.axis, shape.length, 'Gather');
  const before = shape.map((_, axis) => axis).slice(0, at);
  const moved = picked.map((_, i) => at + i);
  const after = shape.slice(at + 1).map((_, i) => at + picked.length + i);
  const rest = shape.toSpliced(at, 1);
  const columns = mergeDimensions(rest);
  const updates = reshape(transpose(gradient, [...moved, ...before, ...after]), [
    mergeDimensions(picked),
    columns,
  ]);
  const rows = reshape(indices, [mergeDimensions(picked), 1]);
  const empty = zerosLike(reshape(x, [shape[at], columns]));
  const everywhere = columns === 1 ? rows : add(rows, cast(zerosLike(updates), indices.type.dataType));
  const sum = apply('ScatterElements', [empty, everywhere, updates], { axis: 0, reduction: 'add' });
  const back = shape.map((_, axis) => (axis === at ? 0 : axis < at ? axis + 1 : axis));
  return [transpose(reshape(sum, [shape[at], ...rest]), back), undefined];
}

type Rearranging = 'Reshape' | 'Flatten' | 'Squeeze' | 'Unsqueeze';

export const rearrangeRule = <Op extends Rearranging>({ node, gradient }: RuleArguments<Op>) => [
  reshape(gradient, shapeOf(node.inputs[0])),
];

export function transposeRule({ node, gradient }: RuleArguments<'Transpose'>) {
  const { permutation } = node.attributes;
  return [
    transpose(
      gradient,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  ];
}
