/** Element-wise operators with NumPy broadcasting, and their gradients. */
import type { OperatorAttributes } from '../attributes.js';
import { shapeOf } from '../graph.js';
import { apply, scalar, type Value } from '../node.js';
import type { RuleArguments } from '../rule.js';
import { broadcastShapes, type DataType, type Shape, type TensorType } from '../type.js';
import { reshape } from './arrangement.js';
import { reduceSum } from './reduction.js';

export function inferBroadcast(
  [a, b]: readonly TensorType[],
  where: string,
  dataType?: DataType,
): TensorType {
  return {
    dataType: dataType ?? a.dataType,
    shape: a.shape && b.shape ? broadcastShapes(a.shape, b.shape, where) : undefined,
  };
}

export function inferWhere([condition, a, b]: readonly TensorType[], where: string): TensorType {
  return inferBroadcast([a, inferBroadcast([condition, b], where)], where);
}

/** Broadcasting with a shape. */
export function inferExpand(
  [{ dataType, shape }]: readonly TensorType[],
  { lengths }: OperatorAttributes['Expand'],
  where: string,
): TensorType {
  return { dataType, shape: shape && broadcastShapes(shape, lengths, where) };
}

export const add = (a: Value, b: Value): Value => apply('Add', [a, b], {});
export const subtract = (a: Value, b: Value): Value => apply('Sub', [a, b], {});
export const multiply = (a: Value, b: Value): Value => apply('Mul', [a, b], {});
export const divide = (a: Value, b: Value): Value => apply('Div', [a, b], {});
export const maximum = (a: Value, b: Value): Value => apply('Max', [a, b], {});
export const greater = (a: Value, b: Value): Value => apply('Greater', [a, b], {});
export const where = (condition: Value, a: Value, b: Value): Value => apply('Where', [condition, a, b], {});
export const absolute = (x: Value): Value => apply('Abs', [x], {});
export const negate = (x: Value): Value => apply('Neg', [x], {});
export const sign = (x: Value): Value => apply('Sign', [x], {});
export const exponential = (x: Value): Value => apply('Exp', [x], {});
export const logarithm = (x: Value): Value => apply('Log', [x], {});
export const squareRoot = (x: Value): Value => apply('Sqrt', [x], {});
export const power = (a: Value, b: Value): Value => apply('Pow', [a, b], {});
export const errorFunction = (x: Value): Value => apply('Erf', [x], {});
export const sine = (x: Value): Value => apply('Sin', [x], {});
export const cosine = (x: Value): Value => apply('Cos', [x], {});
export const zerosLike = (x: Value): Value => apply('ZerosLike', [x], {});

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

export const addRule = (rule: RuleArguments<'Add'>) => binaryRule(rule, [(g) => g, (g) => g]);
export const subtractRule = (rule: RuleArguments<'Sub'>) => binaryRule(rule, [(g) => g, negate]);

export function multiplyRule(rule: RuleArguments<'Mul'>) {
  const [a, b] = rule.node.inputs;
  // A square: 2 x g in one product.
  if (a === b) return [multiply(multiply(scalar(2), rule.gradient), a)];
  return binaryRule(rule, [(g) => multiply(g, b), (g) => multiply(g, a)]);
}

/** d(a/b) = da / b - (a/b) db / b. */
export function divideRule(rule: RuleArguments<'Div'>) {
  const [, b] = rule.node.inputs;
  const [quotient] = rule.node.outputs;
  return binaryRule(rule, [(g) => divide(g, b), (g) => negate(divide(multiply(g, quotient), b))]);
}

/** d(a^b) = b a^(b-1) da + a^b ln(a) db. */
export function powerRule(rule: RuleArguments<'Pow'>) {
  const [a, b] = rule.node.inputs;
  const [result] = rule.node.outputs;
  return binaryRule(rule, [
    (g) => multiply(g, multiply(b, power(a, subtract(b, scalar(1))))),
    (g) => multiply(g, multiply(result, apply('Log', [a], {}))),
  ]);
}

/** The gradient flows to the larger (smaller) input; at a tie to the second. */
export function extremumRule(rule: RuleArguments<'Max'> | RuleArguments<'Min'>) {
  const [a, b] = rule.node.inputs;
  const first = rule.node.operator === 'Max' ? greater(a, b) : greater(b, a);
  const zero = scalar(0);
  const partials = [(g: Value) => where(first, g, zero), (g: Value) => where(first, zero, g)] as const;
  return rule.node.inputs.map((value, i) =>
    rule.wanted[i] ? unbroadcast(partials[i](rule.gradient), shapeOf(value)) : undefined,
  );
}

export const expandRule = ({ node, gradient }: RuleArguments<'Expand'>) => [
  unbroadcast(gradient, shapeOf(node.inputs[0])),
];

export function whereRule({ node, gradient, wanted }: RuleArguments<'Where'>) {
  const [condition, a, b] = node.inputs;
  const zero = scalar(0);
  return [
    undefined,
    wanted[1] ? unbroadcast(where(condition, gradient, zero), shapeOf(a)) : undefined,
    wanted[2] ? unbroadcast(where(condition, zero, gradient), shapeOf(b)) : undefined,
  ];
}

export const absoluteRule = ({ node, gradient }: RuleArguments<'Abs'>) => [
  multiply(gradient, sign(node.inputs[0])),
];
export const negateRule = ({ gradient }: RuleArguments<'Neg'>) => [negate(gradient)];
export const exponentialRule = ({ node, gradient }: RuleArguments<'Exp'>) => [
  multiply(gradient, node.outputs[0]),
];
export const logarithmRule = ({ node, gradient }: RuleArguments<'Log'>) => [divide(gradient, node.inputs[0])];
export const squareRootRule = ({ node, gradient }: RuleArguments<'Sqrt'>) => [
  divide(gradient, multiply(scalar(2), node.outputs[0])),
];

/** erf'(x) = 2 / sqrt(pi) e^(-x^2). */
export function errorFunctionRule({ node, gradient }: RuleArguments<'Erf'>) {
  const [x] = node.inputs;
  return [multiply(gradient, multiply(scalar(2 / Math.sqrt(Math.PI)), exponential(negate(multiply(x, x)))))];
}

export const sineRule = ({ node, gradient }: RuleArguments<'Sin'>) => [
  multiply(gradient, cosine(node.inputs[0])),
];
export const cosineRule = ({ node, gradient }: RuleArguments<'Cos'>) => [
  negate(multiply(gradient, sine(node.inputs[0]))),
];

/** atan'(x) = 1 / (1 + x^2). */
export function arctangentRule({ node, gradient }: RuleArguments<'Atan'>) {
  const [x] = node.inputs;
  return [divide(gradient, add(multiply(x, x), scalar(1)))];
}
