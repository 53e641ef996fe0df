import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
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
