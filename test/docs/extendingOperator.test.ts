/** The worked example of docs/extending.md: an operator with its gradient, added to a copy of the library. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before, describe, it } from 'mocha';
import type { Value } from '../../lib/src/graph/node.js';
import { applySections, compileErrors, copyOf } from './extending.js';

describe('docs/extending.md: an operator with its gradient', () => {
  let folder = '';
  let touched: readonly string[] = [];

  before(async () => {
    folder = await copyOf(['lib/src', 'test/reference']);
    touched = await applySections(folder, ['An operator with its gradient']);
  });

  after(() => rm(folder, { recursive: true }));

  it('costs five files', () => {
    equal(touched.length, 5);
  });

  it('compiles', async () => {
    const files = ['lib/src/graph/index.ts', 'lib/src/engine/engines.ts', 'test/reference/reference.ts'];
    equal(await compileErrors(folder, files), '');
  });

  it('computes and differentiates, read from a file as well, with every engine', async () => {
    const load = <Module>(path: string): Promise<Module> => import(pathToFileURL(join(folder, path)).href);
    const { apply } = await load<{
      apply: (operator: string, inputs: readonly Value[], attributes: object) => Value;
    }>('lib/src/graph/node.ts');
    const { createGraph, differentiate, input, readOnnx, writeOnnx } =
      await load<typeof import('../../lib/src/graph/index.js')>('lib/src/graph/index.ts');
    const { evaluate } = await load<typeof import('../reference/reference.js')>(
      'test/reference/reference.ts',
    );
    const { openEngine } =
      await load<typeof import('../../lib/src/engine/engines.js')>('lib/src/engine/engines.ts');

    const written = writeOnnx(createGraph({ y: apply('Asinh', [input('x', ['N'])], {}) }));
    const { y } = (await readOnnx({ bytes: written, name: 'asinh' })).graph.outputs;
    const operators: readonly string[] = [y.node.operator];
    deepEqual(operators, ['Asinh']);

    const [slope] = differentiate(y, y.node.inputs, input('seed', ['N']));
    const graph = createGraph({ y, slope });
    const at = [-3, -0.5, 0, 1, 40];
    const results = evaluate(graph, {
      x: { data: Float64Array.from(at), shape: [at.length] },
      seed: { data: new Float64Array(at.length).fill(2), shape: [at.length] },
    });
    deepEqual([...results.y.data], at.map(Math.asinh));
    const step = 1e-5;
    for (const [i, x] of at.entries()) {
      const expected = (Math.asinh(x + step) - Math.asinh(x - step)) / (2 * step);
      ok(Math.abs(results.slope.data[i] - 2 * expected) < 1e-9);
    }
    for (const name of ['cpu', 'tensorflow'] as const) {
      const engine = await openEngine(name, { threads: 1 });
      const program = await engine.compile(graph);
      const found = await program.run({
        x: { data: Float32Array.from(at), shape: [at.length] },
        seed: { data: new Float32Array(at.length).fill(2), shape: [at.length] },
      });
      for (const output of ['y', 'slope']) {
        for (const [i, value] of found[output].data.entries()) {
          ok(Math.abs(value - results[output].data[i]) < 1e-6, `${output} of ${name} at ${at[i]}`);
        }
      }
      await engine.dispose();
    }
  });
});
