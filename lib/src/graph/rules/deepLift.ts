/**
 * DeepLift (Rescale): multipliers from the differences between two passes, over the input and over a baseline.
 *
 * Every rule distributes the whole difference of its output over its inputs (exceptions below), so that the
 * contributions of a network add up to the difference of its outputs. A composed activation y = f(x), such as x
 * sigmoid(x), gets (y - y') / (x - x') from the rules of its parts, however it is written.
 */

import { binaryRule, unbroadcast } from '../gradients/elementwise.js';
import { shapeOf } from '../graph.js';
import { createNode, scalar, type Value } from '../node.js';
import { logSoftmax, relu, tanh } from '../operators/activation.js';
import {
  absolute,
  add,
  divide,
  exponential,
  greater,
  maximum,
  multiply,
  negate,
  subtract,
  where,
} from '../operators/elementwise.js';
import { maximumIndices, unpool } from '../operators/pooling.js';
import { reduceSum } from '../operators/reduction.js';
import type { OperatorRules, Rule, RuleArguments, RuleTable } from '../rule.js';
import { plain } from './plain.js';

/** Below this difference of the inputs the ordinary gradient is used, as in Captum. */
const epsilon = 1e-10;

/** Activations and functions of one value. */
const ofOneValue = [
  ...(['LeakyRelu', 'Elu', 'Sigmoid', 'Tanh', 'Softplus', 'Clip', 'Abs', 'Exp', 'Log', 'Sqrt'] as const),
  ...(['Erf', 'Sin', 'Cos', 'Atan'] as const),
];

type OfOneValue = (typeof ofOneValue)[number];

/** m_in = m_out (y - y') / (x - x'), where x and x' differ; x is the input that is wanted. */
function rescale<Op extends OfOneValue | 'Pow'>(ordinary: Rule<Op>): Rule<Op> {
  return (rule) => {
    const at = rule.wanted.indexOf(true);
    const x = rule.node.inputs[at];
    const [y] = rule.node.outputs;
    const fallback = ordinary(rule)[at] ?? rule.gradient;
    const inputs = subtract(x, rule.reference(x));
    const outputs = subtract(y, rule.reference(y));
    const multiplier = divide(multiply(rule.gradient, outputs), inputs);
    return rule.node.inputs.map((_, i) =>
      i === at ? orElse(inputs, unbroadcast(multiplier, shapeOf(x)), fallback) : undefined,
    );
  };
}

const rescaled = Object.fromEntries(
  ofOneValue.map(<Op extends OfOneValue>(operator: Op) => {
    const { [operator]: ordinary }: OperatorRules = plain;
    return [operator, rescale<Op>(ordinary)];
  }),
);

const orElse = (difference: Value, multiplier: Value, fallback: Value): Value =>
  where(greater(absolute(difference), scalar(epsilon)), multiplier, fallback);

/** Keeps 0 / 0 at 0. */
const tiny = 1e-30;

/**
 * (relu(x) - relu(x')) / (x - x') = (relu(x) + relu(x')) / (|x| + |x'|): the share that is positive. Without a
 * difference there is nothing to lose, and where both are equal it is the ordinary gradient.
 */
function positiveShare(x: readonly [Value, Value], rectified: readonly [Value, Value]): Value {
  const positive = add(...rectified);
  // |x| = 2 relu(x) - x.
  const size = subtract(add(positive, positive), add(...x));
  return divide(positive, maximum(size, scalar(tiny)));
}

const rescaleRelu: Rule<'Relu'> = ({ node, gradient, reference }) => {
  const [x] = node.inputs;
  const [y] = node.outputs;
  return [multiply(gradient, positiveShare([x, reference(x)], [y, reference(y)]))];
};

/** max(a, b) = b + relu(a - b) and min(a, b) = b - relu(b - a): at a tie all is the second's, as of the gradient. */
const rescaleExtremum: Rule<'Max' | 'Min'> = (rule) => {
  const { node, reference } = rule;
  const [a, b] = node.operator === 'Max' ? node.inputs : node.inputs.toReversed();
  const [a0, b0] = [reference(a), reference(b)];
  const differences = [subtract(a, b), subtract(a0, b0)] as const;
  const part = positiveShare(differences, [relu(differences[0]), relu(differences[1])]);
  // A bound may be infinite: it only takes part where the choice changes.
  const atBaseline = greater(a0, b0);
  const share = where(greater(a, b), where(atBaseline, scalar(1), part), where(atBaseline, part, scalar(0)));
  return binaryRule(rule, [(g) => multiply(g, share), (g) => multiply(g, subtract(scalar(1), share))]);
};

