/** Runs graphs by the operators' definitions, in double precision: slow, and what gradients and engines are compared with. */

import { InputError } from '../../lib/src/error.js';
import { describeNode, type Graph, topologicalOrder } from '../../lib/src/graph/graph.js';
import type { Operator } from '../../lib/src/graph/inference.js';
import type { Node, NodeOf, Value } from '../../lib/src/graph/node.js';
import { isBatch } from '../../lib/src/graph/type.js';
import { sizeOf } from '../../lib/src/tensor.js';
import type { ReferenceTensor } from './array.js';
import { type Kernel, kernels } from './kernels.js';

export type { ReferenceTensor };

function feed(node: NodeOf<'Input'>, value: ReferenceTensor | undefined): ReferenceTensor {
  const { shape } = node.attributes.type;
  const fits =
    value !== undefined &&
    value.data.length === sizeOf(value.shape) &&
    (shape === undefined ||
      (shape.length === value.shape.length &&
        shape.every((length, axis) => isBatch(length) || length === value.shape[axis])));
  if (fits) return value;
  throw new InputError({
    what: value === undefined ? 'a graph input is missing' : 'a graph input has the wrong shape',
    where: `input "${node.name}"`,
    expected: `[${shape?.join(', ')}]`,
    got: value === undefined ? 'nothing' : `[${value.shape.join(', ')}] with ${value.data.length} values`,
  });
}

function compute(
  node: Node,
  inputs: readonly ReferenceTensor[],
  feeds: Readonly<Record<string, ReferenceTensor>>,
): readonly ReferenceTensor[] {
  const call = <Op extends Exclude<Operator, 'Input' | 'Opaque'>>(typed: NodeOf<Op>) => {
    const kernel: Kernel<Op> = kernels[typed.operator];
    return kernel(inputs, typed.attributes);
  };
  if (node.operator === 'Input') return [feed(node, feeds[node.name])];
  if (node.operator === 'Opaque') {
    throw new InputError({
      what: 'the reference engine does not know this operator',
      where: describeNode(node),
      todo: 'Run the graph with onnxruntime.',
    });
  }
  const results = call<Exclude<Operator, 'Input' | 'Opaque'>>(
    node as NodeOf<Exclude<Operator, 'Input' | 'Opaque'>>,
  );
  return 'data' in results ? [results] : results;
}

/**
 * The graph's outputs by name, in double precision: floats are neither rounded to float32 nor by a Cast.
 * Nothing is fused, and an intermediate value is kept until its last use: the input gradient of DenseNet-121 for
 * an image of 120 x 120 pixels takes seconds.
 * @param feeds every input by name, of the declared shape with any batch.
 * @throws InputError for a missing or misshapen input, or an operator that landlens does not understand.
 */
export function evaluate(
  graph: Graph,
  feeds: Readonly<Record<string, ReferenceTensor>>,
): Record<string, ReferenceTensor> {
  const outputs = Object.values(graph.outputs);
  const order = topologicalOrder(outputs);
  const uses = new Map<Value, number>();
  for (const value of [...order.flatMap(({ inputs }) => inputs), ...outputs]) {
    uses.set(value, (uses.get(value) ?? 0) + 1);
  }
  const values = new Map<Value, ReferenceTensor>();
  const use = (value: Value): ReferenceTensor => {
    const found = values.get(value);
    if (found === undefined) throw new Error(`${describeNode(value.node)} was not computed`);
    const left = (uses.get(value) ?? 0) - 1;
    uses.set(value, left);
    if (left === 0) values.delete(value);
    return found;
  };
  for (const node of order) {
    const results = compute(node, node.inputs.map(use), feeds);
    for (const [i, output] of node.outputs.entries()) if (uses.has(output)) values.set(output, results[i]);
  }
  return Object.fromEntries(Object.entries(graph.outputs).map(([name, value]) => [name, use(value)]));
}
