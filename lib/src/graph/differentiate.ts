/** Reverse-mode differentiation of a graph, by a table of rules. */

import { failAt, InputError } from '../error.js';
import { isFlat } from './flat.js';
import { describeNode, topologicalOrder } from './graph.js';
import type { Operator } from './inference.js';
import type { Node, NodeOf, Value } from './node.js';
import { add } from './operators/elementwise.js';
import type { Rule, RuleTable } from './rule.js';
import { plain } from './rules/plain.js';

export interface DifferentiateOptions {
  readonly rules?: RuleTable;
  /** Maps a value to the same value for the baseline, for rules that compare two passes (DeepLift). */
  readonly reference?: (value: Value) => Value;
}

const noReference = (): Value => {
  throw new Error('This rule table compares with a baseline: pass `reference` to differentiate.');
};

function applyRule(
  node: Node,
  rules: { readonly [Op in Operator]?: Rule<Op> },
  gradients: readonly (Value | undefined)[],
  wanted: readonly boolean[],
  reference: (value: Value) => Value,
): readonly (Value | undefined)[] {
  const gradient = gradients.find((value) => value !== undefined);
  if (gradient === undefined) return [];
  const call = <Op extends Operator>(typed: NodeOf<Op>) => {
    const rule: Rule<Op> | undefined = rules[typed.operator];
    return rule?.({ node: typed, gradient, gradients, wanted, reference });
  };
  const found = call<Operator>(node);
  if (found !== undefined) return found;
  if (isFlat(node)) return [];
  const todo =
    'The network can be run, and explained by perturbation (Occlusion, LIME). For a method that needs a gradient, build this layer from operators that docs/operators.md lists with one, and export again.';
  const { operator, domain = '' } = node.operator === 'Opaque' ? node.attributes : {};
  const got = domain === '' ? undefined : `operator ${operator} of domain "${domain}"`;
  throw failAt(describeNode(node), todo)('this operator cannot be differentiated', undefined, got);
}

/**
 * The gradients of sum(output x seed) with respect to values of the graph (reverse-mode differentiation), as values
 * of a new graph.
 * @param output a value such as the logits [N, classes]
 * @param wrt inputs, constants or intermediate values, such as [features]
 * @param seed weights of the output's shape; row n weighs the outputs of image n, so that images stay independent
 * @returns one gradient for each of `wrt`, of its shape
 * @throws InputError naming the node if an operator has no rule, or if the output does not depend on one of `wrt`
 */
export function differentiate(
  output: Value,
  wrt: readonly Value[],
  seed: Value,
  { rules = plain, reference = noReference }: DifferentiateOptions = {},
): Value[] {
  const passes = (node: Node): boolean =>
    !isFlat(node) || (node.operator === 'Greater' && rules.Greater !== undefined);
  const order = topologicalOrder([output]);
  const dependent = new Set<Value>(wrt);
  for (const node of order) {
    if (!passes(node)) continue;
    if (node.inputs.some((value) => dependent.has(value))) {
      for (const value of node.outputs) dependent.add(value);
    }
  }
  const gradients = new Map<Value, Value>([[output, seed]]);
  for (const [index, node] of [...order.entries()].reverse()) {
    const wanted = node.inputs.map((value) => dependent.has(value));
    if (!wanted.includes(true)) continue;
    const arriving = node.outputs.map((value) => gradients.get(value));
    const position = `${index + 1} of ${order.length}`;
    for (const [i, gradient] of located(position, () =>
      applyRule(node, rules, arriving, wanted, reference),
    ).entries()) {
      if (gradient === undefined || !wanted[i]) continue;
      const value = node.inputs[i];
      const sum = gradients.get(value);
      gradients.set(value, sum ? add(sum, gradient) : gradient);
    }
  }
  return wrt.map((value) => {
    const gradient = gradients.get(value);
    if (gradient === undefined) {
      throw failAt(describeNode(value.node))('the explained output does not depend on this value');
    }
    return gradient;
  });
}

/** Adds the node's position in the graph to an error. */
function located<Result>(position: string, action: () => Result): Result {
  try {
    return action();
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    throw new InputError({ ...thrown.parts, where: `${thrown.parts.where}, node ${position}` });
  }
}
