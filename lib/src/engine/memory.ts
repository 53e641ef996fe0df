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

export interface MemoryNeed {
  /** Weights and other values that do not grow with the batch, in bytes. */
  readonly fixed: number;
  /** Largest sum of values alive at one time, per image of the batch, in bytes. */
  readonly perImage: number;
}

/** Walks the graph in order and adds up the values that are still needed. */
export function estimateMemory(graph: Graph): MemoryNeed {
  const order = topologicalOrder(Object.values(graph.outputs));
  const lastUse = new Map<Value, number>();
  for (const [i, node] of order.entries()) {
    for (const value of node.inputs) lastUse.set(value, i);
  }
  for (const value of Object.values(graph.outputs)) lastUse.set(value, order.length);

  const size = ({ type: { dataType, shape = [] } }: Value): { bytes: number; batched: boolean } => ({
    bytes: shape.reduce<number>(
      (product, dimension) => product * perImage(dimension),
      bytesPerElement[dataType],
    ),
    batched: shape.some(isBatch),
  });
  const endings = new Map<number, number>();
  let fixed = 0;
  let alive = 0;
  let peak = 0;
  for (const [i, node] of order.entries()) {
    for (const value of node.outputs) {
      const { bytes, batched } = size(value);
      if (!batched) fixed += bytes;
      else {
        alive += bytes;
        const end = lastUse.get(value) ?? i;
        endings.set(end, (endings.get(end) ?? 0) + bytes);
      }
    }
    peak = Math.max(peak, alive);
    alive -= endings.get(i) ?? 0;
  }
  return { fixed, perImage: peak };
}

/**
 * The largest batch that keeps the budget, at least 1 and at most `limit`
 * (beyond some 16 images a run gains no speed and only loses cache).
 */
export function planBatch(graph: Graph, { budget, limit = 16 }: { budget: number; limit?: number }): number {
  const { fixed, perImage } = estimateMemory(graph);
  // Weights are held twice: as read, and as the runtime packs them.
  return Math.max(1, Math.min(limit, Math.floor((budget - 2 * fixed) / Math.max(1, perImage))));
}
