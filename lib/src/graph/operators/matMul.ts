/** Matrix products and their gradients. */
import { InputError } from '../../error.js';
import type { OperatorAttributes } from '../attributes.js';
import { shapeOf } from '../graph.js';
import { apply, scalar, type Value } from '../node.js';
import type { RuleArguments } from '../rule.js';
import { broadcastShapes, type Shape, shapeText, type TensorType } from '../type.js';
import { transpose } from './arrangement.js';
import { multiply, unbroadcast } from './elementwise.js';

export const matMul = (a: Value, b: Value): Value => apply('MatMul', [a, b], {});

export function gemm(
  a: Value,
  b: Value,
  c: Value | undefined,
  { alpha = 1, beta = 1, transA = false, transB = false }: Partial<OperatorAttributes['Gemm']> = {},
): Value {
  return apply('Gemm', c ? [a, b, c] : [a, b], { alpha, beta, transA, transB });
}

function mismatch(where: string, a: Shape, b: Shape): InputError {
  return new InputError({
    what: 'matrices do not fit together',
    where,
    expected: 'columns of the first = rows of the second',
    got: `${shapeText(a)} and ${shapeText(b)}`,
  });
}

export function inferMatMul([a, b]: readonly TensorType[], where: string): TensorType {
  if (a.shape === undefined || b.shape === undefined) return { dataType: a.dataType, shape: undefined };
  if (a.shape.length < 2 || b.shape.length < 2 || a.shape.at(-1) !== b.shape.at(-2)) {
    throw mismatch(where, a.shape, b.shape);
  }
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2), where);
  return { dataType: a.dataType, shape: [...batch, ...a.shape.slice(-2, -1), ...b.shape.slice(-1)] };
}

export function inferGemm(
  [a, b]: readonly TensorType[],
  { transA, transB }: OperatorAttributes['Gemm'],
  where: string,
): TensorType {
  if (a.shape === undefined || b.shape === undefined) return { dataType: a.dataType, shape: undefined };
  const [rows, inner] = transA ? [a.shape[1], a.shape[0]] : a.shape;
  const [depth, columns] = transB ? [b.shape[1], b.shape[0]] : b.shape;
  if (a.shape.length !== 2 || b.shape.length !== 2 || inner !== depth)
    throw mismatch(where, a.shape, b.shape);
  return { dataType: a.dataType, shape: [rows, columns] };
}

/** The last two axes exchanged. */
export function matrixTranspose(x: Value): Value {
  const rank = shapeOf(x).length;
  return transpose(x, [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2]);
}

/** Y = A B: dA = G B^T, dB = A^T G. */
export function matMulRule({ node, gradient, wanted }: RuleArguments<'MatMul'>) {
  const [a, b] = node.inputs;
  return [
    wanted[0] ? unbroadcast(matMul(gradient, matrixTranspose(b)), shapeOf(a)) : undefined,
    wanted[1] ? unbroadcast(matMul(matrixTranspose(a), gradient), shapeOf(b)) : undefined,
  ];
}

/** Y = alpha A' B' + beta C, where ' is an optional transposition. */
export function gemmRule({ node, gradient, wanted }: RuleArguments<'Gemm'>) {
  const [a, b, c] = node.inputs;
  const { alpha, beta, transA, transB } = node.attributes;
  const dA = () =>
    transA
      ? gemm(b, gradient, undefined, { alpha, transA: transB, transB: true })
      : gemm(gradient, b, undefined, { alpha, transB: !transB });
  const dB = () =>
    transB
      ? gemm(gradient, a, undefined, { alpha, transA: true, transB: transA })
      : gemm(a, gradient, undefined, { alpha, transA: !transA });
  return [
    wanted[0] ? dA() : undefined,
    wanted[1] ? dB() : undefined,
    wanted[2] && c ? unbroadcast(multiply(gradient, scalar(beta)), shapeOf(c)) : undefined,
  ];
}
