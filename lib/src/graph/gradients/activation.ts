/** The gradients of activation functions. */
import { scalar, type Value } from '../node.js';
import { sigmoid } from '../operators/activation.js';
import { add, exponential, greater, multiply, sign, subtract, where } from '../operators/elementwise.js';
import { reduceSum } from '../operators/reduction.js';
import type { OperatorRules } from '../rule.js';

export const activation = {
  /** The sign of a rectified value is its mask: at exactly 0 the gradient is 0, as in PyTorch. */
  Relu: ({ node, gradient }) => [multiply(gradient, sign(node.outputs[0]))],
  LeakyRelu({ node, gradient }) {
    const positive = greater(node.inputs[0], scalar(0));
    return [where(positive, gradient, multiply(gradient, scalar(node.attributes.alpha)))];
  },
  /** For x <= 0: d(alpha (e^x - 1)) = alpha e^x = y + alpha. */
  Elu({ node, gradient }) {
    const positive = greater(node.inputs[0], scalar(0));
    const slope = add(node.outputs[0], scalar(node.attributes.alpha));
    return [where(positive, gradient, multiply(gradient, slope))];
  },
  /** y' = y (1 - y). */
  Sigmoid({ node, gradient }) {
    const [y] = node.outputs;
    return [multiply(gradient, multiply(y, subtract(scalar(1), y)))];
  },
  /** y' = 1 - y^2. */
  Tanh({ node, gradient }) {
    const [y] = node.outputs;
    return [multiply(gradient, subtract(scalar(1), multiply(y, y)))];
  },
  Softplus: ({ node, gradient }) => [multiply(gradient, sigmoid(node.inputs[0]))],
  /** dx = y (g - sum(g y)) along the axis. */
  Softmax({ node, gradient }) {
    const [y] = node.outputs;
    const inner = reduceSum(multiply(gradient, y), [node.attributes.axis], true);
    return [multiply(y, subtract(gradient, inner))];
  },
  /** dx = g - e^y sum(g) along the axis. */
  LogSoftmax({ node, gradient }) {
    const [y] = node.outputs;
    const sum = reduceSum(gradient, [node.attributes.axis], true);
    return [subtract(gradient, multiply(exponential(y), sum))];
  },
  /** The gradient passes inside [min, max], borders included. */
  Clip({ node, gradient }) {
    const [x] = node.inputs;
    const zero = scalar(0);
    const below = (g: Value): Value => where(greater(scalar(node.attributes.min), x), zero, g);
    const above = (g: Value): Value => where(greater(x, scalar(node.attributes.max)), zero, g);
    const lower = Number.isFinite(node.attributes.min) ? below(gradient) : gradient;
    return [Number.isFinite(node.attributes.max) ? above(lower) : lower];
  },
} satisfies Partial<OperatorRules>;
