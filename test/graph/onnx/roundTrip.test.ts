import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Engine } from 'landlens/engine/engine';
import { createEngine } from 'landlens/engine/onnxRuntime';
import { after, before, describe, it } from 'mocha';
import { type Graph, topologicalOrder } from '../../../lib/src/graph/graph.js';
import { apply, createNode, floats, input, type Value } from '../../../lib/src/graph/node.js';
import { readOnnx } from '../../../lib/src/graph/onnx/read.js';
import { writeOnnx } from '../../../lib/src/graph/onnx/write.js';
import { relu } from '../../../lib/src/graph/operators/activation.js';
import { concat, flatten, pad, slice, split } from '../../../lib/src/graph/operators/arrangement.js';
import { conv, convTranspose } from '../../../lib/src/graph/operators/convolution.js';
import { add, greater, where, zerosLike } from '../../../lib/src/graph/operators/elementwise.js';
import { gemm } from '../../../lib/src/graph/operators/matMul.js';
import { batchNormalization } from '../../../lib/src/graph/operators/normalisation.js';
import { averagePool, maxPool } from '../../../lib/src/graph/operators/pooling.js';
import { globalAveragePool, reduceMean, reduceSum } from '../../../lib/src/graph/operators/reduction.js';
import { resize } from '../../../lib/src/graph/operators/resize.js';
import { fromHalf, toHalf } from '../../../lib/src/io/half.js';
import { createRandom } from '../../../lib/src/random.js';
import { sizeOf, tensor } from '../../../lib/src/tensor.js';

const random = createRandom(7, 'round trip');
const weights = (name: string, shape: readonly number[]): Value =>
  floats(
    Float32Array.from({ length: sizeOf(shape) }, () => random.normal() / 3),
    shape,
    name,
  );
const single = (value: Value): Value => value;

/** Steps from a batch of maps [N, 4, 6, 6] to one of the same shape. */
const steps: readonly ((x: Value, name: string) => Value)[] = [
  (x, name) => relu(x, name),
  (x, name) => conv(x, weights(`${name}.weight`, [4, 2, 3, 3]), { pads: [1, 1, 1, 1], group: 2, name }),
  (x, name) =>
    conv(x, weights(`${name}.weight`, [4, 4, 3, 3]), {
      pads: [2, 2, 2, 2],
      dilations: [2, 2],
      bias: weights(`${name}.bias`, [4]),
      name,
    }),
  (x, name) =>
    batchNormalization(
      x,
      {
        scale: weights(`${name}.weight`, [4]),
        bias: weights(`${name}.bias`, [4]),
        mean: weights(`${name}.mean`, [4]),
        variance: floats([1, 2, 0.5, 1.5], [4], `${name}.variance`),
      },
      { epsilon: 2 ** -10 },
      name,
    ),
  (x, name) => maxPool(x, { kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] }, name),
  (x) =>
    resize(
      averagePool(x, { kernel: [3, 3], strides: [2, 2], ceilMode: true }),
      { scales: [2, 2] },
      {
        mode: 'linear',
      },
    ),
  (x) => convTranspose(maxPool(x, { kernel: [2, 2] }), weights('up', [4, 4, 2, 2]), { strides: [2, 2] }),
  (x) => concat([...split(x, [1, 3])].reverse()),
  (x) => pad(slice(x, 2, 1, 5), [0, 0, 1, 0, 0, 0, 1, 0], { mode: 'reflect' }),
  (x) => slice(x, 3, -1, -(2 ** 31), -1),
  (x) => add(x, reduceMean(x, [1], true)),
  (x) => add(x, globalAveragePool(x)),
  (x) => where(greater(x, zerosLike(x)), x, apply('Neg', [x], {})),
  (x, name) => apply('Clip', [x], { min: -0.5, max: Number.POSITIVE_INFINITY }, name),
  (x) => apply('Softmax', [x], { axis: 1 }),
  (x) => apply('Elu', [x], { alpha: 0.5 }),
  (x) => apply('LeakyRelu', [x], { alpha: 0.25 }),
  (x) => apply('Transpose', [x], { permutation: [0, 1, 3, 2] }),
  (x) => apply('Reshape', [apply('Reshape', [x], { shape: ['N', 144] })], { shape: ['N', 4, 6, 6] }),
  (x) => apply('Squeeze', [apply('Unsqueeze', [x], { axes: [2] })], { axes: [2] }),
  (x) =>
    createNode('MaxPool', [x], {
      kernel: [1, 1],
      strides: [1, 1],
      pads: [0, 0, 0, 0],
      dilations: [1, 1],
      ceilMode: false,
      indices: false,
    }).outputs[0],
  (x) =>
    apply('Opaque', [x], {
      operator: 'Shrink',
      domain: '',
      raw: { bias: { type: 'float', value: 0.25 } },
      slots: [0],
      outputTypes: [x.type],
    }),
];

