/** How much memory a graph needs, and so how many images fit into one run. */

import { failAt } from '../error.js';
import { type Graph, topologicalOrder } from '../graph/graph.js';
import type { Value } from '../graph/node.js';
import { isBatch, sizePerImage } from '../graph/type.js';

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
 * Default bytes for the intermediate values of one run: with the runtime's own spare memory and the weights, a
 * process that explains 12 x 256 x 256 pixels of a DenseNet-121 or ResNet-50 stays below 2 GiB. Batches that need
 * more are no faster on a processor.
 */
export const defaultMemoryBudget = 384 * 2 ** 20;

/** Default bytes for all sessions of an engine together. */
export const defaultMemoryLimit = 2 * 2 ** 30;

const isBatched = ({ type: { shape = [] } }: Value): boolean => shape.some(isBatch);

/** Bytes of a value per image of the batch. */
const bytesOf = ({ type: { dataType, shape = [] } }: Value): number =>
  sizePerImage(shape) * bytesPerElement[dataType];

/**
 * The largest sum of values alive at one time, in bytes per image of the batch, without weights and what is computed
 * from them in advance.
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
 * Upper bound of the bytes that a session holds after a run of this many images: weights and what is computed from
 * them in advance, twice, since a runtime may keep a reordered copy; and the intermediate values, whose memory is
 * kept for the next run.
 */
export function sessionMemory(graph: Graph, images: number): number {
  const stored = topologicalOrder(Object.values(graph.outputs))
    .flatMap(({ outputs }) => outputs.filter((value) => !isBatched(value)))
    .reduce((sum, value) => sum + bytesOf(value), 0);
  return 2 * stored + images * memoryPerImage(graph);
}

/**
 * Bytes that a network from a file may compute per image: some 400 times what DenseNet-121 does for 120 x 120 pixels.
 */
const largestNetwork = 2 ** 30;

/**
 * Refuses networks that would exhaust memory: even a small file may describe huge values.
 * @throws InputError if the values computed for one image, and from weights in advance, take more than 1 GiB
 */
export function refuseOversized(graph: Graph, where: string): void {
  const beforehand = topologicalOrder(Object.values(graph.outputs))
    .filter(({ operator }) => operator !== 'Constant' && operator !== 'Input')
    .flatMap(({ outputs }) => outputs.filter((value) => !isBatched(value)))
    .reduce((sum, value) => sum + bytesOf(value), 0);
  const needed = memoryPerImage(graph) + beforehand;
  if (needed <= largestNetwork) return;
  throw failAt(where, 'Open it for smaller images, where the file leaves their size open.')(
    'what the network computes for one image takes too much memory',
    'at most 1 GiB',
    `${(needed / 2 ** 30).toFixed(1)} GiB`,
  );
}

export interface BatchPlan {
  /** Bytes of the intermediate values that are alive at one time. */
  readonly budget: number;
  /** Images (default: 16; beyond it a processor gains no speed and only loses cache). */
  readonly limit?: number;
  /** Bytes that one value may take (default: any number). */
  readonly largestValue?: number;
}

/** The largest batch that keeps the budget and the limits, at least 1. */
export function planBatch(graph: Graph, { budget, limit = 16, largestValue = Infinity }: BatchPlan): number {
  const largest = topologicalOrder(Object.values(graph.outputs))
    .flatMap(({ outputs }) => outputs.filter(isBatched))
    .reduce((most, value) => Math.max(most, bytesOf(value)), 1);
  const fitting = Math.min(budget / Math.max(1, memoryPerImage(graph)), largestValue / largest);
  return Math.max(1, Math.min(limit, Math.floor(fitting)));
}
