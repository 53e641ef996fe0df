import { rejects } from 'node:assert/strict';
import { after, describe, it } from 'mocha';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { createGraph } from '../../lib/src/graph/graph.js';
import { input } from '../../lib/src/graph/node.js';
import { add } from '../../lib/src/graph/operators/elementwise.js';
import { zeros } from '../../lib/src/tensor.js';
import { agreesWithReference } from './agreement.js';
import { keepsContract } from './contract.js';

describe('onnxruntime', () => {
  const engine = createEngine({ threads: 1 });
  after(() => engine.dispose());

  agreesWithReference(() => engine);
  keepsContract(() => engine, {
    create: (threads) => createEngine({ threads }),
    module: new URL('../../lib/src/engine/onnxRuntime.js', import.meta.url),
    createdBy: 'createEngine',
  });

  it('refuses inputs with different numbers of images', async () => {
    const program = await engine.compile(
      createGraph({ sum: add(input('a', ['N', 2]), input('b', ['N', 2])) }),
    );
    await rejects(program.run({ a: zeros([3, 2]), b: zeros([2, 2]) }), {
      name: 'InputError',
      message: /"a", "b".*same number of images.*3, 2/s,
    });
    await program.dispose();
  });
});
