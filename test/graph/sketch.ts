/** A random small graph in the making: draws its choices from fast-check, and keeps the values to feed. */
import * as fc from 'fast-check';
import { input, type Value } from '../../lib/src/graph/node.js';
import { isBatch, perImage, type Shape } from '../../lib/src/graph/type.js';
import { createRandom } from '../../lib/src/random.js';
import { sizeOf } from '../../lib/src/tensor.js';
import type { ReferenceTensor } from '../reference/reference.js';

/**
 * What an input holds, so that no kink lies within reach of a small step:
 * `free` in [-1, 1]; `positive` in [0.5, 2]; `nonzero` with magnitude in [0.2, 1.2];
 * `distinct` and `distinct between` all at least 0.02 apart, also from each other;
 * `off tenths` at least 0.05 from every multiple of 0.1.
 */
export type Values = 'free' | 'positive' | 'nonzero' | 'distinct' | 'distinct between' | 'off tenths';

export interface Sketch {
  /** How many images the inputs hold. */
  readonly batch: number;
  readonly feeds: Readonly<Record<string, ReferenceTensor>>;
  /** Inputs towards which the gradient is asked for. */
  readonly wanted: readonly Value[];
  integer(min: number, max: number): number;
  flag(): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** A number in [low, high] that float32 holds exactly. */
  real(low: number, high: number): number;
  /** A new graph input; a frozen one gets no gradient. */
  input(shape: Shape, values?: Values, options?: { frozen?: boolean }): Value;
  /** Numbers like those of an input, for a constant. */
  numbers(shape: readonly number[], values?: Values): Float32Array;
}

function createSketch(g: fc.GeneratorValue): Sketch {
  const integer = (min: number, max: number): number => g(fc.integer, { min, max });
  const batch = integer(1, 3);
  const random = createRandom(integer(0, 10_000), 'sketch');
  const feeds: Record<string, ReferenceTensor> = {};
  const wanted: Value[] = [];
  const numbers = (shape: readonly number[], values: Values = 'free'): Float32Array => {
    const count = sizeOf(shape);
    const order = random.shuffle(Array.from({ length: count }, (_, i) => i - Math.floor(count / 2)));
    const draw = {
      free: () => random.uniform(-1, 1),
      positive: () => random.uniform(0.5, 2),
      nonzero: () => random.uniform(0.2, 1.2) * random.pick([-1, 1]),
      distinct: (i: number) => 0.04 * order[i],
      'distinct between': (i: number) => 0.04 * order[i] + 0.02,
      'off tenths': () => 0.1 * random.integer(16) - 0.75,
    }[values];
    return Float32Array.from({ length: count }, (_, i) => draw(i));
  };
  return {
    batch,
    feeds,
    wanted,
    integer,
    flag: () => g(fc.boolean),
    pick: (items) => items[integer(0, items.length - 1)],
    real: (low, high) => Math.fround(low + ((high - low) * integer(0, 64)) / 64),
    numbers,
    input(shape, values = 'free', { frozen = false } = {}) {
      const name = `input ${Object.keys(feeds).length}`;
      const lengths = shape.map((dimension) =>
        isBatch(dimension) ? batch * perImage(dimension) : dimension,
      );
      feeds[name] = { data: Float64Array.from(numbers(lengths, values)), shape: lengths };
      const value = input(name, shape);
      if (!frozen) wanted.push(value);
      return value;
    },
  };
}

/** Runs a check on random sketches; always the same ones. */
export function forSketches(runs: number, check: (sketch: Sketch) => void): void {
  fc.assert(
    fc.property(fc.gen(), (g) => check(createSketch(g))),
    { numRuns: runs, seed: 1 },
  );
}

/** The same where the check is asynchronous. */
export async function forSketchesAsync(
  runs: number,
  check: (sketch: Sketch) => Promise<void>,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.gen(), (g) => check(createSketch(g))),
    { numRuns: runs, seed: 1 },
  );
}
