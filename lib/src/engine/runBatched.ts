/** Runs more images than fit into memory at once. */
import { failAt } from '../error.js';
import { piecesOf, withProgress } from '../progress.js';
import { rows, stack, type Tensor } from '../tensor.js';
import type { Feeds, Program, Results } from './engine.js';

/**
 * Cuts the first axis of `feeds` into pieces of the program's batch size, runs each and joins the results.
 * @param shared is fed to every run as it is, such as one image that all rows perturb.
 */
export async function runBatched(program: Program, feeds: Feeds, shared: Feeds = {}): Promise<Results> {
  const entries = Object.entries(feeds);
  const counts = new Set(entries.map(([, { shape }]) => shape[0]));
  const [count] = counts;
  if (counts.size !== 1 || count === undefined || count === 0) {
    throw failAt(entries.map(([name]) => `"${name}"`).join(', '))(
      'the inputs of a run differ in their number of rows, or have none',
      'the same number of rows for all, at least one',
      entries.map(([, { shape }]) => shape[0]).join(', '),
    );
  }
  const parts: Results[] = [];
  const size = pieceSize(count, program.batchSize);
  for (const start of withProgress('batches', piecesOf(count, size))) {
    const end = Math.min(count, start + size);
    const piece = entries.map(([name, tensor]): [string, Tensor] => [name, rows(tensor, start, end)]);
    parts.push(await program.run({ ...shared, ...Object.fromEntries(piece) }));
  }
  const [first] = parts;
  if (parts.length === 1) return first;
  return Object.fromEntries(Object.keys(first).map((name) => [name, stack(parts.map((part) => part[name]))]));
}

/**
 * The largest size in the upper half of the allowed range that divides the count: an engine compiles again for every
 * new size.
 */
export function pieceSize(count: number, limit: number): number {
  for (let size = Math.min(count, limit); size > limit / 2; size--) {
    if (count % size === 0) return size;
  }
  return limit;
}
