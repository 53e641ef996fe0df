/** How commands end where their output, their messages or a file cannot be written or read: by real processes. */
import assert from 'node:assert/strict';
import { type StdioOptions, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { before, describe, it } from 'mocha';
import { withFolder } from '../study/fixture.js';

const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const program = file('lib/bin/landlens.js');
const tools = ['reproduce', 'notebooks'];

const typescript = new URL('../typescript.mjs', import.meta.url).href;

/** What Node.js is told to run: `landlens <name>`, as it is built, or what only the repository has. */
const commandOf = (name: string): readonly string[] =>
  name === ''
    ? [program]
    : tools.includes(name)
      ? ['--import', typescript, file(`tools/${name}.ts`)]
      : [program, name];

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command; the streams in `closed` are closed by their reader before anything was read. */
function run(
  name: string,
  argv: readonly string[],
  { closed = [], stdio = 'pipe' }: { closed?: readonly ('stdout' | 'stderr')[]; stdio?: StdioOptions } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [...commandOf(name), ...argv], {
    stdio,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const texts = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    if (closed.includes(stream)) child[stream]?.destroy();
    else child[stream]?.on('data', (chunk) => (texts[stream] += chunk));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, ...texts }));
  });
}

/** A command a user calls, that prints. */
const printing: readonly (readonly [name: string, argv: readonly string[]])[] = [
  ['', []],
  ['pack', ['--help']],
  ['statistics', ['scenes', '--patches', '2']],
  ...['reproduce', 'cases', 'truth', 'train', 'notebooks'].map((name) => [name, ['--help']] as const),
];

describe('a command', () => {
  before(function () {
    if (process.platform === 'win32') this.skip();
  });

  for (const [name, argv] of printing) {
    it(`${name} ${argv.join(' ')} ends quietly where nobody reads its output`, async () => {
      const { status, stderr } = await run(name, argv, { closed: ['stdout'] });
      assert.equal(status, 141, stderr);
      assert.doesNotMatch(stderr, /EPIPE|\n\s+at /);
    });

    it(`${name} ${argv.join(' ')} says in one sentence that its output device is full`, async function () {
      if (!existsSync('/dev/full')) return this.skip();
      const full = await open('/dev/full', 'w');
      try {
        const { status, stderr } = await run(name, argv, { stdio: ['ignore', full.fd, 'pipe'] });
        assert.equal(status, 1);
        assert.match(stderr, /^standard output: could not be written: ENOSPC.*\n$/m);
        assert.doesNotMatch(stderr, /\n\s+at /);
      } finally {
        await full.close();
      }
    });
  }

  it('does its work to the end where its messages go nowhere', () =>
    withFolder(async (folder) => {
      const argv = ['scenes', join(folder, 'copy')];
      const ended = await run('statistics', ['scenes', '--patches', '12'], {
        closed: ['stderr'],
      });
      assert.equal(ended.status, 0);
      assert.match(ended.stdout, /B12: mean/);
      // An error's sentence is lost with its stream; its status is not.
      const refused = await run('pack', [...argv, '--shard-size', 'none'], { closed: ['stderr'] });
      assert.equal(refused.status, 1);
    }));

  it('says in one sentence which file it cannot read or write', () =>
    withFolder(async (folder) => {
      const data = join(folder, 'data');
      await mkdir(join(data, 'labels.csv'), { recursive: true });
      const occupied = join(folder, 'occupied');
      await writeFile(occupied, 'no folder');
      const cases: readonly (readonly [name: string, argv: readonly string[], message: RegExp])[] = [
        ['statistics', [`folder:${data}`], /labels\.csv: not a regular file/],
        ['pack', ['scenes', occupied], /occupied.*could not be written/],
        ['reproduce', ['--images', '1', '--no-notebooks', '--out', occupied], /occupied/],
        ['train', ['--initial', data], /data: not a regular file/],
      ];
      for (const [name, argv, message] of cases) {
        const { status, stderr } = await run(name, argv);
        assert.equal(status, 1, stderr);
        assert.match(stderr, message);
        assert.doesNotMatch(stderr, /\n\s+at /);
      }
    }));

  it('ends with one sentence where the operating system refuses what it knows nothing of', async () => {
    await withFolder(async (folder) => {
      const script = join(folder, 'command.mts');
      await writeFile(
        script,
        `import { readFile } from 'node:fs/promises';
import { runCommand } from ${JSON.stringify(file('lib/src/command/commandLine.ts'))};
runCommand(async () => { await readFile(${JSON.stringify(folder)}); return 0; });`,
      );
      const child = spawn(process.execPath, ['--import', typescript, script], {
        env: { ...process.env, NODE_OPTIONS: '' },
      });
      let stderr = '';
      child.stderr.on('data', (chunk) => (stderr += chunk));
      const status = await new Promise((resolve) => child.on('close', resolve));
      assert.equal(status, 1);
      assert.match(stderr, /^.*EISDIR.*\n$/);
    });
  });
});
