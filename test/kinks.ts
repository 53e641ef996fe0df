/** How near a network comes to the places where its gradient jumps, so that rounding could take the other side. */

import { createGraph, topologicalOrder } from '../lib/src/graph/graph.js';
import type { Node, NodeOf, Value } from '../lib/src/graph/node.js';
import { forEachIndex, locate } from './reference/array.js';
import { evaluate, type ReferenceTensor } from './reference/reference.js';

/** The difference between the largest value of each window and the next one; equal values are no kink that matters. */
function leads({ data, shape }: ReferenceTensor, { attributes, outputs }: NodeOf<'MaxPool'>): number[] {
  const { kernel, strides, pads, dilations } = attributes;
  const counts = (outputs[0].type.shape ?? []).slice(2).map(Number);
  const result: number[] = [];
  forEachIndex([...shape.slice(0, 2), ...counts], ([n, c, ...window]) => {
    let [first, second] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
    forEachIndex(kernel, (offset) => {
      const at = offset.map((u, i) => window[i] * strides[i] + u * dilations[i] - pads[i]);
      const place = locate(shape, [n, c, ...at]);
      if (place < 0 || data[place] === first) return;
      if (data[place] > first) [first, second] = [data[place], first];
      else second = Math.max(second, data[place]);
    });
    result.push(first - second);
  });
  return result;
}

/** Distances of a node's input from the places where its gradient jumps. */
function distances(node: Node, x: ReferenceTensor): readonly number[] {
  if (node.operator === 'MaxPool') return leads(x, node);
  const places = node.operator === 'Clip' ? [node.attributes.min, node.attributes.max] : [0];
  return places.flatMap((place) => Array.from(x.data, (value) => Math.abs(value - place)));
}

const kinked: readonly string[] = ['Relu', 'LeakyRelu', 'Clip', 'Abs', 'MaxPool'];

/**
 * The smallest distance of a ReLU's input from 0, of a Clip's from its limits and of a maximum from the next value, each as
 * a share of the root mean square of the operator's input; Infinity where the network is smooth.
 */
export function nearestKink(outputs: readonly Value[], feeds: Parameters<typeof evaluate>[1]): number {
  const nodes = topologicalOrder(outputs).filter(({ operator }) => kinked.includes(operator));
  const inputs = Object.fromEntries(nodes.map((node, i) => [String(i), node.inputs[0]]));
  const values = evaluate(createGraph(inputs), feeds);
  return nodes.reduce((nearest, node, i) => {
    const x = values[i];
    const scale = Math.sqrt(x.data.reduce((sum, value) => sum + value * value, 0) / x.data.length);
    return distances(node, x).reduce((least, distance) => Math.min(least, distance / (scale || 1)), nearest);
  }, Number.POSITIVE_INFINITY);
}

/** Farther than rounding can carry a value of a network of a few dozen layers: some units of single precision. */
export const outOfReach = 3e-6;
