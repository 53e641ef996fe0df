/** Every operator on random small graphs and their gradients: what a fast engine and the reference engine must agree on. */
import { deepEqual, ok } from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Engine } from '../../lib/src/engine/engine.js';
import { differentiate } from '../../lib/src/graph/differentiate.js';
import { createGraph, type Graph, shapeOf } from '../../lib/src/graph/graph.js';
import { input, type Value } from '../../lib/src/graph/node.js';
import { reduceMean, reduceSum } from '../../lib/src/graph/operators/reduction.js';
import { isBatch, perImage } from '../../lib/src/graph/type.js';
import { createRandom } from '../../lib/src/random.js';
import { tensor } from '../../lib/src/tensor.js';
import { type Case, cases, chain, forwardCases } from '../graph/cases.js';
import { forSketchesAsync, type Sketch } from '../graph/sketch.js';
import { evaluate } from '../reference/reference.js';

/** The forward graph, and the derived one where the operator has a gradient. */
function derived(output: Value, { wanted, feeds, batch }: Sketch, backward: boolean) {
  if (!backward) return { graph: createGraph({ output }), feeds };
  const used = createGraph({ output }).inputs;
  const seed = input('seed', shapeOf(output));
  const shape = shapeOf(output).map((dimension) =>
    isBatch(dimension) ? batch * perImage(dimension) : dimension,
  );
  const random = createRandom(1, 'seed');
  const length = shape.reduce((product, size) => product * size, 1);
  const data = Float64Array.from({ length }, () => Math.fround(random.uniform(-1, 1)));
  const gradients = differentiate(
    output,
    wanted.filter((value) => used.includes(value)),
    seed,
  );
  const outputs = Object.fromEntries(gradients.map((value, i) => [`gradient ${i}`, value]));
  return { graph: createGraph({ output, ...outputs }), feeds: { ...feeds, seed: { data, shape } } };
}

/** Within 1e-4 of each output's largest magnitude, and what the engine's arithmetic may miss beyond that. */
async function checkAgreement(
  engine: Engine,
  graph: Graph,
  feeds: Sketch['feeds'],
  absolute = 0,
): Promise<void> {
  const names = graph.inputs.map((value) => value.node.name);
  const expected = evaluate(graph, feeds);
  const program = await engine.compile(graph);
  const results = await program.run(
    Object.fromEntries(
      names.map((name) => [name, tensor(Float32Array.from(feeds[name].data), feeds[name].shape)]),
    ),
  );
  await program.dispose();
  deepEqual(Object.keys(results).sort(), Object.keys(expected).sort());
  for (const [name, { data, shape }] of Object.entries(expected)) {
    deepEqual(results[name].shape, shape, `shape of ${name}`);
    const scale = data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-2);
    const error = data.reduce(
      (worst, value, i) => Math.max(worst, Math.abs(value - results[name].data[i])),
      0,
    );
    ok(error <= 1e-4 * scale + absolute, `${name}: off by ${error}, of ${scale}`);
  }
}

/**
 * @param runs random graphs of each operator
 * @param except operators that the engine refuses
 * @param absolute by operator, the error of its values that the engine's definition allows
 */
export function agreesWithReference(
  engine: () => Engine,
  {
    runs = 12,
    except = [],
    absolute = {},
  }: { runs?: number; except?: readonly string[]; absolute?: Readonly<Record<string, number>> } = {},
): void {
  describe('agrees with the reference engine on random graphs and their gradients', () => {
    const all: Readonly<Record<string, Case>> = { ...cases, ...forwardCases, chain };
    for (const [name, draw] of Object.entries(all)) {
      if (except.includes(name)) continue;
      it(name, () =>
        forSketchesAsync(runs, async (sketch) => {
          const { graph, feeds } = derived(draw(sketch), sketch, !(name in forwardCases));
          await checkAgreement(engine(), graph, feeds, absolute[name]);
        }),
      );
    }

    it('sums and means over no axes at all', async () => {
      const x = input('x', ['N', 3]);
      const graph = createGraph({ sum: reduceSum(x, []), mean: reduceMean(x, []) });
      await checkAgreement(engine(), graph, { x: { data: Float64Array.of(1, 2, 3), shape: [1, 3] } });
    });
  });
}
