import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';

const entry = fileURLToPath(new URL('../../lib/bin/landlens.js', import.meta.url));

function reproduce(...argv: readonly string[]) {
  return spawnSync(process.execPath, [entry, 'reproduce', ...argv], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
}

describe('reproduce', () => {
  it('prints its options', () => {
    const { status, stdout } = reproduce('--help');
    assert.equal(status, 0);
    assert.match(stdout, /--preset <name> .*quick, efficient, paper/s);
    assert.match(stdout, /guided-grad-cam/);
  });

  it('told to end while an engine works, ends by that signal, without a word, and leaves no lock', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'landlens-reproduce-'));
    try {
      const argv = ['--images', '1', '--methods', 'lime', '--preset', 'paper', '--out', folder];
      const running = spawn(process.execPath, [entry, 'reproduce', ...argv], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, NODE_OPTIONS: '' },
      });
      let said = '';
      running.stderr.on('data', (piece) => {
        said += piece;
      });
      // Of the baseline there is a record as soon as LIME begins.
      while (!((await stat(join(folder, 'records.jsonl')).catch(() => undefined))?.size ?? 0))
        await sleep(50);
      await sleep(500);
      const ended = once(running, 'exit');
      running.kill('SIGTERM');
      assert.deepEqual(await ended, [null, 'SIGTERM']);
      assert.match(said, /^[^\n]*Random baseline[^\n]*\n$/);
      assert.deepEqual((await readdir(folder)).sort(), ['records.jsonl', 'study.json']);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }).timeout(120_000);

  it('answers wrong input with one line and exit status 1', () => {
    const wrong = [
      { argv: ['--preset', 'fast'], message: /^--preset: .*quick or efficient or paper/ },
      { argv: ['--engine', 'quantum'], message: /^--engine: .*cpu or webgpu or cuda or tensorflow/ },
      { argv: ['--methods', 'nothing'], message: /^--methods: .*saliency-sg/ },
      { argv: ['--dataset', 'bigearthnet:/does/not/exist'], message: /\/does\/not\/exist/ },
    ];
    for (const { argv, message } of wrong) {
      const { status, stderr, stdout } = reproduce(...argv);
      assert.equal(status, 1);
      assert.match(stderr.trim(), message);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
      assert.equal(stdout, '');
    }
  });
});
