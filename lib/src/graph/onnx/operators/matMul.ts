/** Matrix products in ONNX, and what is made of them. */
import { apply, scalar } from '../../node.js';
import { einsum } from '../../operators/einsum.js';
import { add, multiply } from '../../operators/elementwise.js';
import { matMul, matrixTranspose } from '../../operators/matMul.js';
import { flag, number, operand, text } from '../call.js';
import { type Decoders, inputsOf } from '../decoder.js';
import { type Encoders, float, flag as int } from '../encoder.js';

export const decoders: Decoders = {
  Gemm(call) {
    const attributes = {
      alpha: number(call, 'alpha', 1),
      beta: number(call, 'beta', 1),
      transA: flag(call, 'transA'),
      transB: flag(call, 'transB'),
    };
    return [apply('Gemm', inputsOf(call, 2, 3), attributes, call.name)];
  },
  MatMul(call) {
    const factors = inputsOf(call, 2, 2);
    if (factors.some(({ type: { shape } }) => shape !== undefined && shape.length < 2)) return undefined;
    return [apply('MatMul', factors, {}, call.name)];
  },
  Einsum(call) {
    const equation = text(call, 'equation', '');
    const values = call.inputs.map((_, i) => operand(call, i));
    const known = values.every(({ type }) => type.shape !== undefined && type.dataType === 'float32');
    if (!known) return undefined;
    return [einsum(equation, values, call.where, call.name)];
  },
  /** softmax(q k^T scale + mask) v over separate heads, without a cache of earlier keys. */
  Attention(call) {
    const [q, k, v] = inputsOf(call, 3, 3);
    const mask = call.inputs[3];
    const width = q.type.shape?.[3];
    const special =
      flag(call, 'is_causal') ||
      number(call, 'softcap', 0) !== 0 ||
      call.inputs.slice(4).some(Boolean) ||
      call.outputs.slice(1).some(Boolean) ||
      (mask !== undefined && mask.type.dataType !== 'float32') ||
      k.type.shape?.[1] !== q.type.shape?.[1];
    if (special || typeof width !== 'number') return undefined;
    const scale = scalar(number(call, 'scale', 1 / Math.sqrt(width)));
    const scores = multiply(matMul(q, matrixTranspose(k)), scale);
    const weights = apply('Softmax', [mask ? add(scores, mask) : scores], { axis: 3 });
    return [apply('MatMul', [weights, v], {}, call.name)];
  },
};

export const encoders = {
  Gemm: ({ attributes: { alpha, beta, transA, transB } }) => ({
    attributes: { alpha: float(alpha), beta: float(beta), transA: int(transA), transB: int(transB) },
  }),
} satisfies Encoders;
