/** A graph: named outputs, the nodes that they need, and their order of computation. */
import { failAt } from '../error.js';
import { type Node, type Value, withInputs } from './node.js';
import { type Shape, shapeText, staticDimension } from './type.js';

export interface Graph {
  readonly inputs: readonly Value[];
  readonly outputs: Readonly<Record<string, Value>>;
}

/** Every node that the values need, each after its inputs; `stop` values are taken as given. */
export function topologicalOrder(values: readonly Value[], stop: ReadonlySet<Value> = new Set()): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  // Depth first without recursion: networks are deeper than the call stack.
  const stack: { node: Node; next: number }[] = [];
  const visit = (value: Value): void => {
    if (stop.has(value) || seen.has(value.node)) return;
    seen.add(value.node);
    stack.push({ node: value.node, next: 0 });
  };
  for (const value of values) {
    visit(value);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const child = top.node.inputs[top.next++];
      if (child !== undefined) visit(child);
      else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}

const fixed = new WeakMap<Node, boolean>();

/** Whether a value is independent of the graph's inputs. */
export function isFixed(value: Value): boolean {
  const stack = [value.node];
  // Nodes are immutable, so each is examined once.
  for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
    const open = node.inputs.filter((input) => !fixed.has(input.node));
    if (open.length > 0 && !fixed.has(node)) {
      for (const input of open) stack.push(input.node);
      continue;
    }
    const given = node.operator === 'Input' || node.operator === 'Opaque';
    fixed.set(node, !given && node.inputs.every((input) => fixed.get(input.node)));
    stack.pop();
  }
  return fixed.get(value.node) ?? false;
}

/** A graph over the outputs, with the inputs that they need. */
export function createGraph(outputs: Readonly<Record<string, Value>>): Graph {
  const inputs = topologicalOrder(Object.values(outputs))
    .filter((node) => node.operator === 'Input')
    .map((node) => node.outputs[0]);
  const names = inputs.map((value) => value.node.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw failAt(`graph input "${twice}"`)('two inputs share one name');
  return { inputs, outputs };
}

/**
 * The values with some of the values that they depend on replaced; only nodes that change are rebuilt. Shapes are
 * inferred again, so a replacement may have another batch.
 * @throws InputError if an operator cannot take a replacement
 */
export function substitute(
  values: readonly Value[],
  replacements: ReadonlyMap<Value, Value>,
  rebuilt = new Map<Value, Value>(),
): Value[] {
  for (const [from, to] of replacements) rebuilt.set(from, to);
  for (const node of topologicalOrder(values, new Set(replacements.keys()))) {
    if (node.outputs.some((value) => rebuilt.has(value))) continue;
    const inputs = node.inputs.map((value) => rebuilt.get(value) ?? value);
    if (inputs.every((value, i) => value === node.inputs[i])) continue;
    const copy = withInputs(node, inputs);
    for (const [i, output] of node.outputs.entries()) rebuilt.set(output, copy.outputs[i]);
  }
  return values.map((value) => rebuilt.get(value) ?? value);
}

/** How a message names a node: its name, operator and input shapes. */
export function describeNode(node: Node): string {
  const operator = node.operator === 'Opaque' ? node.attributes.operator : node.operator;
  const shapes = node.inputs.map((value) => shapeText(value.type.shape)).join(', ');
  return `${operator} node "${node.name || 'unnamed'}" (${shapes})`;
}

/** The first operator behind which the shape of a value is unknown. */
export function unknownSince(value: Value): Node {
  let { node } = value;
  for (;;) {
    const unknown = node.inputs.find(({ type }) => type.shape === undefined);
    if (node.operator === 'Opaque' || unknown === undefined) return node;
    node = unknown.node;
  }
}

/**
 * The shape of a value.
 * @throws InputError if it is unknown
 */
export function shapeOf(value: Value): Shape {
  if (value.type.shape !== undefined) return value.type.shape;
  const since = unknownSince(value);
  const needed = since === value.node ? '' : `, and ${describeNode(value.node)} needs it`;
  const todo =
    'Read the file with the option `measure`, as openClassifier does, or build this layer from operators that docs/operators.md lists.';
  throw failAt(describeNode(since), todo)(`the shape of what this operator gives is not known${needed}`);
}

/** The lengths of the axes behind batch and channels. @throws InputError if one is not a number */
export const spatialSize = (value: Value): number[] =>
  shapeOf(value)
    .slice(2)
    .map((length) => staticDimension(length, describeNode(value.node)));

/** All axes but the channels. */
export const axesButChannels = (value: Value): number[] =>
  shapeOf(value).flatMap((_, axis) => (axis === 1 ? [] : [axis]));
