/** The gradients of matrix products. */
import { shapeOf } from '../graph.js';
import { scalar } from '../node.js';
import { multiply } from '../operators/elementwise.js';
import { gemm, matMul, matrixTranspose } from '../operators/matMul.js';
import type { OperatorRules } from '../rule.js';
import { unbroadcast } from './elementwise.js';

export const products = {
  /** Y = A B: dA = G B^T, dB = A^T G. */
  MatMul({ node, gradient, wanted }) {
    const [a, b] = node.inputs;
    return [
      wanted[0] ? unbroadcast(matMul(gradient, matrixTranspose(b)), shapeOf(a)) : undefined,
      wanted[1] ? unbroadcast(matMul(matrixTranspose(a), gradient), shapeOf(b)) : undefined,
    ];
  },
  /** Y = alpha A' B' + beta C, where ' is an optional transposition. */
  Gemm({ node, gradient, wanted }) {
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
  },
} satisfies Partial<OperatorRules>;
