/** Which values depend on the contents of the inputs, and which on their shapes alone. */
import { topologicalOrder } from './graph.js';
import type { Node, Value } from './node.js';

function givesShapeAlone(node: Node): boolean {
  if (node.operator === 'ZerosLike') return true;
  if (node.operator !== 'Opaque' || node.attributes.domain !== '') return false;
  return node.attributes.operator === 'Shape' || node.attributes.operator === 'Size';
}

/** A test for many values of one graph; each node is visited once. */
export function createDependence(): (value: Value) => boolean {
  const settled = new Set<Value>();
  const dependent = new Set<Value>();
  return (value) => {
    for (const node of topologicalOrder([value], settled)) {
      const depends =
        node.operator === 'Input' ||
        (!givesShapeAlone(node) && node.inputs.some((given) => dependent.has(given)));
      for (const output of node.outputs) {
        settled.add(output);
        if (depends) dependent.add(output);
      }
    }
    return dependent.has(value);
  };
}
