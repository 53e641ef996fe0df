import { equal, match, ok, rejects } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, it } from 'mocha';
import { engineNames, openEngine, parseEngine } from '../../lib/src/engine/engines.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { createGraph } from '../../lib/src/graph/graph.js';
import { input, scalar } from '../../lib/src/graph/node.js';
import { add } from '../../lib/src/graph/operators/elementwise.js';
import { refusesInput } from '../refuses.js';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** Runs the built program in a process that sees no Vulkan driver. */
async function withoutVulkan(...argv: readonly string[]) {
  const env = { ...process.env, VK_DRIVER_FILES: '/does/not/exist' };
  return promisify(execFile)(process.execPath, [path('../../lib/bin/landlens.js'), ...argv], {
    env,
    timeout: 60_000,
  });
}

const hasWebGpuByVulkan = process.platform === 'linux' && process.arch === 'x64';

describe('engines', () => {
  it('are opened by name', async () => {
    for (const [name, expected] of [
      ['cpu', /^onnxruntime .* cpu$/],
      ['tensorflow', /^tfjs/],
    ] as const) {
      const engine = await openEngine(parseEngine(name), { threads: 1 });
      match(engine.name, expected);
      equal(engine.threads, 1);
      const program = await engine.compile(createGraph({ y: add(input('x', ['N']), scalar(1)) }));
      const { y } = await program.run({ x: { data: Float32Array.of(1), shape: [1] } });
      equal(y.data[0], 2);
      await engine.dispose();
    }
  });

  it('of other names are refused', async () => {
    await refusesInput(async () => parseEngine('tpu'), '--engine', /cpu or webgpu or cuda or tensorflow/);
  });

  it('are listed, each usable or with what it lacks, without what their drivers print', async () => {
    const { stdout, stderr } = await withoutVulkan('engines');
    for (const name of engineNames) match(stdout, new RegExp(`^${name} +(usable: |not usable\\n +\\S)`, 'm'));
    match(stdout, /^cpu +usable: onnxruntime /m);
    match(stdout, /^tensorflow +usable: tfjs/m);
    match(stdout, /^ +@tensorflow\/tfjs-node-gpu /m);
    if (hasWebGpuByVulkan) match(stdout, /^webgpu +not usable\n +no GPU was found.*Vulkan driver/m);
    equal(stderr, '');
  });

  it('that do not start are one error, and nothing takes their place', async function () {
    if (!hasWebGpuByVulkan) this.skip();
    const run = withoutVulkan('truth', '--engine', 'webgpu');
    await rejects(run, (thrown: unknown) => {
      ok(thrown instanceof Error && 'stderr' in thrown && 'stdout' in thrown && 'code' in thrown);
      match(String(thrown.stderr), /^engine webgpu: no GPU was found.*mesa-vulkan-drivers\)\.$/m);
      equal(thrown.stdout, '');
      return thrown.code === 1;
    });
  });

  it('refuse a provider that onnxruntime does not have', async () => {
    // What a caller without types can give.
    const options = JSON.parse('{ "provider": "tpu" }');
    await refusesInput(async () => createEngine(options), 'provider', /cpu or webgpu or cuda.*tpu/);
  });
});
