/** How many multiply-adds a graph takes: what its speed is compared with the machine's by. */
import { type Graph, topologicalOrder } from 'landlens/graph/graph';
import type { Node, Value } from 'landlens/graph/node';
import { perImage } from 'landlens/graph/type';

/** The number of values per image of the batch. */
function count({ type: { shape } }: Value): number {
  if (shape === undefined) throw new Error('a shape is not known');
  return shape.reduce<number>((product, dimension) => product * perImage(dimension), 1);
}

const lengthOf = ({ type: { shape = [] } }: Value, axis: number): number => perImage(shape.at(axis) ?? 1);

function ofNode(node: Node): number {
  const [x, weight] = node.inputs;
  switch (node.operator) {
    case 'Conv':
      // Each output value is a sum over one kernel: [outputs, inputs / group, ...kernel].
      return count(node.outputs[0]) * (count(weight) / lengthOf(weight, 0));
    case 'ConvTranspose':
      // Each input value meets one kernel: [inputs, outputs / group, ...kernel].
      return count(x) * (count(weight) / lengthOf(weight, 0));
    case 'Gemm':
      return count(node.outputs[0]) * lengthOf(x, node.attributes.transA ? 0 : 1);
    case 'MatMul':
      return count(node.outputs[0]) * lengthOf(x, -1);
    default:
      return 0;
  }
}

/** Multiply-adds of convolutions and matrix products, per image of the batch; everything else counts nothing. */
export function multiplyAdds(graph: Graph): number {
  return topologicalOrder(Object.values(graph.outputs)).reduce((sum, node) => sum + ofNode(node), 0);
}
