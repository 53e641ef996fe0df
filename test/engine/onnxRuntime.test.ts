import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { after, describe, it } from 'mocha';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { evaluate } from '../../lib/src/engine/reference.js';
import { InputError } from '../../lib/src/error.js';
import { differentiate } from '../../lib/src/graph/differentiate.js';
import { createGraph, type Graph, shapeOf } from '../../lib/src/graph/graph.js';
import { createNode, input, scalar, type Value } from '../../lib/src/graph/node.js';
import { add, multiply } from '../../lib/src/graph/operators/elementwise.js';
import { reduceMean, reduceSum } from '../../lib/src/graph/operators/reduction.js';
import { isBatch, perImage } from '../../lib/src/graph/type.js';
import { createRandom } from '../../lib/src/random.js';
import { type Tensor, tensor } from '../../lib/src/tensor.js';
import { type Case, cases, chain, forwardCases } from '../graph/cases.js';
import { forSketchesAsync, type Sketch } from '../graph/sketch.js';

const vector = (...values: number[]): Tensor => tensor(Float32Array.from(values), [1, values.length]);

describe('onnxruntime', () => {
  const engine = createEngine({ threads: 1 });
  after(() => engine.dispose());

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

  async function checkAgreement(graph: Graph, feeds: Sketch['feeds']): Promise<void> {
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
      ok(error <= 1e-4 * scale, `${name}: off by ${error}, of ${scale}`);
    }
  }

  describe('agrees with the reference engine on random graphs and their gradients', () => {
    const all: Readonly<Record<string, Case>> = { ...cases, ...forwardCases, chain };
    for (const [name, draw] of Object.entries(all)) {
      it(name, () =>
        forSketchesAsync(12, async (sketch) => {
          const { graph, feeds } = derived(draw(sketch), sketch, !(name in forwardCases));
          await checkAgreement(graph, feeds);
        }),
      );
    }

    it('sums and means over no axes at all', async () => {
      const x = input('x', ['N', 3]);
      const graph = createGraph({ sum: reduceSum(x, []), mean: reduceMean(x, []) });
      await checkAgreement(graph, { x: { data: Float64Array.of(1, 2, 3), shape: [1, 3] } });
    });
  });

  describe('state', () => {
    const x = input('x', ['N', 2]);
    const memory = input('memory', ['N', 2]);
    const next = add(multiply(memory, scalar(0.5)), x);
    const graph = createGraph({ next, doubled: multiply(next, scalar(2)) });

    it('goes from an output to an input of the next run without being fed or returned', async () => {
      const program = await engine.compile(graph, { state: { next: 'memory' } });
      await program.writeState({ memory: vector(8, 0) });
      const first = await program.run({ x: vector(1, 1) });
      deepEqual(first, { doubled: vector(10, 2) });
      deepEqual(await program.run({ x: vector(0, 0) }), { doubled: vector(5, 1) });
      deepEqual(await program.readState(), { memory: vector(2.5, 0.5) });
      await program.dispose();
    });

    it('belongs to one program', async () => {
      const programs = await Promise.all(
        [1, 2].map(() => engine.compile(graph, { state: { next: 'memory' } })),
      );
      for (const [i, program] of programs.entries()) await program.writeState({ memory: vector(i, i) });
      await programs[0].run({ x: vector(5, 5) });
      deepEqual(await programs[1].readState(), { memory: vector(1, 1) });
      for (const program of programs) await program.dispose();
    });
  });

  describe('refuses', () => {
    const graph = createGraph({ y: add(input('x', ['N', 2]), scalar(1)) });

    it('a missing input', async () => {
      const program = await engine.compile(graph);
      await rejects(
        program.run({}),
        (thrown: unknown) => thrown instanceof InputError && /"x".*missing/.test(thrown.message),
      );
      await program.dispose();
    });

    it('an input of the wrong shape', async () => {
      const program = await engine.compile(graph);
      const wrong = program.run({ x: vector(1, 2, 3) });
      await rejects(wrong, { name: 'InputError', message: /expected \[N, 2\], got \[1, 3\]/ });
      await program.dispose();
    });

    it('data that does not fill its shape', async () => {
      const program = await engine.compile(graph);
      const short = { data: new Float32Array(3), shape: [2, 2] };
      await rejects(program.run({ x: short }), { name: 'InputError', message: /"x"/ });
      await program.dispose();
    });

    it('an operator that onnxruntime does not know, at compile time and by name', async () => {
      const outputTypes = [{ dataType: 'float32', shape: ['N', 2] }] as const;
      const attributes = { operator: 'Frobnicate', domain: '', raw: {}, slots: [0], outputTypes };
      const [y] = createNode('Opaque', [input('x', ['N', 2])], attributes).outputs;
      await rejects(engine.compile(createGraph({ y })), /Frobnicate/);
    });

    it('a number of threads that is none', () => {
      throws(() => createEngine({ threads: 0 }), InputError);
    });
  });

  it('ignores feeds that the graph does not need', async () => {
    const program = await engine.compile(createGraph({ y: add(input('x', ['N', 2]), scalar(1)) }));
    deepEqual(await program.run({ x: vector(1, 2), mask: vector(1) }), { y: vector(2, 3) });
    await program.dispose();
  });

  it('takes views into larger memory', async () => {
    const program = await engine.compile(createGraph({ y: add(input('x', ['N', 2]), scalar(1)) }));
    const view = tensor(Float32Array.of(1, 2, 3, 4).subarray(1, 3), [1, 2]);
    deepEqual(await program.run({ x: view }), { y: vector(3, 4) });
    await program.dispose();
  });

  it('keeps the feeds and gives results that the next run leaves alone', async () => {
    const program = await engine.compile(createGraph({ y: add(input('x', ['N', 2]), scalar(1)) }));
    const fed = vector(1, 2);
    const first = await program.run({ x: fed });
    await program.run({ x: vector(7, 7) });
    deepEqual(fed, vector(1, 2));
    deepEqual(first.y, vector(2, 3));
    await program.dispose();
  });

  it('stops a disposed program, and a disposed engine', async () => {
    const own = createEngine({ threads: 1 });
    const program = await own.compile(createGraph({ y: add(input('x', ['N', 1]), scalar(1)) }));
    await program.dispose();
    await rejects(program.run({ x: vector(1) }), /disposed/);
    await own.dispose();
    await rejects(own.compile(createGraph({ y: add(input('x', ['N', 1]), scalar(1)) })), /disposed/);
  });

  it('does not keep an idle process alive', async () => {
    const code =
      "import { createEngine } from './lib/src/engine/onnxRuntime.js'; console.log(createEngine().threads);";
    const run = promisify(execFile)(
      process.execPath,
      ['--import', './test/typescript.mjs', '--input-type=module', '--eval', code],
      { timeout: 20_000 },
    );
    equal((await run).stderr, '');
  });
});
