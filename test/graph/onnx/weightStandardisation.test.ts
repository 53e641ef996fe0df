import { deepEqual, ok } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { readOnnx } from '../../../lib/src/graph/onnx/read.js';
import { ModelProto } from '../../../lib/src/graph/onnx/schema.js';
import { evaluate } from '../../reference/reference.js';
import { checkGradient } from '../checkGradient.js';
import { type Fields, float, int, longs, numbers } from './forms.js';

const weights = [
  [1, 2, 3, 6],
  [-1, 0, 0, 1],
];
const scale = [2, -0.5];
const bias = [0.25, 0];
const epsilon = 0.5;
const image = [1, -2, 3, 0.5];

/** A convolution of which a batch normalisation in training mode prepares the weights, as PyTorch's tracing exporter writes it. */
function model(opset: number, outputs: readonly string[]): Uint8Array {
  const training: Fields[] = opset >= 14 ? [int('training_mode', 1)] : [];
  const value = (name: string): Fields => ({ name, type: { tensorType: { elemType: 1 } } });
  return ModelProto.encode(
    ModelProto.fromObject({
      irVersion: 8,
      opsetImport: [{ domain: '', version: opset }],
      graph: {
        node: [
          { opType: 'Reshape', input: ['w', 'flat'], output: ['rows'] },
          {
            opType: 'BatchNormalization',
            input: ['rows', 'scale', 'bias', 'mean', 'variance'],
            output: outputs,
            attribute: [float('epsilon', epsilon), float('momentum', 0.75), ...training],
          },
          { opType: 'Reshape', input: [outputs[0], 'kernel'], output: ['standard'] },
          { opType: 'Conv', input: ['x', 'standard'], output: ['y'] },
          { opType: 'Identity', input: [outputs[1]], output: ['running mean'] },
          { opType: 'Identity', input: [outputs[2]], output: ['running variance'] },
        ],
        initializer: [
          numbers('w', weights.flat(), [2, 4, 1, 1]),
          longs('flat', [1, 2, -1]),
          numbers('scale', scale),
          numbers('bias', bias),
          numbers('mean', [8, 4]),
          numbers('variance', [1, 2]),
          longs('kernel', [2, 4, 1, 1]),
        ],
        input: [
          {
            name: 'x',
            type: {
              tensorType: {
                elemType: 1,
                shape: { dim: [{ dimParam: 'N' }, ...[4, 1, 1].map((dimValue) => ({ dimValue }))] },
              },
            },
          },
        ],
        output: ['y', 'running mean', 'running variance'].map(value),
      },
    }),
  ).finish();
}

describe('batch normalisation in training mode', () => {
  for (const [opset, outputs] of [
    [9, ['normal', 'm', 'v', 'saved m', 'saved v']],
    [13, ['normal', 'm', 'v', '', '']],
    [17, ['normal', 'm', 'v']],
  ] as const) {
    it(`of stored weights is weight standardisation, opset ${opset}`, async () => {
      const { graph } = await readOnnx({ bytes: model(opset, outputs), name: 'network.onnx' });
      const feeds = { x: { shape: [1, 4, 1, 1], data: Float64Array.from(image) } };
      const results = evaluate(graph, feeds);
      const means = weights.map((row) => row.reduce((sum, value) => sum + value) / 4);
      const variances = weights.map((row, i) => row.reduce((sum, w) => sum + (w - means[i]) ** 2, 0) / 4);
      const expected = weights.map((row, i) =>
        row.reduce((sum, w, j) => {
          const normal = (w - means[i]) / Math.sqrt(variances[i] + epsilon);
          return sum + (normal * scale[i] + bias[i]) * image[j];
        }, 0),
      );
      deepEqual(results.y.shape, [1, 2, 1, 1]);
      for (const [i, value] of expected.entries()) ok(Math.abs(results.y.data[i] - value) < 1e-12);
      deepEqual([...results['running mean'].data], [8 * 0.75 + means[0] * 0.25, 4 * 0.75 + means[1] * 0.25]);
      deepEqual(
        [...results['running variance'].data],
        [0.75 + variances[0] * 0.25, 2 * 0.75 + variances[1] * 0.25],
      );
      checkGradient(graph.outputs.y, feeds, graph.inputs);
    });
  }
});
