import { after, describe } from 'mocha';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
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
});
