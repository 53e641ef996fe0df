/** Evaluates the small sub-graphs with which exporters compute shapes, with the batch as the symbol N. */

import { sizeOf } from '../../tensor.js';
import { sliceRange } from '../inference.js';
import {
  type ConstantTensor,
  type Dimension,
  isBatch,
  normaliseAxis,
  perImage,
  rowsPerImage,
  type Shape,
} from '../type.js';
import { type Call, flag, integer, integers, type Known, operand, staticContents } from './call.js';
import { dataTypeOf } from './tensorProto.js';

/** Shapes, axes and scales are short; longer tensors are left to the engine. */
const longest = 1024;

type Items = readonly Dimension[];

/** The contents of a small constant. */
export function knownConstant({ dataType, shape, data }: ConstantTensor): Known | undefined {
  return data.length > longest ? undefined : { dataType, shape, items: Array.from(data, Number) };
}

/** The constant with these contents; undefined if they depend on the batch. */
export function constantFrom({ dataType, shape, items }: Known): ConstantTensor | undefined {
  const plain = items.filter((item) => typeof item === 'number');
  if (plain.length !== items.length) return undefined;
  const wide = (value: number): bigint =>
    value >= 2 ** 63 ? 2n ** 63n - 1n : value <= -(2 ** 63) ? -(2n ** 63n) : BigInt(Math.trunc(value));
  if (dataType === 'int64') {
    return plain.some(Number.isNaN) ? undefined : { dataType, shape, data: BigInt64Array.from(plain, wide) };
  }
  return { dataType, shape, data: arrays[dataType].from(plain) };
}

const arrays = {
  ...{ float16: Float32Array, float32: Float32Array, float64: Float64Array },
  ...{ int32: Int32Array, int8: Int8Array, uint8: Uint8Array, bool: Uint8Array },
} as const;

const isInteger = (dataType: Known['dataType']): boolean => dataType !== 'float32' && dataType !== 'float64';

/** One item of a result; undefined if it depends on the batch. */
type Combine = (a: Dimension, b: Dimension, whole: boolean) => Dimension | undefined;

const both =
  (combine: (a: number, b: number, whole: boolean) => number): Combine =>
  (a, b, whole) =>
    isBatch(a) || isBatch(b) ? undefined : combine(a, b, whole);

/** The batch is at least 1, so it differs from everything below. */
function equal(a: Dimension, b: Dimension): number | undefined {
  if (isBatch(a) || isBatch(b)) {
    const other = isBatch(a) ? b : a;
    if (a === b) return 1;
    return !isBatch(other) && other < 1 ? 0 : undefined;
  }
  return a === b ? 1 : 0;
}

/** 8 rows of windows for each of N images are '8N'. */
const rowsTimes = (batch: Dimension, factor: Dimension): Dimension | undefined =>
  isBatch(batch) && typeof factor === 'number' && Number.isInteger(factor) && factor > 0
    ? rowsPerImage(perImage(batch) * factor)
    : undefined;

/** A part of the rows, where every image has the same. */
const wholeRows = (batch: Dimension, divisor: number): Dimension | undefined =>
  divisor > 0 && perImage(batch) % divisor === 0 ? rowsPerImage(perImage(batch) / divisor) : undefined;

const binary: ReadonlyMap<string, Combine> = new Map<string, Combine>([
  ['Add', (a, b, w) => (b === 0 ? a : a === 0 ? b : both((x, y) => x + y)(a, b, w))],
  ['Sub', (a, b, w) => (b === 0 ? a : both((x, y) => x - y)(a, b, w))],
  ['Mul', (a, b, w) => rowsTimes(a, b) ?? rowsTimes(b, a) ?? both((x, y) => x * y)(a, b, w)],
  [
    'Div',
    (a, b, w) => {
      if (b === 1) return a;
      if (isBatch(a) && !isBatch(b) && w) return wholeRows(a, b);
      if (b === 0 && w) return undefined;
      return both((x, y, whole) => (whole ? Math.trunc(x / y) : x / y))(a, b, w);
    },
  ],
  [
    'Mod',
    (a, b, w) =>
      b === 0
        ? undefined
        : w && !isBatch(b) && perImage(a) % b === 0
          ? 0
          : both((x, y) => x - y * Math.floor(x / y))(a, b, w),
  ],
  ['Max', both((x, y) => Math.max(x, y))],
  ['Min', both((x, y) => Math.min(x, y))],
  ['Equal', equal],
]);

