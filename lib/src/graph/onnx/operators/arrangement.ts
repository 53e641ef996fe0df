/** Values joined, cut, padded and repeated in ONNX. */
import { failAt } from '../../../error.js';
import { apply, createNode, type Value } from '../../node.js';
import { expand, reshape } from '../../operators/arrangement.js';
import { zerosLike } from '../../operators/elementwise.js';
import { tile } from '../../operators/tiles.js';
import { broadcastShapes, isBatch, normaliseAxis, perImage, type Shape, sizePerImage } from '../../type.js';
import {
  type Call,
  contents,
  integer,
  integers,
  listText,
  number,
  operand,
  refuse,
  staticContents,
  text,
} from '../call.js';
import { type Decoders, identity, inputsOf } from '../decoder.js';
import { type Encoders, int, text as string, number as tensor } from '../encoder.js';

/** Zeros with this batch and otherwise ones as dimensions. */
function batchZeros(call: Call, shape: Shape): Value | undefined {
  const source = call.batch?.type.shape;
  if (call.batch === undefined || source === undefined) return undefined;
  const rest = source.map((_, axis) => axis).slice(1);
  const first = apply('Slice', [call.batch], {
    axes: rest,
    starts: rest.map(() => 0),
    ends: rest.map(() => 1),
    steps: rest.map(() => 1),
  });
  const perRow = reshape(zerosLike(first), ['N', 1]);
  return reshape(expand(perRow, [1, sizePerImage(shape)]), shape);
}

/** Repeats a tensor along dimensions of 1; over the batch, of no fixed length, by adding zeros that have it. */
function spreadTo(call: Call, x: Value, target: Shape, name?: string): Value | undefined {
  const lengths = target.map((dimension) => (isBatch(dimension) ? 1 : dimension));
  const repeated = apply('Expand', [x], { lengths }, name);
  if (repeated.type.shape?.some(isBatch) || !target.some(isBatch)) return repeated;
  const zeros = batchZeros(
    call,
    target.map((dimension) => (isBatch(dimension) ? dimension : 1)),
  );
  return zeros && apply('Add', [repeated, zeros], {}, name);
}

/** Bounds beyond every tensor mean "to the end"; files write them as the largest int64, which no number holds. */
const bounded = (value: number): number => Math.min(Math.max(value, -(2 ** 31)), 2 ** 31 - 1);

