import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict';
import { after, describe, it } from 'mocha';
import { gradCam } from '../../lib/src/attribution/gradCam.js';
import { guidedGradCam } from '../../lib/src/attribution/guidedGradCam.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { apply, floats, scalar, type Value } from '../../lib/src/graph/node.js';
import { readOnnx } from '../../lib/src/graph/onnx/read.js';
import { relu, sigmoid } from '../../lib/src/graph/operators/activation.js';
import { concat, flatten, reshape, transpose } from '../../lib/src/graph/operators/arrangement.js';
import { conv } from '../../lib/src/graph/operators/convolution.js';
import { cast, multiply } from '../../lib/src/graph/operators/elementwise.js';
import { gemm } from '../../lib/src/graph/operators/matMul.js';
import { maxPool } from '../../lib/src/graph/operators/pooling.js';
import { globalAveragePool, reduceMean } from '../../lib/src/graph/operators/reduction.js';
import type { ClassifierDescription } from '../../lib/src/model/classifier.js';
import { featureLayers } from '../../lib/src/model/featureLayer.js';
import { classifierOf, normals, randomWeights } from '../classifiers.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

const images = normals('images', [2, 3, 8, 10]);
const maps = (x: Value, name: string, inputs = 3): Value =>
  relu(conv(x, randomWeights(name, [4, inputs, 3, 3]), { pads: [1, 1, 1, 1] }), name);
const head = (pooled: Value, inputs = 4): Value =>
  gemm(pooled, randomWeights('head', [2, inputs]), undefined, { transB: true });
const network = (build: (image: Value) => Value, changes: Partial<ClassifierDescription> = {}) =>
  classifierOf(engine, [3, 8, 10], build, changes);
const mapOf = async (...given: Parameters<typeof network>) =>
  (await gradCam(network(...given))(images, [0, 1])).values.data;
const near = (actual: Float32Array, expected: Float32Array): void => {
  equal(actual.length, expected.length);
  for (const [i, value] of expected.entries())
    ok(Math.abs(actual[i] - value) < 1e-5, `${actual[i]}, ${value}`);
  ok(expected.some((value) => value > 0.01));
};