const half = (x: Value): Value => multiply(x, scalar(0.5));

/** Halfway between both passes; the value itself where they share it. */
function midpoint(value: Value, reference: (value: Value) => Value): Value {
  const other = reference(value);
  return other === value ? value : half(add(value, other));
}

/** a b - a' b' = (a - a') (b + b') / 2 + (a + a') / 2 (b - b'): the ordinary gradient halfway between both passes. */
function atMidpoint<Op extends 'Mul' | 'MatMul' | 'Gemm' | 'Conv' | 'ConvTranspose'>(
  ordinary: Rule<Op>,
): Rule<Op> {
  return (rule) => {
    const { node } = rule;
    const middle = node.inputs.map((value) => midpoint(value, rule.reference));
    return ordinary({ ...rule, node: createNode(node.operator, middle, node.attributes, node.name) });
  };
}

/** a / b as a times 1 / b, where 1 / b - 1 / b' = -(b - b') / (b b'). */
const divideBetween: Rule<'Div'> = (rule) => {
  const { node, reference } = rule;
  const [a, b] = node.inputs;
  const b0 = reference(b);
  if (b0 === b) return plain.Div(rule);
  const inverse = half(add(divide(scalar(1), b), divide(scalar(1), b0)));
  return binaryRule(rule, [
    (g) => multiply(g, inverse),
    (g) => negate(divide(divide(multiply(g, midpoint(a, reference)), b), b0)),
  ]);
};

/**
 * Where both passes choose the same side it gets all. Where the choice changes, the whole difference comes from what is
 * compared; a side that is not chosen may be infinite and takes no part.
 */
const whereBetween: Rule<'Where'> = (rule) => {
  const { node, gradient, reference, wanted } = rule;
  const [condition, a, b] = node.inputs;
  const condition0 = reference(condition);
  if (condition0 === condition || condition.node.operator !== 'Greater') return plain.Where(rule);
  const zero = scalar(0);
  const choose = (both: Value, rises: Value, falls: Value, neither: Value): Value =>
    where(condition, where(condition0, both, rises), where(condition0, falls, neither));
  const jump = choose(zero, subtract(a, reference(b)), subtract(reference(a), b), zero);
  return [
    unbroadcast(multiply(gradient, jump), shapeOf(condition)),
    wanted[1] ? unbroadcast(choose(gradient, zero, zero, zero), shapeOf(a)) : undefined,
    wanted[2] ? unbroadcast(choose(zero, zero, zero, gradient), shapeOf(b)) : undefined,
  ];
};

/** a > b as a step of a - b. */
const rescaleGreater: Rule<'Greater'> = (rule) => {
  const { node, gradient, wanted, reference } = rule;
  const [a, b] = node.inputs;
  const [y] = node.outputs;
  const asNumber = (condition: Value): Value => where(condition, scalar(1), scalar(0));
  const inputs = subtract(subtract(a, b), subtract(reference(a), reference(b)));
  const outputs = subtract(asNumber(y), asNumber(reference(y)));
  const multiplier = orElse(inputs, divide(multiply(gradient, outputs), inputs), scalar(0));
  return [
    wanted[0] ? unbroadcast(multiplier, shapeOf(a)) : undefined,
    wanted[1] ? unbroadcast(negate(multiplier), shapeOf(b)) : undefined,
  ];
};

/**
 * The logarithmic mean (p - p') / (ln p - ln p') of probabilities, from their logarithms. With
 * (p - p') / (p + p') = tanh(d), where d = (ln p - ln p') / 2, it is (p + p') / 2 tanh(d) / d, without cancellation.
 */
function logarithmicMean(logarithm: Value, other: Value, sum: Value): Value {
  const d = half(subtract(logarithm, other));
  const mean = multiply(half(sum), orElse(d, divide(tanh(d), d), scalar(1)));
  // Where both are 0 their logarithms may be infinite.
  return where(greater(sum, scalar(0)), mean, scalar(0));
}

/**
 * With r the logarithmic mean of both passes, p_j - p'_j = r_j (dx_j - dL), where L is the logarithm of the sum of
 * e^x. As the probabilities of both passes add up to 1, dL = sum(r dx) / sum(r): the ordinary gradient with r in place
 * of p, but for sum(r), which is 1 only where both passes are equal.
 */
const softmaxBetween: Rule<'Softmax'> = ({ node, gradient, reference }) => {
  const [x] = node.inputs;
  const [y] = node.outputs;
  const { axis } = node.attributes;
  const r = logarithmicMean(logSoftmax(x, axis), logSoftmax(reference(x), axis), add(y, reference(y)));
  const total = (value: Value): Value => reduceSum(value, [axis], true);
  return [multiply(r, subtract(gradient, divide(total(multiply(gradient, r)), total(r))))];
};