const unary: ReadonlyMap<string, (x: number) => number> = new Map([
  ['Floor', Math.floor],
  ['Ceil', Math.ceil],
  ['Neg', (x: number) => -x],
  ['Abs', Math.abs],
  ['Sqrt', Math.sqrt],
  ['Not', (x: number) => (x === 0 ? 1 : 0)],
]);

/** The list; undefined if an item is unknown. */
function complete(items: readonly (Dimension | undefined)[]): Items | undefined {
  const found = items.filter((item) => item !== undefined);
  return found.length === items.length ? found : undefined;
}

/** For vectors and scalars, which suffice for shapes. */
function combineItems(parts: readonly Known[], combine: (items: Items) => Dimension | undefined) {
  const length = Math.max(...parts.map(({ items }) => items.length));
  if (parts.some(({ shape, items }) => shape.length > 1 || (items.length !== length && items.length !== 1))) {
    return undefined;
  }
  const vector = parts.some(({ shape }) => shape.length === 1);
  if (!vector && length !== 1) return undefined;
  const items = complete(
    Array.from({ length }, (_, i) =>
      combine(parts.map((part) => part.items[part.items.length === 1 ? 0 : i])),
    ),
  );
  return items && { items, shape: vector ? [length] : [] };
}

const rounded = (item: Dimension | undefined, dataType: Known['dataType']): Dimension | undefined =>
  typeof item === 'number' && dataType === 'float32' ? Math.fround(item) : item;

function foldShape(call: Call): Known | undefined {
  const { shape } = operand(call, 0).type;
  if (shape === undefined) return undefined;
  const { from, count } = sliceRange(
    shape.length,
    integer(call, 'start', 0),
    integer(call, 'end', shape.length),
    1,
  );
  return { dataType: 'int64', shape: [count], items: shape.slice(from, from + count) };
}

function foldGather(call: Call, data: Known, indices: Known): Known | undefined {
  if (data.shape.length !== 1 || integer(call, 'axis', 0) > 0 || indices.shape.length > 1) return undefined;
  const { length } = data.items;
  const items = complete(
    indices.items.map((index) =>
      isBatch(index) || !Number.isInteger(index)
        ? undefined
        : data.items.at(index < -length ? length : index),
    ),
  );
  return items && { dataType: data.dataType, shape: indices.shape, items };
}

function foldConcat(parts: readonly Known[]): Known | undefined {
  if (parts.some(({ shape }) => shape.length !== 1)) return undefined;
  const items = parts.flatMap((part) => part.items);
  return items.length > longest ? undefined : { ...parts[0], shape: [items.length], items };
}

/** Items taken from elsewhere in a row-major tensor: `source` maps an index of the result to one of the data. */
function rearranged(
  data: Known,
  shape: readonly number[],
  source: (index: readonly number[]) => readonly number[],
): Known {
  const items = Array.from({ length: sizeOf(shape) }, (_, position) => {
    const index = new Array<number>(shape.length);
    let rest = position;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    return data.items[source(index).reduce((sum, part, axis) => sum * data.shape[axis] + part, 0)];
  });
  return { ...data, shape, items };
}

function foldSlice(call: Call, data: Known): Known | undefined {
  const part = (index: number, name: string) =>
    call.inputs.length > 1 ? staticContents(call, index) : integers(call, name);
  const [start] = part(1, 'starts') ?? [];
  const [end] = part(2, 'ends') ?? [];
  const [step] = (call.inputs[4] === undefined ? [1] : staticContents(call, 4)) ?? [];
  const axes = call.inputs[3] === undefined ? (integers(call, 'axes') ?? [0]) : staticContents(call, 3);
  const rank = data.shape.length;
  if (rank === 0 || axes?.length !== 1 || start === undefined || end === undefined || !step) return undefined;
  const axis = normaliseAxis(axes[0], rank, call.where);
  const { from, count } = sliceRange(data.shape[axis], start, end, step);
  return rearranged(
    data,
    data.shape.map((length, i) => (i === axis ? count : length)),
    (index) => index.map((position, i) => (i === axis ? from + position * step : position)),
  );
}

function foldTranspose(call: Call, data: Known): Known {
  const permutation = integers(call, 'perm') ?? data.shape.map((_, axis) => axis).reverse();
  return rearranged(
    data,
    permutation.map((axis) => data.shape[axis]),
    (index) => data.shape.map((_, axis) => index[permutation.indexOf(axis)]),
  );
}

