/** Activation functions and their ordinary gradients; explanation methods replace some of these rules. */
import { apply, scalar, type Value } from '../node.js';
import type { RuleArguments } from '../rule.js';
import { add, errorFunction, exponential, greater, multiply, sign, subtract, where } from './elementwise.js';
import { reduceSum } from './reduction.js';

export const relu = (x: Value, name?: string): Value => apply('Relu', [x], {}, name);
export const sigmoid = (x: Value, name?: string): Value => apply('Sigmoid', [x], {}, name);
export const tanh = (x: Value): Value => apply('Tanh', [x], {});
/** Over the last axis. */
export const softmax = (x: Value, name?: string): Value => apply('Softmax', [x], { axis: -1 }, name);
export const logSoftmax = (x: Value, axis: number): Value => apply('LogSoftmax', [x], { axis });
export const softplus = (x: Value): Value => apply('Softplus', [x], {});

/** x Phi(x), with the normal distribution's Phi(x) = (1 + erf(x / sqrt 2)) / 2. */
export function gelu(x: Value, name?: string): Value {
  const doubled = add(errorFunction(multiply(x, scalar(Math.SQRT1_2))), scalar(1));
  return apply('Mul', [multiply(x, scalar(0.5)), doubled], {}, name);
}

/** GELU with Phi(x) close to (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2. */
export function geluTanh(x: Value, name?: string): Value {
  const cubic = add(x, multiply(multiply(multiply(x, x), x), scalar(0.044715)));
  const doubled = add(tanh(multiply(cubic, scalar(Math.sqrt(2 / Math.PI)))), scalar(1));
  return apply('Mul', [multiply(x, scalar(0.5)), doubled], {}, name);
}

/** x where it is positive, else slope x; the gradient at exactly 0 is the slope, as in PyTorch. */
export const prelu = (x: Value, slope: Value, name?: string): Value =>
  apply('Where', [greater(x, scalar(0)), x, multiply(x, slope)], {}, name);

/** alpha x + beta between 0 and 1. */
export const hardSigmoid = (x: Value, alpha: number, beta: number, name?: string): Value =>
  apply('Clip', [add(multiply(x, scalar(alpha)), scalar(beta))], { min: 0, max: 1 }, name);

/** 1 where a rectified value is positive, else 0; at exactly 0 the gradient is 0, as in PyTorch. */
export const rectifierMask = (rectified: Value): Value => sign(rectified);

export const reluRule = ({ node, gradient }: RuleArguments<'Relu'>) => [
  multiply(gradient, rectifierMask(node.outputs[0])),
];

export function leakyReluRule({ node, gradient }: RuleArguments<'LeakyRelu'>) {
  const positive = greater(node.inputs[0], scalar(0));
  return [where(positive, gradient, multiply(gradient, scalar(node.attributes.alpha)))];
}

/** For x <= 0: d(alpha (e^x - 1)) = alpha e^x = y + alpha. */
export function eluRule({ node, gradient }: RuleArguments<'Elu'>) {
  const positive = greater(node.inputs[0], scalar(0));
  const slope = add(node.outputs[0], scalar(node.attributes.alpha));
  return [where(positive, gradient, multiply(gradient, slope))];
}

/** y' = y (1 - y). */
export function sigmoidRule({ node, gradient }: RuleArguments<'Sigmoid'>) {
  const [y] = node.outputs;
  return [multiply(gradient, multiply(y, subtract(scalar(1), y)))];
}

/** y' = 1 - y^2. */
export function tanhRule({ node, gradient }: RuleArguments<'Tanh'>) {
  const [y] = node.outputs;
  return [multiply(gradient, subtract(scalar(1), multiply(y, y)))];
}

export const softplusRule = ({ node, gradient }: RuleArguments<'Softplus'>) => [
  multiply(gradient, sigmoid(node.inputs[0])),
];

/** dx = y (g - sum(g y)) along the axis. */
export function softmaxRule({ node, gradient }: RuleArguments<'Softmax'>) {
  const [y] = node.outputs;
  const inner = reduceSum(multiply(gradient, y), [node.attributes.axis], true);
  return [multiply(y, subtract(gradient, inner))];
}

/** dx = g - e^y sum(g) along the axis. */
export function logSoftmaxRule({ node, gradient }: RuleArguments<'LogSoftmax'>) {
  const [y] = node.outputs;
  const sum = reduceSum(gradient, [node.attributes.axis], true);
  return [subtract(gradient, multiply(exponential(y), sum))];
}

/** The gradient passes inside [min, max], borders included. */
export function clipRule({ node, gradient }: RuleArguments<'Clip'>) {
  const [x] = node.inputs;
  const zero = scalar(0);
  const below = (g: Value): Value => where(greater(scalar(node.attributes.min), x), zero, g);
  const above = (g: Value): Value => where(greater(x, scalar(node.attributes.max)), zero, g);
  const lower = Number.isFinite(node.attributes.min) ? below(gradient) : gradient;
  return [Number.isFinite(node.attributes.max) ? above(lower) : lower];
}
