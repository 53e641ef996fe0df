import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Engine } from 'landlens/engine/engine';
import { createEngine } from 'landlens/engine/onnxRuntime';
import { after, before, describe, it } from 'mocha';
import { readOnnx } from '../../../lib/src/graph/onnx/read.js';
import { sizeOf, tensor } from '../../../lib/src/tensor.js';

const folder = new URL('../../fixtures/onnx/', import.meta.url);

interface Expected {
  readonly models: readonly string[];
  readonly shape: readonly number[];
  readonly image: readonly number[];
  readonly scores: readonly number[];
}

function expected(name: string): Expected {
  const read: Expected = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
  return read;
}

describe('readOnnx on networks that PyTorch exported', () => {
  let engine: Engine;
  before(() => {
    engine = createEngine({ threads: 1 });
  });
  after(() => engine.dispose());

  for (const name of ['plain', 'dense', 'resample', 'swish', 'arrange']) {
    const { models, shape, image, scores } = expected(name);
    for (const file of models) {
      it(`${file} gives PyTorch's scores for a batch of ${shape[0]}`, async () => {
        const { graph } = await readOnnx(new URL(file, folder).pathname);
        assert.deepEqual(
          graph.inputs.map((value) => [value.node.name, value.type.shape]),
          [['image', ['N', ...shape.slice(1)]]],
        );
        const program = await engine.compile(graph);
        const result = await program.run({ image: tensor(Float32Array.from(image), shape) });
        const data = result.scores.data;
        assert.equal(data.length, scores.length);
        assert.equal(sizeOf(result.scores.shape), scores.length);
        for (const [i, score] of scores.entries()) {
          assert.ok(
            Math.abs(data[i] - score) <= 1e-5 * Math.max(1, Math.abs(score)),
            `score ${i}: ${data[i]} against ${score}`,
          );
        }
        await program.dispose();
      });
    }
  }
});
