/** Rebuilds a graph with some nodes replaced. */
import { createGraph, type Graph, topologicalOrder } from '../graph.js';
import { type Node, type Value, withInputs } from '../node.js';

/** The graph that a pass rewrites, as the pass sees it. */
export interface Context {
  /** The nodes of the old graph that read a value of it. */
  readonly users: (value: Value) => readonly Node[];
  readonly isOutput: (value: Value) => boolean;
}

/**
 * One pass: the values of a node's outputs in the new graph, or undefined if the node stays as it is.
 * @param node a node of the old graph
 * @param inputs its inputs in the new graph
 */
export type Pass = (node: Node, inputs: readonly Value[], context: Context) => readonly Value[] | undefined;

/** The only node that reads a value; undefined if there are several, or if it is an output. */
export function onlyUser(value: Value, { users, isOutput }: Context): Node | undefined {
  const found = users(value);
  return found.length === 1 && !isOutput(value) ? found[0] : undefined;
}

/** The graph with the same inputs and outputs after all passes, one after the other. */
export const rewrite = (graph: Graph, passes: readonly Pass[]): Graph => passes.reduce(applyPass, graph);

function applyPass(graph: Graph, pass: Pass): Graph {
  const outputs = Object.values(graph.outputs);
  const order = topologicalOrder(outputs);
  const users = new Map<Value, Node[]>();
  for (const node of order) {
    for (const value of new Set(node.inputs)) {
      const known = users.get(value);
      if (known === undefined) users.set(value, [node]);
      else known.push(node);
    }
  }
  const context: Context = {
    users: (value) => users.get(value) ?? [],
    isOutput: (value) => outputs.includes(value),
  };
  const rebuilt = new Map<Value, Value>();
  const now = (value: Value): Value => rebuilt.get(value) ?? value;
  for (const node of order) {
    const inputs = node.inputs.map(now);
    const values = pass(node, inputs, context) ?? unchanged(node, inputs);
    for (const [i, value] of node.outputs.entries()) rebuilt.set(value, values[i]);
  }
  return createGraph(
    Object.fromEntries(Object.entries(graph.outputs).map(([name, value]) => [name, now(value)])),
  );
}

function unchanged(node: Node, inputs: readonly Value[]): readonly Value[] {
  return inputs.every((value, i) => value === node.inputs[i])
    ? node.outputs
    : withInputs(node, inputs).outputs;
}
