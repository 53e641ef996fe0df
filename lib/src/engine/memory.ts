/** How much memory a graph needs, and so how many images fit into one run. */

import { type Graph, topologicalOrder } from '../graph/graph.js';
import type { Value } from '../graph/node.js';
import { isBatch, perImage } from '../graph/type.js';

const bytesPerElement = {
  float64: 8,
  int64: 8,
  float32: 4,
  int32: 4,
  float16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
} as const;

/**
 * Bytes for the intermediate values of one run where nobody says otherwise: with the runtime's own spare memory and the
 * weights, a process that explains 12 x 256 x 256 pixels of a DenseNet-121 or ResNet-50 stays below 2 GiB. Batches that
 * need more are no faster on a processor.
 */
export const defaultMemoryBudget = 384 * 2 ** 20;

const isBatched = ({ type: { shape = [] } }: Value): boolean => shape.some(isBatch);

/** Of a value, for one image of the batch. */
const bytesOf = ({ type: { dataType, shape = [] } }: Value): number =>
  shape.reduce<number>((product, dimension) => product * perImage(dimension), bytesPerElement[dataType]);

/**
 * The largest sum of values alive at one time, in bytes per image of the batch. Weights, and what is computed from them
 * beforehand, do not grow with the batch and are left out.
 */
export function memoryPerImage(graph: Graph): number {
  const order = topologicalOrder(Object.values(graph.outputs));
  const lastUse = new Map<Value, number>();
  for (const [i, node] of order.entries()) {
    for (const value of node.inputs) lastUse.set(value, i);
  }
  for (const value of Object.values(graph.outputs)) lastUse.set(value, order.length);

  const endings = new Map<number, number>();
  let alive = 0;
  let peak = 0;
  for (const [i, node] of order.entries()) {
    for (const value of node.outputs.filter(isBatched)) {
      const bytes = bytesOf(value);
      alive += bytes;
      const end = lastUse.get(value) ?? i;
      endings.set(end, (endings.get(end) ?? 0) + bytes);
    }
    peak = Math.max(peak, alive);
    alive -= endings.get(i) ?? 0;
  }
  return peak;
}

/**
 * The largest batch that keeps the budget, at least 1 and at most `limit`
 * (beyond some 16 images a run gains no speed and only loses cache).
 */
export function planBatch(graph: Graph, { budget, limit = 16 }: { budget: number; limit?: number }): number {
  return Math.max(1, Math.min(limit, Math.floor(budget / Math.max(1, memoryPerImage(graph)))));
}
