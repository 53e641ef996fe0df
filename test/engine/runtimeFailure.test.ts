import { match, ok, rejects } from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import { describe, it } from 'mocha';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { createWorkerEngine } from '../../lib/src/engine/workerEngine.js';
import { InputError } from '../../lib/src/error.js';
import { createGraph } from '../../lib/src/graph/graph.js';
import { constant, createNode, input, scalar, type Value } from '../../lib/src/graph/node.js';
import { add } from '../../lib/src/graph/operators/elementwise.js';
import { createClassifier } from '../../lib/src/model/createClassifier.js';
import { zeros } from '../../lib/src/tensor.js';
import { convolutionalLogits, plainDescription } from '../classifiers.js';

/** Logits behind an operator that landlens does not know. */
function behindOpaque(operator: string, domain: string, others: readonly Value[] = []) {
  const outputTypes = [{ dataType: 'float32', shape: ['N', 3] }] as const;
  const logits = convolutionalLogits(input('image', ['N', 4, 16, 16]));
  const slots = [logits, ...others].map((_, i) => i);
  const attributes = { operator, domain, raw: {}, slots, outputTypes };
  return createNode('Opaque', [logits, ...others], attributes, 'strange').outputs[0];
}

const engineThatEnds = (code: string) =>
  createWorkerEngine({
    ...{ name: 'brittle 1.0', runtime: 'brittle', threads: 1, model: () => ({}) },
    ...{ batchSize: () => 1, memoryLimit: 2 ** 30 },
    worker: new Worker(code, { eval: true }),
  });

describe('what the runtime refuses', () => {
  it('is one sentence that names the file and the node, and the classifier is disposed of', async () => {
    const engine = createEngine({ threads: 1 });
    // Two rows, whatever is fed: the runtime notices as it runs.
    const twoRows = constant({ dataType: 'int64', shape: [2], data: BigInt64Array.of(2n, 3n) });
    for (const [output, message] of [
      [
        behindOpaque('Frobnicate', ''),
        /^my\.onnx, Frobnicate node "strange": onnxruntime refuses.*Frobnicate/,
      ],
      [behindOpaque('Frobnicate', 'com.strange'), /^my\.onnx.*onnxruntime refuses.*com\.strange:Frobnicate/],
      [behindOpaque('Reshape', '', [twoRows]), /^my\.onnx, Reshape node "strange": onnxruntime cannot run/],
    ] as const) {
      const options = { hash: '', where: 'my.onnx' };
      const classifier = createClassifier(output, plainDescription(4, 3), engine, options);
      await rejects(classifier.score(zeros([3, 4, 16, 16])), (thrown: unknown) => {
        ok(thrown instanceof InputError, String(thrown));
        match(thrown.message, message);
        return true;
      });
      await classifier.dispose();
    }
    await engine.dispose();
    await engine.dispose();
  });

  it('is not a thread that ended: that says why, and what was compiled is disposed of', async () => {
    for (const [code, cause] of [
      ["require('node:worker_threads').parentPort.on('message', () => process.exit(7))", /status 7/],
      ["require('node:worker_threads').parentPort.on('message', () => { throw new Error('boom'); })", /boom/],
    ] as const) {
      const engine = engineThatEnds(code);
      const compiled = engine.compile(createGraph({ y: add(input('x', ['N', 2]), scalar(1)) }));
      await rejects(compiled, (thrown: unknown) => {
        ok(thrown instanceof InputError, String(thrown));
        match(thrown.message, /^engine brittle 1\.0: .*thread has ended.*Create a new engine/);
        match(thrown.message, cause);
        return true;
      });
      await rejects(engine.start(), /thread has ended/);
      await engine.dispose();
      await engine.dispose();
    }
  });
});
