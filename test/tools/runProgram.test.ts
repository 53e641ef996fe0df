/** How a program is run to its end, or ended. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { runProgram } from '../../tools/jupyter.js';

const node = (script: string, options = {}) =>
  runProgram(process.execPath, ['--eval', script], { patience: 0.5, ...options });

/** Aborted when the program has started, as far as a second tells. */
function soon(): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1000);
  return controller.signal;
}

describe('runProgram', () => {
  it('keeps what a program printed, and its status', async () => {
    deepEqual(await node('console.log("out"); process.exitCode = 3'), { status: 3, output: 'out\n' });
    equal((await runProgram('/no/such/program', [])).status, 127);
  });

  it('ends a program that is interrupted', async () => {
    const { status } = await node('setInterval(() => {}, 1000)', { signal: soon() });
    equal(status, 130);
  });

  it('kills one that does not listen', async () => {
    const deaf = 'process.on("SIGINT", () => {}); setInterval(() => {}, 1000)';
    equal((await node(deaf, { signal: soon() })).status, 130);
  });

  it('waits for no child that outlives the program', async () => {
    const parent = `
      const { spawn } = require('node:child_process');
      const sleep = ['--eval', 'setTimeout(() => {}, 60_000)'];
      const child = spawn(process.execPath, sleep, { detached: true, stdio: 'inherit' });
      console.log(child.pid);
      child.unref();`;
    const { status, output } = await node(parent);
    equal(status, 0);
    ok(process.kill(Number(output), 'SIGKILL'), 'the child still runs');
  });
});
