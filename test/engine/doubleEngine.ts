/** An engine that computes in double precision, so that derived graphs can be compared to more digits than engines keep. */
import type { Engine, Program } from '../../lib/src/engine/engine.js';
import { tensor } from '../../lib/src/tensor.js';
import { evaluate, type ReferenceTensor } from '../reference/reference.js';

export interface DoubleEngine extends Engine {
  /** What the last run with an output of this name computed, before it was rounded to float32. */
  exact(name: string): ReferenceTensor;
}

/** Runs every program on the reference engine, all rows at once; without state, so not for training. */
export function createDoubleEngine(): DoubleEngine {
  const last = new Map<string, ReferenceTensor>();
  const stateless = () => Promise.reject(new Error('the double engine keeps no state'));
  return {
    name: 'reference',
    threads: 1,
    start: async () => {},
    dispose: async () => {},
    compile: async (graph): Promise<Program> => ({
      batchSize: Number.MAX_SAFE_INTEGER,
      async run(feeds) {
        const wide = Object.entries(feeds).map(([name, { data, shape }]) => [
          name,
          { data: Float64Array.from(data), shape },
        ]);
        const results = evaluate(graph, Object.fromEntries(wide));
        for (const [name, value] of Object.entries(results)) last.set(name, value);
        return Object.fromEntries(
          Object.entries(results).map(([name, { data, shape }]) => [
            name,
            tensor(Float32Array.from(data), shape),
          ]),
        );
      },
      writeState: stateless,
      readState: stateless,
      dispose: async () => {},
    }),
    exact(name) {
      const value = last.get(name);
      if (value === undefined) throw new Error(`no run had an output "${name}"`);
      return value;
    },
  };
}
