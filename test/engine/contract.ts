/** What a caller relies on, whatever the engine: state, refusals, copies, and its end. */
import { deepEqual, match, ok, rejects, throws } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, it } from 'mocha';
import type { Engine } from '../../lib/src/engine/engine.js';
import { InputError } from '../../lib/src/error.js';
import { createGraph } from '../../lib/src/graph/graph.js';
import { createNode, input, scalar } from '../../lib/src/graph/node.js';
import { add, multiply } from '../../lib/src/graph/operators/elementwise.js';
import { type Tensor, tensor } from '../../lib/src/tensor.js';
import { convolutionalLogits, normals } from '../classifiers.js';

const vector = (...values: number[]): Tensor => tensor(Float32Array.from(values), [1, values.length]);

export interface Creation {
  create(threads: number): Engine;
  /** The file and the name of the function that creates it. */
  readonly module: URL;
  readonly createdBy: string;
}

export function keepsContract(engine: () => Engine, { create, module, createdBy }: Creation): void {
  describe('state', () => {
    const x = input('x', ['N', 2]);
    const memory = input('memory', ['N', 2]);
    const next = add(multiply(memory, scalar(0.5)), x);
    const graph = createGraph({ next, doubled: multiply(next, scalar(2)) });

    it('goes from an output to an input of the next run without being fed or returned', async () => {
      const program = await engine().compile(graph, { state: { next: 'memory' } });
      await program.writeState({ memory: vector(8, 0) });
      const first = await program.run({ x: vector(1, 1) });
      deepEqual(first, { doubled: vector(10, 2) });
      deepEqual(await program.run({ x: vector(0, 0) }), { doubled: vector(5, 1) });
      deepEqual(await program.readState(), { memory: vector(2.5, 0.5) });
      await program.dispose();
    });

    it('belongs to one program', async () => {
      const programs = await Promise.all(
        [1, 2].map(() => engine().compile(graph, { state: { next: 'memory' } })),
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
      const program = await engine().compile(graph);
      await rejects(
        program.run({}),
        (thrown: unknown) => thrown instanceof InputError && /"x".*missing/.test(thrown.message),
      );
      await program.dispose();
    });

    it('an input of the wrong shape', async () => {
      const program = await engine().compile(graph);
      const wrong = program.run({ x: vector(1, 2, 3) });
      await rejects(wrong, { name: 'InputError', message: /expected \[N, 2\], got \[1, 3\]/ });
      await program.dispose();
    });

    it('data that does not fill its shape', async () => {
      const program = await engine().compile(graph);
      const short = { data: new Float32Array(3), shape: [2, 2] };
      await rejects(program.run({ x: short }), { name: 'InputError', message: /"x"/ });
      await program.dispose();
    });

    it('an operator that it does not know, at compile time and by name', async () => {
      const outputTypes = [{ dataType: 'float32', shape: ['N', 2] }] as const;
      const attributes = { operator: 'Frobnicate', domain: '', raw: {}, slots: [0], outputTypes };
      const [y] = createNode('Opaque', [input('x', ['N', 2])], attributes).outputs;
      await rejects(engine().compile(createGraph({ y })), /Frobnicate/);
    });

    it('a number of threads that is none', () => {
      throws(() => create(0), InputError);
    });
  });

  it('ignores feeds that the graph does not need', async () => {
    const program = await engine().compile(createGraph({ y: add(input('x', ['N', 2]), scalar(1)) }));
    deepEqual(await program.run({ x: vector(1, 2), mask: vector(1) }), { y: vector(2, 3) });
    await program.dispose();
  });

  it('takes views into larger memory', async () => {
    const program = await engine().compile(createGraph({ y: add(input('x', ['N', 2]), scalar(1)) }));
    const view = tensor(Float32Array.of(1, 2, 3, 4).subarray(1, 3), [1, 2]);
    deepEqual(await program.run({ x: view }), { y: vector(3, 4) });
    await program.dispose();
  });

  it('keeps the feeds and gives results that the next run leaves alone', async () => {
    const program = await engine().compile(createGraph({ y: add(input('x', ['N', 2]), scalar(1)) }));
    const fed = vector(1, 2);
    const first = await program.run({ x: fed });
    await program.run({ x: vector(7, 7) });
    deepEqual(fed, vector(1, 2));
    deepEqual(first.y, vector(2, 3));
    await program.dispose();
  });

  it('stops a disposed program, and a disposed engine', async () => {
    const own = create(1);
    const program = await own.compile(createGraph({ y: add(input('x', ['N', 1]), scalar(1)) }));
    await program.dispose();
    await rejects(program.run({ x: vector(1) }), /disposed/);
    await own.dispose();
    await rejects(own.compile(createGraph({ y: add(input('x', ['N', 1]), scalar(1)) })), /disposed/);
  });

  it('leaves the event loop free while it runs', async () => {
    const image = normals('image', [8, 4, 16, 16]);
    const logits = convolutionalLogits(input('image', ['N', 4, 16, 16]));
    const program = await engine().compile(createGraph({ logits }));
    let turns = 0;
    const turn = setInterval(() => turns++, 0);
    for (let i = 0; i < 3; i++) await program.run({ image });
    clearInterval(turn);
    ok(turns > 0);
    await program.dispose();
  });

  it('does not keep an idle process alive', async () => {
    const code = `import { ${createdBy} } from '${module.href}'; console.log(${createdBy}().threads);`;
    const loader = fileURLToPath(new URL('../typescript.mjs', import.meta.url));
    const run = promisify(execFile)(
      process.execPath,
      ['--import', loader, '--input-type=module', '--eval', code],
      { timeout: 20_000 },
    );
    match((await run).stdout, /^\d+\n$/);
  });
}