function build(choice: readonly number[]): Graph {
  const image = input('image', ['N', 4, 6, 6]);
  const x = choice.reduce((value, step, i) => steps[step](value, `layer${i}`), single(image));
  const pooled = flatten(reduceSum(x, [2, 3], true));
  const scores = gemm(pooled, weights('head', [3, 4]), weights('head.bias', [3]), {
    transB: true,
    alpha: 0.5,
  });
  return { inputs: [image], outputs: { features: x, scores } };
}

/** What a graph is made of, apart from the names of nameless values. */
function structure(graph: Graph): unknown[] {
  const order = topologicalOrder(Object.values(graph.outputs));
  const position = new Map(order.map((node, i) => [node, i]));
  return order.map((node) => ({
    operator: node.operator,
    name: node.operator === 'Constant' || node.name === '' ? '' : node.name,
    attributes: node.attributes,
    inputs: node.inputs.map((value) => [position.get(value.node), value.index]),
    types: node.outputs.map((value) => value.type),
  }));
}

const withoutName = (parts: readonly unknown[]): unknown[] =>
  parts.map((part) => ({ ...Object(part), name: '' }));

describe('a graph written as ONNX and read again', () => {
  let engine: Engine;
  before(() => {
    engine = createEngine({ threads: 1 });
  });
  after(() => engine.dispose());

  const feed = tensor(
    Float32Array.from({ length: 288 }, () => random.normal()),
    [2, 4, 6, 6],
  );
  async function evaluate(graph: Graph) {
    const program = await engine.compile(graph);
    const results = await program.run({ image: feed });
    await program.dispose();
    return results;
  }

  it('has the same operators, attributes, wiring and types', async () => {
    const choices = fc.array(fc.nat(steps.length - 1), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(choices, async (choice) => {
        const graph = build(choice);
        const { graph: read, opset } = await readOnnx({ bytes: writeOnnx(graph), name: 'own.onnx' });
        assert.equal(opset, 18);
        assert.deepEqual(withoutName(structure(read)), withoutName(structure(graph)));
      }),
      { numRuns: 150, seed: 2, examples: steps.map((_, i) => [[i]]) },
    );
  });

  it('computes the same values', async () => {
    for (const i of steps.keys()) {
      const graph = build([i, (i + 1) % steps.length]);
      const { graph: read } = await readOnnx({ bytes: writeOnnx(graph), name: 'own.onnx' });
      assert.deepEqual(await evaluate(read), await evaluate(graph), `step ${i}`);
    }
  });

  it('keeps the names of layers and weights, and metadata', async () => {
    const bytes = writeOnnx(build([1, 3, 0]), { metadata: { classes: 'a,b' } });
    const { graph, metadata } = await readOnnx({ bytes, name: 'own.onnx' });
    const names = topologicalOrder(Object.values(graph.outputs)).map((node) => node.name);
    for (const name of [
      'layer0',
      'layer0.weight',
      'layer1',
      'layer1.variance',
      'layer2',
      'head',
      'head.bias',
    ]) {
      assert.ok(names.includes(name), name);
    }
    assert.deepEqual(metadata, { classes: 'a,b' });
  });

  it('widens half-precision weights to constants under their own names', async () => {
    const graph = build([1, 3]);
    const bytes = writeOnnx(graph, { halfWeights: true });
    const { graph: read } = await readOnnx({ bytes, name: 'own.onnx' });
    const constants = (from: Graph) =>
      new Map(
        topologicalOrder(Object.values(from.outputs)).flatMap((node) =>
          node.operator === 'Constant' ? [[node.name, node.attributes.value] as const] : [],
        ),
      );
    const stored = constants(read);
    const original = constants(graph);
    assert.deepEqual([...stored.keys()].sort(), [...original.keys()].sort());
    for (const [name, { data }] of original) {
      assert.deepEqual(stored.get(name)?.data, fromHalf(toHalf(Float32Array.from(data, Number))), name);
    }
    assert.ok(!topologicalOrder(Object.values(read.outputs)).some((node) => node.operator === 'Cast'));
  });
});
