/** Matrix products. */

import { shapeOf } from '../graph.js';
import type { OperatorAttributes } from '../inference.js';
import { apply, floats, type Value } from '../node.js';
import { transpose } from './arrangement.js';

/**
 * The matrix product of the last two axes: [.., M, K] and [.., K, N] to [.., M, N]; the other axes are broadcast. ONNX:
 * MatMul.
 * @throws InputError if the matrices do not fit together
 */
export const matMul = (a: Value, b: Value): Value => apply('MatMul', [a, b], {});

/**
 * alpha a b + beta c, where a and b [rows, columns] may be transposed and c is broadcast. ONNX: Gemm.
 * @throws InputError if the matrices do not fit together
 */
export function gemm(
  a: Value,
  b: Value,
  c: Value | undefined,
  { alpha = 1, beta = 1, transA = false, transB = false }: Partial<OperatorAttributes['Gemm']> = {},
): Value {
  return apply('Gemm', c ? [a, b, c] : [a, b], { alpha, beta, transA, transB });
}

/** The last two axes exchanged. ONNX: Transpose. */
export function matrixTranspose(x: Value): Value {
  const rank = shapeOf(x).length;
  return transpose(x, [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2]);
}

/** Multiplies one axis by a constant matrix [old length, new length], x with the axis last: any linear map along an axis. */
export function multiplyAxis(x: Value, axis: number, matrix: Float64Array, length: number): Value {
  const rank = shapeOf(x).length;
  const right = floats(Float32Array.from(matrix), [matrix.length / length, length]);
  if (axis === rank - 1) return matMul(x, right);
  const swap = Array.from({ length: rank }, (_, i) => (i === axis ? rank - 1 : i === rank - 1 ? axis : i));
  return transpose(matMul(transpose(x, swap), right), swap);
}
