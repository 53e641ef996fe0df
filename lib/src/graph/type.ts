/** The types of values in a graph: element type and shape, with a symbolic batch dimension. */
import { failAt } from '../error.js';
import { sizeOf } from '../tensor.js';

export type DataType = 'float32' | 'float64' | 'float16' | 'int64' | 'int32' | 'int8' | 'uint8' | 'bool';

/**
 * The batch is symbolic: 'N' images, or a fixed number of rows for each of them, as where windows or heads of attention
 * are merged with it ('8N').
 */
export type Batch = 'N' | `${number}N`;
/** Every dimension but the batch is a number. */
export type Dimension = number | Batch;
export type Shape = readonly Dimension[];

export const isBatch = (dimension: Dimension | undefined): dimension is Batch =>
  typeof dimension === 'string';

/** The length of a dimension per image: 8 for 8 as for '8N', 1 for 'N'. */
export function perImage(dimension: Dimension): number {
  if (typeof dimension === 'number') return dimension;
  return dimension === 'N' ? 1 : Number.parseInt(dimension, 10);
}

/** This many rows for each image. */
export const rowsPerImage = (rows: number): Batch => (rows === 1 ? 'N' : `${rows}N`);

/** The number of values per image, or of all values if no dimension is the batch. */
export const sizePerImage = (shape: Shape): number => sizeOf(shape.map(perImage));

/** Several dimensions merged: their product, with the batch if one of them has it. */
export const mergeDimensions = (dimensions: Shape): Dimension =>
  dimensions.some(isBatch) ? rowsPerImage(sizePerImage(dimensions)) : sizePerImage(dimensions);

/** A shape is undefined behind operators that landlens can run but does not understand. */
export interface TensorType {
  readonly dataType: DataType;
  readonly shape: Shape | undefined;
}

/** Stored numbers: float16 is widened to float32 when read, 8-bit and bool are bytes. */
export interface ConstantTensor {
  readonly dataType: DataType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | BigInt64Array | Int32Array | Int8Array | Uint8Array;
}

export function shapeText(shape: Shape | undefined): string {
  return shape === undefined ? 'unknown shape' : `[${shape.join(', ')}]`;
}

/**
 * A dimension that must be a number, such as a channel count.
 * @throws InputError if it is the batch or missing
 */
export function staticDimension(dimension: Dimension | undefined, where: string): number {
  if (typeof dimension === 'number') return dimension;
  throw failAt(where)(
    'this dimension must be a fixed number',
    'a number',
    dimension === undefined ? 'no such dimension' : `the symbolic batch "${dimension}"`,
  );
}

/**
 * NumPy's broadcasting of two shapes (ONNX "multidirectional"); the symbolic batch only fits itself or 1.
 * @throws InputError if the shapes do not fit together
 */
export function broadcastShapes(a: Shape, b: Shape, where: string): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw failAt(where)(
      'shapes cannot be broadcast together',
      'equal dimensions, or 1',
      `${shapeText(a)} and ${shapeText(b)}`,
    );
  });
}

/**
 * The axis counted from the first; -1 is the last one.
 * @throws InputError if there is no such axis
 */
export function normaliseAxis(axis: number, rank: number, where: string): number {
  const result = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(result) && result >= 0 && result < rank) return result;
  throw failAt(where)('axis outside the tensor', `an axis from ${-rank} to ${rank - 1}`, String(axis));
}
