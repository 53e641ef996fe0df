import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { before, describe, it } from 'mocha';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const loader = path('../typescript.mjs');
const command = [
  ...[process.execPath, path('../../lib/bin/landlens.js'), 'reproduce'],
  ...['--images', '1', '--methods', 'saliency', '--out'],
];

const hasStrace = spawnSync('strace', ['-e', 'trace=none', 'true']).status === 0;

/** What a command that computes does to a user whose home, caches and temporary folder are empty. */
async function trace() {
  const folder = await mkdtemp(join(tmpdir(), 'landlens-telemetry-'));
  try {
    for (const name of ['home', 'temporary', 'working']) await mkdir(join(folder, name));
    const home = join(folder, 'home');
    const temporary = join(folder, 'temporary');
    const calls = join(folder, 'calls');
    const strace = ['strace', '-f', '--seccomp-bpf', '-qq', '-e', 'trace=%network,openat,open', '-o', calls];
    const [program, ...argv] = [...(hasStrace ? strace : []), ...command, join(folder, 'asked')];
    const { stdout } = await promisify(execFile)(program, argv, {
      cwd: join(folder, 'working'),
      timeout: 110_000,
      // Nothing of this process's environment, whose engines switched telemetry off.
      env: {
        ...{ PATH: process.env.PATH, SystemRoot: process.env.SystemRoot },
        ...{ HOME: home, USERPROFILE: home, TMPDIR: temporary, TEMP: temporary, TMP: temporary },
      },
    });
    match(stdout, /Saliency/);
    const files = await readdir(folder, { recursive: true });
    return {
      left: files.filter((name) => !/^(asked|calls)\b/.test(name)).sort(),
      calls: hasStrace ? (await readFile(calls, 'utf8')).split('\n') : [],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('a run', () => {
  let traced: Awaited<ReturnType<typeof trace>>;
  before(async () => {
    traced = await trace();
  });

  it('writes no file outside the folder that was asked for', () => {
    deepEqual(traced.left, ['home', 'temporary', 'working']);
  });

  it('calls no network, and does not ask for the identity of the machine', function () {
    // macOS and Windows have no such tool without administrator's rights.
    if (!hasStrace) this.skip();
    ok(traced.calls.some((call) => call.includes('libonnxruntime')));
    const telling = /AF_INET|machine-id|resolv\.conf|\/etc\/hosts/;
    deepEqual(
      traced.calls.filter((call) => telling.test(call)),
      [],
    );
  });
});

describe('telemetry', () => {
  it('is why no engine starts in a thread that cannot switch it off', async () => {
    const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
    const code = `const { parentPort } = require('node:worker_threads');
      import('${pathToFileURL(loader)}')
        .then(() => import('${new URL('../../lib/src/engine/onnxRuntime.ts', import.meta.url)}'))
        .then(({ createEngine }) => createEngine().dispose())
        .then(() => parentPort.postMessage('started'), ({ message }) => parentPort.postMessage(message));`;
    const start = async (environment: NodeJS.ProcessEnv) => {
      const thread = new Worker(code, { eval: true, env: environment });
      const [answer]: unknown[] = await once(thread, 'message');
      await thread.terminate();
      return String(answer);
    };
    match(await start(env), /telemetry.*main thread.*ORT_DISABLE_TELEMETRY=1/);
    equal(await start({ ...env, ORT_DISABLE_TELEMETRY: '1' }), 'started');
  });
});