describe('the feature layer', () => {
  it('is what a global pooling pools, whatever the nodes are called', async () => {
    const { graph } = await readOnnx(
      new URL('../fixtures/onnx/dense-captured-20-open.onnx', import.meta.url).pathname,
    );
    const logits = Object.values(graph.outputs)[0];
    const all = featureLayers(logits);
    ok(all.length > 5 && all.every(({ shape }) => shape.length === 4));
    const found = classifierOf(engine, [3, 8, 10], (x) => head(flatten(globalAveragePool(maps(x, 'n_17')))));
    equal(found.featureLayer, 'n_17');
    deepEqual(featureLayers(found.logits), [{ name: 'n_17', operator: 'Relu', shape: ['N', 4, 8, 10] }]);
  });

  it('is the last one, not what squeeze-and-excitation pools', () => {
    const found = network((x) => {
      const first = maps(x, 'first');
      const gate = sigmoid(conv(globalAveragePool(first), randomWeights('gate', [4, 4, 1, 1])));
      return head(flatten(globalAveragePool(maps(multiply(first, gate), 'last', 4))));
    });
    equal(found.featureLayer, 'last');
  });

  it('lies before a last pooling and a flattening, channels first or last', () => {
    const pooled = (x: Value) => maxPool(maps(x, 'before'), { kernel: [2, 2] }, 'pool');
    const first = network((x) => head(flatten(pooled(x)), 80));
    const last = network((x) => head(flatten(transpose(pooled(x), [0, 2, 3, 1])), 80));
    deepEqual([first.featureLayer, last.featureLayer], ['before', 'before']);
  });

  it('is what maps of class scores are made from, where these are only pooled', () => {
    const scores = (x: Value) => conv(x, randomWeights('scores', [2, 4, 1, 1]), { name: 'scores' });
    const averaged = network((x) => reduceMean(scores(maps(x, 'features')), [2, 3]));
    const rectified = network((x) =>
      flatten(globalAveragePool(relu(scores(maps(x, 'features')), 'rectified'))),
    );
    deepEqual([averaged.featureLayer, rectified.featureLayer], ['features', 'features']);
    // With a layer behind them they are features like others.
    const weighed = network((x) => head(reduceMean(scores(maps(x, 'features')), [2, 3]), 2));
    equal(weighed.featureLayer, 'scores');
  });

  it('is found where the length of the batch counts beside it', () => {
    const positions = (x: Value): Value =>
      apply('Opaque', [x], {
        operator: 'Shape',
        domain: '',
        raw: {},
        slots: [0],
        outputTypes: [{ dataType: 'int64', shape: [4] }],
      });
    const found = network((x) => {
      const lengths = reduceMean(cast(positions(x), 'float32'), [0], true);
      return head(multiply(flatten(globalAveragePool(maps(x, 'maps'))), lengths));
    });
    equal(found.featureLayer, 'maps');
  });

  it('is found where it has no name of its own', async () => {
    const unnamed = (x: Value) => head(flatten(globalAveragePool(multiply(maps(x, 'a'), scalar(2)))));
    equal(network(unnamed).featureLayer, undefined);
    // Doubled maps with their gradients are the same map as that before the doubling.
    near(await mapOf(unnamed), await mapOf(unnamed, { featureLayer: 'a' }));
  });

  it('may have its channels last', async () => {
    const usual = (x: Value) => head(flatten(globalAveragePool(maps(x, 'maps'))));
    const turned = (x: Value) => {
      const last = apply('Mul', [transpose(maps(x, 'maps'), [0, 2, 3, 1]), scalar(1)], {}, 'last');
      return head(reduceMean(last, [1, 2]));
    };
    near(await mapOf(turned), await mapOf(usual));
    near(await mapOf(turned, { featureLayer: 'last', featureGrid: [8, 10] }), await mapOf(usual));
  });

  it('may be tokens over a declared grid, a class token before them', async () => {
    const usual = (x: Value) => head(flatten(globalAveragePool(maps(x, 'maps'))));
    const tokens = (x: Value) => {
      const rows = transpose(reshape(maps(x, 'maps'), ['N', 4, 80]), [0, 2, 1]);
      const mean = reduceMean(rows, [1], true);
      const all = apply('Mul', [concat([multiply(mean, scalar(0)), rows], 1), scalar(1)], {}, 'tokens');
      // 81 tokens, of which the first is 0: their sum over 80 is the mean of the others.
      return head(multiply(reduceMean(all, [1]), scalar(81 / 80)));
    };
    const named = { featureLayer: 'tokens', featureGrid: [8, 10] } as const;
    near(await mapOf(tokens, named), await mapOf(usual));
    await rejects(gradCam(network(tokens))(images, [0, 1]), {
      name: 'InputError',
      message:
        /no convolutional feature maps.*"tokens" \(Mul, \[N, 81, 4\]\).*`featureGrid`, such as \[9, 9\]/,
    });
    throws(() => network(tokens, { featureLayer: 'tokens' }), /has no maps.*\[N, 81, 4\].*featureGrid/);
    throws(() => network(tokens, { featureLayer: 'tokens', featureGrid: [20, 10] }), /has no maps/);
    throws(
      () => network(tokens, { featureLayer: 'token' }),
      /does not exist.*"maps" \(Relu, \[N, 4, 8, 10\]\)/,
    );
  });

  it('is nowhere in a network of linear layers alone, which says so', async () => {
    const linear = network((x) =>
      gemm(flatten(x), floats(normals('w', [2, 240]).data, [2, 240]), undefined, { transB: true }),
    );
    equal(linear.featureLayer, undefined);
    for (const method of [gradCam, guidedGradCam]) {
      await rejects(method(linear)(images, [0, 1]), /no convolutional feature maps.*Occlusion and LIME/);
    }
  });
});
