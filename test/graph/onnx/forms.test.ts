import assert from 'node:assert/strict';
import { createEngine } from 'landlens/engine/onnxRuntime';
import { after, describe, it } from 'mocha';
import * as ort from 'onnxruntime-node';
import { differentiate } from '../../../lib/src/graph/differentiate.js';
import { createGraph, shapeOf, topologicalOrder } from '../../../lib/src/graph/graph.js';
import { input } from '../../../lib/src/graph/node.js';
import { decodedOperators } from '../../../lib/src/graph/onnx/operators.js';
import { readOnnx } from '../../../lib/src/graph/onnx/read.js';
import { tensor } from '../../../lib/src/tensor.js';
import { evaluate } from '../../reference/reference.js';
import { checkGradient } from '../checkGradient.js';
import { forms, imageFor, modelOf, variants } from './forms.js';

function assertClose(got: ArrayLike<number>, expected: Float64Array, tolerance: number, what: string): void {
  assert.equal(got.length, expected.length, what);
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-2);
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - got[i])), 0);
  assert.ok(worst <= tolerance * scale, `${what}: off by ${worst}, of ${scale}`);
}

describe('every ONNX operator that is read', () => {
  const engine = createEngine({ threads: 1 });
  after(() => engine.dispose());

  it('has a form to be tested', () => {
    assert.deepEqual(Object.keys(forms).sort(), [...decodedOperators].sort());
  });

  const all = [
    ...Object.entries(forms).map(([operator, form]) => [operator, operator, form] as const),
    ...variants.map(([operator, form], i) => [`${operator} (variant ${i + 1})`, operator, form] as const),
  ];
  for (const [title, operator, form] of all) {
    it(`${title} means what it means in onnxruntime${form.gradient === false ? '' : ', and has its gradient'}`, async () => {
      const bytes = modelOf(operator, form);
      const { graph } = await readOnnx({ bytes, name: 'network.onnx' });
      const x = imageFor(form);
      const { y } = graph.outputs;
      const inner = topologicalOrder([y]).filter((node) => node.operator === 'Opaque');
      const feeds = { x };
      const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
      const image = new ort.Tensor('float32', Float32Array.from(x.data), x.shape);
      const native = await session.run({ x: image });
      await session.release();
      const { data } = native.y;
      assert.ok(data instanceof Float32Array);
      if (inner.length === 0) assertClose(data, evaluate(graph, feeds).y.data, 1e-5, 'the scores');
      else {
        const program = await engine.compile(graph);
        const { y: own } = await program.run({ x: tensor(Float32Array.from(x.data), x.shape) });
        await program.dispose();
        assertClose(own.data, Float64Array.from(data), 1e-6, 'the scores');
      }
      if (form.gradient === false) return;
      checkGradient(y, feeds, graph.inputs);
      const seed = input('seed', shapeOf(y));
      const derived = createGraph({ gradient: differentiate(y, graph.inputs, seed)[0] });
      const { data: weighed, shape } = evaluate(graph, feeds).y;
      const seedValues = { shape, data: weighed.map((_, i) => Math.fround(Math.sin(i + 1))) };
      const expected = evaluate(derived, { ...feeds, seed: seedValues }).gradient;
      const program = await engine.compile(derived);
      const fed = { ...feeds, seed: seedValues };
      const { gradient } = await program.run(
        Object.fromEntries(
          derived.inputs.map(({ node }) => {
            const { data, shape } = node.name === 'seed' ? fed.seed : fed.x;
            return [node.name, tensor(Float32Array.from(data), shape)];
          }),
        ),
      );
      await program.dispose();
      assertClose(gradient.data, expected.data, 1e-5, "the engine's gradient");
    });
  }
});
