/** Activation functions. */
import { apply, scalar, type Value } from '../node.js';
import { add, errorFunction, greater, multiply } from './elementwise.js';

/** max(x, 0). ONNX: Relu. */
export const relu = (x: Value, name?: string): Value => apply('Relu', [x], {}, name);
/** 1 / (1 + e^-x). ONNX: Sigmoid. */
export const sigmoid = (x: Value, name?: string): Value => apply('Sigmoid', [x], {}, name);
/** The hyperbolic tangent. ONNX: Tanh. */
export const tanh = (x: Value): Value => apply('Tanh', [x], {});
/** log(1 + e^x). ONNX: Softplus. */
export const softplus = (x: Value): Value => apply('Softplus', [x], {});
/** e^x / sum(e^x) along an axis (default: the last). ONNX: Softmax. */
export const softmax = (x: Value, axis = -1, name?: string): Value => apply('Softmax', [x], { axis }, name);
/** x - log(sum(e^x)) along an axis (default: the last). ONNX: LogSoftmax. */
export const logSoftmax = (x: Value, axis = -1): Value => apply('LogSoftmax', [x], { axis });
/** x where it is positive, else alpha (e^x - 1). ONNX: Elu. */
export const elu = (x: Value, alpha = 1): Value => apply('Elu', [x], { alpha });
/** x where it is positive, else alpha x. ONNX: LeakyRelu. */
export const leakyRelu = (x: Value, alpha = 0.01): Value => apply('LeakyRelu', [x], { alpha });
/** x, at least min and at most max. ONNX: Clip. */
export const clip = (x: Value, min: number, max: number): Value => apply('Clip', [x], { min, max });

/** x Phi(x), where Phi(x) = (1 + erf(x / sqrt 2)) / 2 is the normal distribution. ONNX: Gelu. */
export function gelu(x: Value, name?: string): Value {
  const doubled = add(errorFunction(multiply(x, scalar(Math.SQRT1_2))), scalar(1));
  return apply('Mul', [multiply(x, scalar(0.5)), doubled], {}, name);
}

/** GELU with Phi(x) approximated by (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2. ONNX: Gelu, approximate "tanh". */
export function geluTanh(x: Value, name?: string): Value {
  const cubic = add(x, multiply(multiply(multiply(x, x), x), scalar(0.044715)));
  const doubled = add(tanh(multiply(cubic, scalar(Math.sqrt(2 / Math.PI)))), scalar(1));
  return apply('Mul', [multiply(x, scalar(0.5)), doubled], {}, name);
}

/** x where it is positive, else slope x; at exactly 0 the gradient is the slope, as in PyTorch. ONNX: PRelu. */
export const prelu = (x: Value, slope: Value, name?: string): Value =>
  apply('Where', [greater(x, scalar(0)), x, multiply(x, slope)], {}, name);

/** alpha x + beta, at least 0 and at most 1. ONNX: HardSigmoid. */
export const hardSigmoid = (x: Value, alpha: number, beta: number, name?: string): Value =>
  apply('Clip', [add(multiply(x, scalar(alpha)), scalar(beta))], { min: 0, max: 1 }, name);
