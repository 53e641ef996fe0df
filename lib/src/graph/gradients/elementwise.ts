/** The gradients of operators that compute each value from the values at the same place of their inputs. */
import { shapeOf } from '../graph.js';
import { scalar, type Value } from '../node.js';
import { reshape } from '../operators/arrangement.js';
import {
  add,
  cast,
  cosine,
  divide,
  exponential,
  greater,
  logarithm,
  multiply,
  negate,
  power,
  sign,
  sine,
  subtract,
  where,
} from '../operators/elementwise.js';
import { reduceSum } from '../operators/reduction.js';
import type { OperatorRules, RuleArguments } from '../rule.js';
import type { Shape } from '../type.js';

/** Sums a gradient over the axes along which the input of the given shape was broadcast. */
export function unbroadcast(gradient: Value, shape: Shape): Value {
  const from = shapeOf(gradient);
  const missing = from.length - shape.length;
  const axes = from.flatMap((dimension, axis) =>
    axis < missing || (shape[axis - missing] === 1 && dimension !== 1) ? [axis] : [],
  );
  if (axes.length === 0) return gradient;
  const summed = reduceSum(gradient, axes, true);
  return missing > 0 ? reshape(summed, shape) : summed;
}

type Binary = 'Add' | 'Sub' | 'Mul' | 'Div' | 'Max' | 'Min' | 'Pow';

/** A rule from the two partial derivatives, each already multiplied by the gradient. */
export function binaryRule<Op extends Binary>(
  { node, gradient, wanted }: RuleArguments<Op>,
  partials: readonly [(g: Value) => Value, (g: Value) => Value],
): (Value | undefined)[] {
  return node.inputs.map((value, i) =>
    wanted[i] ? unbroadcast(partials[i](gradient), shapeOf(value)) : undefined,
  );
}

/** The gradient flows to the larger (smaller) input; at a tie to the second. */
function extremum(rule: RuleArguments<'Max'> | RuleArguments<'Min'>) {
  const [a, b] = rule.node.inputs;
  const first = rule.node.operator === 'Max' ? greater(a, b) : greater(b, a);
  const zero = scalar(0);
  const partials = [(g: Value) => where(first, g, zero), (g: Value) => where(first, zero, g)] as const;
  return rule.node.inputs.map((value, i) =>
    rule.wanted[i] ? unbroadcast(partials[i](rule.gradient), shapeOf(value)) : undefined,
  );
}

export const elementwise = {
  Add: (rule) => binaryRule(rule, [(g) => g, (g) => g]),
  Sub: (rule) => binaryRule(rule, [(g) => g, negate]),
  Mul(rule) {
    const [a, b] = rule.node.inputs;
    // A square: 2 x g in one product.
    if (a === b) return [multiply(multiply(scalar(2), rule.gradient), a)];
    return binaryRule(rule, [(g) => multiply(g, b), (g) => multiply(g, a)]);
  },
  /** d(a/b) = da / b - (a/b) db / b. */
  Div(rule) {
    const [, b] = rule.node.inputs;
    const [quotient] = rule.node.outputs;
    return binaryRule(rule, [(g) => divide(g, b), (g) => negate(divide(multiply(g, quotient), b))]);
  },
  /** d(a^b) = b a^(b-1) da + a^b ln(a) db. */
  Pow(rule) {
    const [a, b] = rule.node.inputs;
    const [result] = rule.node.outputs;
    return binaryRule(rule, [
      (g) => multiply(g, multiply(b, power(a, subtract(b, scalar(1))))),
      (g) => multiply(g, multiply(result, logarithm(a))),
    ]);
  },
  Max: extremum,
  Min: extremum,
  Where({ node, gradient, wanted }) {
    const [condition, a, b] = node.inputs;
    const zero = scalar(0);
    return [
      undefined,
      wanted[1] ? unbroadcast(where(condition, gradient, zero), shapeOf(a)) : undefined,
      wanted[2] ? unbroadcast(where(condition, zero, gradient), shapeOf(b)) : undefined,
    ];
  },
  Abs: ({ node, gradient }) => [multiply(gradient, sign(node.inputs[0]))],
  Neg: ({ gradient }) => [negate(gradient)],
  Exp: ({ node, gradient }) => [multiply(gradient, node.outputs[0])],
  Log: ({ node, gradient }) => [divide(gradient, node.inputs[0])],
  Sqrt: ({ node, gradient }) => [divide(gradient, multiply(scalar(2), node.outputs[0]))],
  /** erf'(x) = 2 / sqrt(pi) e^(-x^2). */
  Erf({ node, gradient }) {
    const [x] = node.inputs;
    return [
      multiply(gradient, multiply(scalar(2 / Math.sqrt(Math.PI)), exponential(negate(multiply(x, x))))),
    ];
  },
  Sin: ({ node, gradient }) => [multiply(gradient, cosine(node.inputs[0]))],
  Cos: ({ node, gradient }) => [negate(multiply(gradient, sine(node.inputs[0])))],
  /** atan'(x) = 1 / (1 + x^2). */
  Atan({ node, gradient }) {
    const [x] = node.inputs;
    return [divide(gradient, add(multiply(x, x), scalar(1)))];
  },
  Identity: ({ gradient }) => [gradient],
  Dropout: ({ gradient }) => [gradient],
  Cast: ({ node, gradient }) => {
    const from = node.inputs[0].type.dataType;
    return [from.startsWith('float') ? cast(gradient, from) : undefined];
  },
} satisfies Partial<OperatorRules>;