/** x - L, with dL = sum(r dx) / sum(r) as in Softmax. */
const logSoftmaxBetween: Rule<'LogSoftmax'> = ({ node, gradient, reference }) => {
  const [y] = node.outputs;
  const { axis } = node.attributes;
  const y0 = reference(y);
  const r = logarithmicMean(y, y0, add(exponential(y), exponential(y0)));
  const total = (value: Value): Value => reduceSum(value, [axis], true);
  return [subtract(gradient, multiply(r, divide(total(gradient), total(r))))];
};

export interface DeepLiftOptions {
  /**
   * Where two windows have their maximum at the same pixel: 'add' their contributions, so that they sum up to
   * f(x) - f(x'); or let the later one 'overwrite' the earlier, as Captum's use of max_unpool does.
   */
  readonly sharedMaximum?: 'add' | 'overwrite';
  /**
   * 'plain' keeps the ordinary gradient at max pooling, and with it loses completeness. Captum does so where the
   * pooling directly follows a ReLU, as in ResNet and DenseNet: the ReLU's hook reads the gradient before the
   * pooling's hook replaces it.
   */
  readonly maxPool?: 'rescale' | 'plain';
}

/**
 * The output difference of a window, cut at the larger of both maxima: the part above the baseline's output belongs to
 * the input's own maximum, the rest to the baseline's.
 */
function rescaleMaxPool(reduction: 'add' | 'none'): Rule<'MaxPool'> {
  return (rule: RuleArguments<'MaxPool'>) => {
    const { node, gradient, reference } = rule;
    const [x] = node.inputs;
    const [y] = node.outputs;
    const [x0, y0] = [reference(x), reference(y)];
    const larger = maximum(y, y0);
    const share = (difference: Value, of: Value): Value =>
      unpool(multiply(gradient, difference), maximumIndices(of, node.attributes), of, reduction);
    const contributions = add(share(subtract(larger, y0), x), share(subtract(y, larger), x0));
    const inputs = subtract(x, x0);
    const [fallback = gradient] = plain.MaxPool(rule);
    return [orElse(inputs, divide(contributions, inputs), fallback)];
  };
}

/** As of a window: above the baseline's maximum it is the input's maxima that count, below it the baseline's. */
const rescaleReduceMax: Rule<'ReduceMax'> = (rule) => {
  const { node, gradient, reference } = rule;
  const [x] = node.inputs;
  const [y] = node.outputs;
  const [x0, y0] = [reference(x), reference(y)];
  const larger = maximum(y, y0);
  const share = (difference: Value, of: Value): Value => {
    const within = createNode('ReduceMax', [of], node.attributes);
    const weighed = multiply(gradient, difference);
    return plain.ReduceMax({ ...rule, node: within, gradient: weighed })[0] ?? weighed;
  };
  const contributions = add(share(subtract(larger, y0), x), share(subtract(y, larger), x0));
  const inputs = subtract(x, x0);
  const [fallback = gradient] = plain.ReduceMax(rule);
  return [orElse(inputs, divide(contributions, inputs), fallback)];
};

/**
 * Linear operators keep the ordinary gradient; the other rows compare with the baseline pass. What a power of which base
 * and exponent change, a normalisation with computed statistics, Sign, and a condition other than a comparison
 * contribute is not accounted for.
 */
export function deepLift({ sharedMaximum = 'add', maxPool = 'rescale' }: DeepLiftOptions = {}): RuleTable {
  return {
    ...plain,
    Relu: rescaleRelu,
    ...rescaled,
    Pow: (rule) => (rule.wanted.includes(false) ? rescale(plain.Pow)(rule) : plain.Pow(rule)),
    Max: rescaleExtremum,
    Min: rescaleExtremum,
    Mul: atMidpoint(plain.Mul),
    MatMul: atMidpoint(plain.MatMul),
    Gemm: atMidpoint(plain.Gemm),
    Conv: atMidpoint(plain.Conv),
    ConvTranspose: atMidpoint(plain.ConvTranspose),
    Div: divideBetween,
    Where: whereBetween,
    Greater: rescaleGreater,
    Softmax: softmaxBetween,
    LogSoftmax: logSoftmaxBetween,
    ReduceMax: rescaleReduceMax,
    MaxPool: maxPool === 'plain' ? plain.MaxPool : rescaleMaxPool(sharedMaximum === 'add' ? 'add' : 'none'),
  };
}