export const decoders: Decoders = {
  Concat(call) {
    const given = call.inputs.map((_, i) => operand(call, i));
    // In a file for one image a constant beside a batch stands for every image.
    const batched = call.batchOfOne && given.some(({ type: { shape } }) => shape?.[0] === 'N');
    const values = given.map((value) => {
      const { shape, dataType } = value.type;
      if (!batched || shape?.[0] !== 1 || dataType !== 'float32') return value;
      return spreadTo(call, value, shape.with(0, 'N')) ?? value;
    });
    const first = operand(call, 0);
    const axis = integer(call, 'axis', 1);
    if (first.type.shape !== undefined) normaliseAxis(axis, first.type.shape.length, call.where);
    return [apply('Concat', values, { axis }, call.name)];
  },
  Split(call) {
    const x = operand(call, 0);
    const axis = integer(call, 'axis', 0);
    const count = call.outputs.length;
    const given = call.opset < 13 ? integers(call, 'split') : staticContents(call, 1);
    if (given !== undefined) {
      if (given.length !== count || given.some((size) => size < 0)) {
        throw failAt(call.where)('split sizes and outputs disagree', `${count} sizes`, listText(given));
      }
      return createNode('Split', [x], { axis, sizes: given }, call.name).outputs;
    }
    const { shape } = x.type;
    if ((call.opset >= 13 && call.inputs[1] !== undefined) || shape === undefined) return undefined;
    const length = shape[normaliseAxis(axis, shape.length, call.where)];
    if (isBatch(length)) throw refuse(call, 'the batch cannot be split');
    // Equal parts; the last is smaller where they do not divide the length.
    const part = Math.ceil(length / count);
    const sizes = Array.from({ length: count }, (_, i) => Math.max(0, Math.min(part, length - i * part)));
    return createNode('Split', [x], { axis, sizes }, call.name).outputs;
  },
  Slice(call) {
    const x = operand(call, 0);
    const asInputs = call.opset >= 10;
    const starts = asInputs ? staticContents(call, 1) : integers(call, 'starts');
    const ends = asInputs ? staticContents(call, 2) : integers(call, 'ends');
    if (starts === undefined || ends === undefined) {
      if (asInputs) return undefined;
      throw refuse(call, 'attributes "starts" and "ends" are needed');
    }
    const count = starts.length;
    const list = (index: number, name: string, otherwise: (i: number) => number): number[] | undefined => {
      if (!asInputs) return integers(call, name) ?? starts.map((_, i) => otherwise(i));
      if (call.inputs[index] === undefined) return starts.map((_, i) => otherwise(i));
      return staticContents(call, index);
    };
    const axes = list(3, 'axes', (i) => i);
    const steps = asInputs ? list(4, 'steps', () => 1) : starts.map(() => 1);
    if (axes === undefined || steps === undefined) return undefined;
    if ([ends, axes, steps].some((values) => values.length !== count) || steps.includes(0)) {
      throw failAt(call.where)(
        'starts, ends, axes and steps do not fit together',
        `${count} of each, no step of 0`,
        `${ends.length} ends, ${axes.length} axes, steps ${listText(steps)}`,
      );
    }
    const { shape } = x.type;
    /** The whole batch, which a slice may name but not cut. */
    const wholeBatch = (i: number): boolean =>
      isBatch(shape?.[normaliseAxis(axes[i], shape.length, call.where)]) &&
      steps[i] === 1 &&
      (starts[i] === 0 || starts[i] <= -(2 ** 31)) &&
      ends[i] >= 2 ** 31 - 1;
    const kept = axes.flatMap((_, i) => (wholeBatch(i) ? [] : [i]));
    if (kept.length === 0) return identity(call);
    const attributes = {
      axes: kept.map((i) => axes[i]),
      starts: kept.map((i) => bounded(starts[i])),
      ends: kept.map((i) => bounded(ends[i])),
      steps: kept.map((i) => bounded(steps[i])),
    };
    return [apply('Slice', [x], attributes, call.name)];
  },
  Expand(call) {
    const [x] = inputsOf(call, 2, 2);
    const { shape, dataType } = x.type;
    const target = contents(call, 1);
    if (shape === undefined || target === undefined || dataType !== 'float32') return undefined;
    // In a file for one image the target has numbers where x has the batch.
    const wanted = target.map((dimension, axis) => {
      const own = shape[axis - target.length + shape.length];
      return call.batchOfOne && isBatch(own) && dimension === perImage(own) ? own : dimension;
    });
    const whole = broadcastShapes(shape, wanted, call.where);
    if (whole.join() === shape.join()) return identity(call);
    const result = spreadTo(call, x, whole, call.name);
    return result && [result];
  },
  Tile(call) {
    const [x] = inputsOf(call, 2, 2);
    const { shape, dataType } = x.type;
    const given = contents(call, 1);
    if (shape === undefined || given?.length !== shape.length || dataType !== 'float32') return undefined;
    // A single row is repeated for every image of the batch.
    const repeats = given.map((count) => (isBatch(count) ? 1 : count));
    if (repeats.some((count, axis) => count !== 1 && (!(count >= 1) || isBatch(shape[axis]))))
      return undefined;
    const repeated = tile(x, repeats, call.name);
    if (!given.some(isBatch)) return [repeated];
    if (given.some((count, axis) => isBatch(count) && shape[axis] !== 1)) return undefined;
    const target = (repeated.type.shape ?? []).map((length, axis) =>
      isBatch(given[axis]) ? given[axis] : length,
    );
    const result = spreadTo(call, repeated, target, call.name);
    return result && [result];
  },
  Pad(call) {
    const x = operand(call, 0);
    const mode = text(call, 'mode', 'constant');
    const asInputs = call.opset >= 11;
    const given = asInputs ? staticContents(call, 1) : integers(call, 'pads');
    const filled = asInputs && call.inputs[2] !== undefined;
    const value = filled ? staticContents(call, 2)?.[0] : number(call, 'value', 0);
    const known = mode === 'constant' || mode === 'reflect' || mode === 'edge';
    if (!known || given === undefined || value === undefined || x.type.dataType !== 'float32') {
      if (asInputs) return undefined;
      throw refuse(call, `padding of this kind is not supported (mode ${mode.slice(0, 40)})`);
    }
    const axes = call.opset >= 18 && call.inputs[3] !== undefined ? staticContents(call, 3) : undefined;
    if (call.inputs[3] !== undefined && axes === undefined) return undefined;
    const rank = x.type.shape?.length ?? (axes === undefined ? given.length / 2 : undefined);
    if (rank === undefined) return undefined;
    const places = axes?.map((axis) => normaliseAxis(axis, rank, call.where));
    const count = places?.length ?? rank;
    if (given.length !== 2 * count || given.some((amount) => Math.abs(amount) >= 2 ** 31)) {
      throw failAt(call.where)('the pads do not fit the tensor', `${2 * count} amounts`, listText(given));
    }
    const pads = places ? new Array<number>(2 * rank).fill(0) : given;
    for (const [i, axis] of places?.entries() ?? []) {
      pads[axis] = given[i];
      pads[axis + rank] = given[i + count];
    }
    return [apply('Pad', [x], { pads, mode, value }, call.name)];
  },
};

export const encoders = {
  Concat: ({ attributes: { axis } }) => ({ attributes: { axis: int(axis) } }),
  Split: ({ attributes: { axis, sizes } }) => ({ attributes: { axis: int(axis) }, extra: [sizes] }),
  Slice: ({ attributes: { starts, ends, axes, steps } }) => ({ extra: [starts, ends, axes, steps] }),
  Expand: ({ attributes: { lengths } }) => ({ extra: [lengths] }),
  Pad: ({ attributes: { mode, pads, value } }) => ({
    attributes: { mode: string(mode) },
    extra: [pads, tensor(value)],
  }),
} satisfies Encoders;
