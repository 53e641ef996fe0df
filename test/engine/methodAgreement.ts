/** Every attribution method and a training step on two small networks: what any engine and onnxruntime must agree on. */
import { deepEqual, ok } from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Explain } from '../../lib/src/attribution/attribution.js';
import { deconvolution } from '../../lib/src/attribution/guidedBackpropagation.js';
import { integratedGradients } from '../../lib/src/attribution/integratedGradients.js';
import { lime } from '../../lib/src/attribution/lime.js';
import { methods } from '../../lib/src/attribution/methods.js';
import { smoothGrad } from '../../lib/src/attribution/smoothGrad.js';
import type { Engine, Results } from '../../lib/src/engine/engine.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { input } from '../../lib/src/graph/node.js';
import type { Architecture } from '../../lib/src/model/architecture.js';
import type { Classifier } from '../../lib/src/model/classifier.js';
import { denseNet } from '../../lib/src/model/denseNet.js';
import { initialWeights, storedLayers, type Weights } from '../../lib/src/model/layers.js';
import { resNet } from '../../lib/src/model/resNet.js';
import type { Tensor } from '../../lib/src/tensor.js';
import { createTrainingStep, flatten, layoutOf } from '../../lib/src/training/trainingStep.js';
import { classifierOf, normals } from '../classifiers.js';
import { nearestKink, outOfReach } from '../kinks.js';
import { agreeButForFlips, difference, differenceText } from '../rounding.js';

const [bands, size, classes] = [4, 16, 3];

const architectures: Readonly<Record<string, Architecture>> = {
  DenseNet: denseNet({ blocks: [2, 2], growth: 4, bottleneck: 8, stem: 8 }),
  ResNet: resNet({
    stem: 8,
    stages: [
      { blocks: 1, width: 4, outputs: 8 },
      { blocks: 2, width: 8, outputs: 16 },
    ],
  }),
};

/** Fresh weights, and statistics, scales and shifts as they could be after a training. */
function weightsOf(architecture: Architecture): Weights {
  const image = input('image', ['N', bands, size, size]);
  const fresh = initialWeights((layers) => architecture.build(layers, image, classes), 1);
  return new Map(
    [...fresh].map(([name, { data, shape }]): [string, Tensor] => {
      const noise = normals(name, shape, 0.1).data;
      const value = (number: number, i: number) =>
        name.endsWith('running_var') ? number + Math.abs(noise[i]) : number + noise[i];
      return [name, { data: shape.length === 1 ? data.map(value) : data, shape }];
    }),
  );
}

/** The largest difference is at most a share of the largest magnitude. */
function near(actual: Tensor, expected: Tensor, tolerance: number, what: string): void {
  deepEqual(actual.shape, expected.shape, `shape of ${what}`);
  const found = difference(actual.data, expected.data);
  if (process.env.LANDLENS_REPORT) console.log(`      ${what}: ${differenceText(found)}`);
  ok(found.largest <= tolerance, `${what}: differs by ${differenceText(found)}`);
}

const wide = (feeds: Results) =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, { data, shape }]) => [name, { data: Float64Array.from(data), shape }]),
  );

/** Methods that run over many copies of an image, or divide by differences: some ReLU of some copy may flip. */
const mayFlip = (id: string): boolean =>
  id.endsWith('-sg') || ['integrated-gradients', 'deeplift'].includes(id);

/** Compares with onnxruntime to a share of each result's largest magnitude. */
export function agreesWithOnnxRuntime(engine: () => Engine, { tolerance }: { tolerance: number }): void {
  let reference: Engine;
  before(() => {
    reference = createEngine({ threads: 1 });
  });
  after(() => reference.dispose());
  const explainers: Readonly<Record<string, (classifier: Classifier) => Explain>> = {
    ...Object.fromEntries(
      methods.map(({ id, create }) => [
        id,
        (classifier: Classifier) => create(classifier, { preset: 'quick', seed: 1 }),
      ]),
    ),
    deconvolution: (classifier) => deconvolution(classifier),
    // Fewer passes than by any preset: each of them is the same computation.
    'integrated-gradients-sg': (classifier) =>
      smoothGrad(integratedGradients(classifier, { steps: 3 }), { samples: 2, seed: 1 }),
    lime: (classifier) => lime(classifier, { segments: 16, samples: 64, seed: 1 }),
  };

  for (const [name, architecture] of Object.entries(architectures)) {
    describe(`${name}: agrees with onnxruntime`, () => {
      const weights = weightsOf(architecture);
      const images = normals('images', [2, bands, size, size]);
      const classifierOn = (each: Engine): Classifier =>
        classifierOf(
          each,
          [bands, size, size],
          (image) => architecture.build(storedLayers(weights), image, classes),
          { featureLayer: architecture.featureLayer },
        );
      let own: Classifier;
      let expected: Classifier;
      before(() => {
        own = classifierOn(engine());
        expected = classifierOn(reference);
      });
      it('at images that are away from every kink', () => {
        ok(nearestKink([own.logits], wide({ image: images })) > outOfReach);
      });

      for (const [id, create] of Object.entries(explainers)) {
        it(id, async () => {
          const targets = [0, [1, 2]];
          const actual = (await create(own)(images, targets)).values;
          const wanted = (await create(expected)(images, targets)).values;
          if (mayFlip(id)) agreeButForFlips(actual.data, wanted.data, id);
          else near(actual, wanted, tolerance, id);
        });
      }

      it('a training step', async () => {
        const layout = layoutOf(weights);
        const batch = 4;
        const { graph, state } = createTrainingStep(architecture, layout, { bands, classes, size, batch });
        const start = flatten(weights, layout);
        // In the middle of a training: from zero, a first step is the sign of a gradient, which rounding decides.
        const moments = {
          first: normals('first', start.first.shape, 0.01),
          second: { data: start.second.data.map(() => 0.01), shape: start.second.shape },
        };
        const feeds = {
          image: normals('batch', [batch, bands, size, size]),
          labels: {
            data: Float32Array.from({ length: batch * classes }, (_, i) => i % 2),
            shape: [batch, classes],
          },
          rate: { data: Float32Array.of(0.01), shape: [] },
        };
        const all = { ...wide(feeds), ...wide(start), ...wide(moments) };
        ok(nearestKink([graph.outputs.loss], all) > outOfReach);
        const step = async (each: Engine): Promise<Results> => {
          const program = await each.compile(graph, { state });
          await program.writeState({ ...start, ...moments });
          const results = { ...(await program.run(feeds)), ...(await program.readState()) };
          await program.dispose();
          return results;
        };
        const [actual, wanted] = [await step(engine()), await step(reference)];
        deepEqual(Object.keys(actual).sort(), ['first', 'loss', 'parameters', 'second', 'statistics']);
        for (const [key, value] of Object.entries(wanted)) near(actual[key], value, tolerance, key);
      });
    });
  }
}
