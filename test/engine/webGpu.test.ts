import { match } from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Engine } from '../../lib/src/engine/engine.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { agreesWithReference } from './agreement.js';
import { keepsContract } from './contract.js';
import { agreesWithOnnxRuntime } from './methodAgreement.js';
import { findSwiftShader } from './swiftShader.js';

const found = findSwiftShader();
const name = 'onnxruntime on WebGPU, by SwiftShader';

if ('missing' in found) it(`${name}: needs ${found.missing}`);
else {
  describe(name, () => {
    let engine: Engine;
    before(() => {
      // Read by the Vulkan loader when the engine starts.
      process.env.VK_DRIVER_FILES = found.driver;
      engine = createEngine({ provider: 'webgpu', threads: 1 });
    });
    after(async () => {
      await engine.dispose();
      delete process.env.VK_DRIVER_FILES;
    });

    it('starts', async () => {
      await engine.start();
      match(engine.name, /^onnxruntime .* webgpu$/);
    });

    // WGSL lets sin and cos miss by 2^-11 between -pi and pi, and atan by 4,096 units in the last place.
    const absolute = { Sin: 2 ** -11, Cos: 2 ** -11, Atan: 2 ** -11 };
    agreesWithReference(() => engine, { runs: 4, except: ['MaxPool indices'], absolute });
    agreesWithOnnxRuntime(() => engine, { tolerance: 1e-3 });
    keepsContract(() => engine, {
      create: (threads) => createEngine({ provider: 'webgpu', threads }),
      module: new URL('../../lib/src/engine/onnxRuntime.js', import.meta.url),
      createdBy: 'createEngine',
    });
  });
}