function foldRange(call: Call, dataType: Known['dataType']): Known | undefined {
  const [start, limit, delta] = [0, 1, 2].map((i) => staticContents(call, i)?.[0]);
  if (start === undefined || limit === undefined || !delta) return undefined;
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  if (!(length <= longest)) return undefined;
  return { dataType, shape: [length], items: Array.from({ length }, (_, i) => start + i * delta) };
}

/** A single item repeated along one axis. */
function foldExpand(call: Call, data: Known): Known | undefined {
  const shape = staticContents(call, 1);
  const [length = 1] = shape ?? [];
  if (shape === undefined || shape.length > 1 || !(length >= 1 && length <= longest)) return undefined;
  if (data.items.length !== 1) return data.shape.length === 1 && length === 1 ? data : undefined;
  return { ...data, shape, items: new Array<Dimension>(length).fill(data.items[0]) };
}

function foldFilled(call: Call): Known | undefined {
  const sizes = staticContents(call, 0);
  if (sizes === undefined || sizes.length > 1) return undefined;
  const length = sizes[0] ?? 1;
  if (!(length >= 0 && length <= longest)) return undefined;
  const fill = call.raw.get('value');
  const tensor = fill?.type === 'tensor' ? fill.value : undefined;
  return {
    dataType: tensor?.dataType ?? 'float32',
    shape: sizes,
    items: new Array<number>(length).fill(Number(tensor?.data[0] ?? 0)),
  };
}

/** The same items in another shape; every operator here keeps their order. */
function reshaped(data: Known, shape: Shape | undefined): Known | undefined {
  const plain = shape?.filter((dimension) => typeof dimension === 'number');
  return plain === undefined || plain.length !== shape?.length ? undefined : { ...data, shape: plain };
}

/**
 * What is known of the output of a node from what is known of its inputs; undefined if that needs the engine.
 * @param result the output's shape as inferred, for the operators that only reshape.
 */
export function fold(call: Call, result: Shape | undefined): Known | undefined {
  const { operator } = call;
  if (call.domain !== '' || call.outputs.length !== 1) return undefined;
  if (operator === 'Shape') return foldShape(call);
  if (operator === 'ConstantOfShape') return foldFilled(call);
  const parts: Known[] = [];
  for (const value of call.inputs) {
    if (value === undefined) continue;
    const known = call.known(value);
    if (known === undefined) return undefined;
    parts.push(known);
  }
  const [first, second, third] = parts;
  if (first === undefined) return undefined;
  const { dataType } = first;
  switch (operator) {
    case 'Identity':
      return first;
    case 'Unsqueeze':
    case 'Squeeze':
    case 'Reshape':
    case 'Flatten':
      return reshaped(first, result);
    case 'Gather':
      return second && foldGather(call, first, second);
    case 'Concat':
      return foldConcat(parts);
    case 'Slice':
      return foldSlice(call, first);
    case 'Transpose':
      return foldTranspose(call, first);
    case 'Expand':
      return foldExpand(call, first);
    case 'Range':
      return foldRange(call, dataType);
    case 'Cast': {
      const to = dataTypeOf(integer(call, 'to', 0), call.where);
      const convert = (item: Dimension): Dimension =>
        isBatch(item) ? item : to === 'bool' ? (item === 0 ? 0 : 1) : isInteger(to) ? Math.trunc(item) : item;
      return { ...first, dataType: to, items: first.items.map(convert) };
    }
    case 'Where': {
      if (second === undefined || third === undefined) return undefined;
      const chosen = combineItems(parts, ([condition, a, b]) =>
        isBatch(condition) ? undefined : condition ? a : b,
      );
      return chosen && { dataType: second.dataType, ...chosen };
    }
    case 'ReduceProd': {
      const multiply = binary.get('Mul');
      const product = first.items.reduce<Dimension | undefined>(
        (total, item) => (total === undefined ? undefined : multiply?.(total, item, isInteger(dataType))),
        1,
      );
      if (product === undefined || first.shape.length !== 1) return undefined;
      return { dataType, shape: flag(call, 'keepdims', true) ? [1] : [], items: [product] };
    }
  }
  const combine = binary.get(operator);
  if (combine !== undefined && parts.length === 2) {
    const whole = isInteger(dataType);
    const combined = combineItems(parts, ([a, b]) => rounded(combine(a, b, whole), dataType));
    return combined && { dataType: operator === 'Equal' ? 'bool' : dataType, ...combined };
  }
  const map = unary.get(operator);
  const items =
    map && complete(first.items.map((item) => (isBatch(item) ? undefined : rounded(map(item), dataType))));
  return items && { ...first, items };
}
