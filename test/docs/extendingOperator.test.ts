/** The worked example of docs/extending.md: an operator with its gradient, added to a copy of the library. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import type { Value } from '../../lib/src/graph/node.js';

const repository = fileURLToPath(new URL('../../', import.meta.url));

/** What one block of changes adds to a file: lines behind a line that is there. */
interface Change {
  readonly path: string;
  readonly hunks: readonly { readonly behind: string; readonly added: readonly string[] }[];
}

/** The blocks of changes in a section of a page. */
function changesOf(page: string, section: string): Change[] {
  const [, text = ''] = page.split(`## ${section}\n`);
  const [own] = text.split(/^## /m);
  return [...own.matchAll(/^ *```diff\n([\s\S]*?)^ *```/gm)].map(([block, body]) => {
    const indent = block.search(/\S/);
    const lines = body.split('\n').map((line) => line.slice(indent));
    const [head, ...rest] = lines;
    const hunks = rest.join('\n').split('@@\n');
    return {
      path: head.replace('--- ', ''),
      hunks: hunks.map((hunk) => {
        const [behind, ...added] = hunk.split('\n').filter((line) => line !== '');
        ok(added.every((line) => line.startsWith('+')));
        return { behind: behind.slice(1), added: added.map((line) => line.slice(1)) };
      }),
    };
  });
}

function applied(source: string, { path, hunks }: Change): string {
  return hunks.reduce((text, { behind, added }) => {
    const [before, after, ...more] = `\n${text}`.split(`\n${behind}\n`);
    ok(after !== undefined && more.length === 0, `${path} has this line once: ${behind}`);
    return [before, behind, ...added, after].join('\n').replace(/^\n/, '');
  }, source);
}

describe('docs/extending.md: an operator with its gradient', () => {
  let folder = '';
  let changes: Change[] = [];

  before(async () => {
    const page = await readFile(join(repository, 'docs/extending.md'), 'utf8');
    changes = changesOf(page, 'An operator with its gradient');
    folder = await mkdtemp(join(tmpdir(), 'landlens-extending-'));
    for (const part of ['lib/src', 'test/reference']) {
      await cp(join(repository, part), join(folder, part), { recursive: true });
    }
    await cp(join(repository, 'lib/package.json'), join(folder, 'package.json'));
    await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'));
    for (const change of changes) {
      const path = join(folder, change.path);
      await writeFile(path, applied(await readFile(path, 'utf8'), change));
    }
  });

  after(() => rm(folder, { recursive: true }));

  it('costs five files', () => {
    equal(new Set(changes.map(({ path }) => path)).size, 5);
  });

  it('compiles', async () => {
    const { compilerOptions } = JSON.parse(await readFile(join(repository, 'tsconfig.json'), 'utf8'));
    const files = ['lib/src/graph/index.ts', 'lib/src/engine/engines.ts', 'test/reference/reference.ts'];
    const config = { compilerOptions: { ...compilerOptions, noEmit: true }, files };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const compiler = join(repository, 'node_modules/typescript/bin/tsc');
    const run = promisify(execFile)(process.execPath, [compiler, '-p', folder]).catch(
      ({ stdout }: { readonly stdout: string }) => ({ stdout }),
    );
    equal((await run).stdout, '');
  });

  it('computes and differentiates, read from a file as well, with every engine', async () => {
    const load = <Module>(path: string): Promise<Module> => import(pathToFileURL(join(folder, path)).href);
    const { inverseHyperbolicSine } = await load<{ inverseHyperbolicSine: (x: Value) => Value }>(
      'lib/src/graph/operators/elementwise.ts',
    );
    const { createGraph, differentiate, input, readOnnx, writeOnnx } =
      await load<typeof import('../../lib/src/graph/index.js')>('lib/src/graph/index.ts');
    const { evaluate } = await load<typeof import('../reference/reference.js')>(
      'test/reference/reference.ts',
    );
    const { openEngine } =
      await load<typeof import('../../lib/src/engine/engines.js')>('lib/src/engine/engines.ts');

    const written = writeOnnx(createGraph({ y: inverseHyperbolicSine(input('x', ['N'])) }));
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
