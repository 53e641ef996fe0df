import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { gradCam } from '../../lib/src/attribution/gradCam.js';
import { saliency } from '../../lib/src/attribution/saliency.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { InputError } from '../../lib/src/error.js';
import { toHalf } from '../../lib/src/io/half.js';
import { type OpenOptions, openClassifier } from '../../lib/src/model/classifierFile.js';
import { loadLayersModel } from '../../lib/src/model/layersModel.js';
import type { Tensor } from '../../lib/src/tensor.js';
import { normals, plainDescription } from '../classifiers.js';
import { jsonKinds } from '../hostile/json.js';
import { mutations, survive } from '../hostile/mutate.js';
import {
  type Artifacts,
  artifactsOf,
  gradientOf,
  openedByTensorFlow,
  predictionOf,
  quantised,
  seedWeights,
  tf,
  writeModel,
} from '../tensorflow.js';

const { layers } = tf;
const [height, width, bands] = [11, 14, 3];
const shape = [height, width, bands];
const images: Tensor = normals('tensorflow', [2, bands, height, width]);

const apply = (layer: tf.layers.Layer, ...inputs: tf.SymbolicTensor[]): tf.SymbolicTensor => {
  const output = layer.apply(inputs.length === 1 ? inputs[0] : inputs);
  if (!(output instanceof tf.SymbolicTensor)) throw new Error('one symbolic output expected');
  return output;
};

function functional(build: (x: tf.SymbolicTensor) => tf.SymbolicTensor): tf.LayersModel {
  const x = tf.input({ shape });
  return tf.model({ inputs: x, outputs: build(x) });
}

/** A chain of layers of which each gets the last one's output. */
const chain = (list: readonly tf.layers.Layer[]): tf.LayersModel =>
  functional((x) => list.reduce((value, layer) => apply(layer, value), x));

const head = () => [layers.globalAveragePooling2d({}), layers.dense({ units: 4 })];
const convolution = (changes: object = {}) => layers.conv2d({ filters: 5, kernelSize: 3, ...changes });

const inSequence = 'a sequential network with odd strides and a flattening';
const withShortcuts = 'shortcuts, depthwise convolutions and squeeze-and-excitation';

const networks: Readonly<Record<string, () => tf.LayersModel>> = {
  [inSequence]() {
    return tf.sequential({
      layers: [
        layers.conv2d({
          inputShape: [height, width, bands],
          filters: 6,
          kernelSize: [3, 4],
          strides: 2,
          padding: 'same',
          useBias: false,
        }),
        layers.batchNormalization({}),
        layers.activation({ activation: 'relu' }),
        layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
        layers.conv2d({ filters: 5, kernelSize: 2, padding: 'same', activation: 'elu' }),
        layers.flatten(),
        layers.dropout({ rate: 0.5 }),
        layers.dense({ units: 7, activation: 'tanh' }),
        layers.dense({ units: 4 }),
      ],
    });
  },
  [withShortcuts]() {
    return functional((x) => {
      const stem = apply(convolution({ padding: 'same', strides: 2, activation: 'swish' }), x);
      const deep = apply(
        layers.depthwiseConv2d({
          kernelSize: 3,
          depthMultiplier: 2,
          padding: 'same',
          depthwiseInitializer: 'ones',
        }),
        stem,
      );
      const apart = apply(layers.separableConv2d({ filters: 5, kernelSize: 3, padding: 'same' }), deep);
      const sum = apply(layers.add(), stem, apart);
      const squeezed = apply(
        layers.reshape({ targetShape: [1, 1, 5] }),
        apply(layers.globalAveragePooling2d({}), sum),
      );
      const excited = apply(layers.dense({ units: 5, activation: 'sigmoid' }), squeezed);
      const scaled = apply(layers.multiply(), sum, excited);
      const both = apply(layers.concatenate(), scaled, stem);
      return head().reduce((value, layer) => apply(layer, value), both);
    });
  },
  'every activation'() {
    const names = ['tanh', 'selu', 'hardSigmoid', 'softplus', 'softsign', 'mish', 'relu6', 'linear'] as const;
    return chain([
      ...names.map((activation) => convolution({ activation, padding: 'same' })),
      layers.leakyReLU({ alpha: 0.2 }),
      layers.elu(),
      layers.reLU({ maxValue: 3 }),
      layers.softmax({ axis: -1 }),
      ...head(),
    ]);
  },
  'borders, enlargement, reshaping and maxima'() {
    return functional((x) => {
      const scaled = apply(layers.rescaling({ scale: 0.5, offset: 0.25 }), x);
      const wide = apply(
        layers.zeroPadding2d({
          padding: [
            [1, 0],
            [2, 1],
          ],
        }),
        scaled,
      );
      const maps = apply(convolution({ activation: 'relu' }), wide);
      const half = apply(layers.averagePooling2d({ poolSize: 2 }), maps);
      const again = apply(layers.upSampling2d({ size: [2, 2] }), half);
      const cut = apply(
        layers.cropping2D({
          cropping: [
            [1, 1],
            [1, 0],
          ],
        }),
        again,
      );
      const other = apply(convolution({ padding: 'same' }), cut);
      const merged = [layers.maximum(), layers.minimum(), layers.average()].map((layer) =>
        apply(layer, cut, other),
      );
      const together = apply(layers.concatenate({ axis: 1 }), ...merged);
      const turned = apply(layers.reshape({ targetShape: [24 * 13, 5] }), together);
      const mixed = apply(layers.dense({ units: 3 }), turned);
      const flat = apply(layers.flatten(), mixed);
      const most = apply(layers.globalMaxPooling2d({}), other);
      return apply(layers.dense({ units: 4 }), apply(layers.concatenate({ axis: -1 }), flat, most));
    });
  },
  'a network within a network, and a layer used twice'() {
    const inner = tf.sequential({
      layers: [
        layers.conv2d({ inputShape: [height, width, bands], filters: 3, kernelSize: 3, padding: 'same' }),
        layers.batchNormalization({ epsilon: 0.01 }),
      ],
    });
    const shared = layers.conv2d({ filters: 3, kernelSize: 1, activation: 'relu' });
    return functional((x) => {
      const once = apply(shared, apply(inner, x));
      return head().reduce((value, layer) => apply(layer, value), apply(shared, once));
    });
  },
};

describe('a TensorFlow.js layers model', () => {
  const engine = createEngine({ threads: 1 });
  let folder: string;
  before(async () => {
    await tf.setBackend('cpu');
    folder = await mkdtemp(join(tmpdir(), 'landlens-layers-'));
  });
  after(async () => {
    await engine.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const description = plainDescription(bands, 4);
  const open = async (name: string, artifacts: Artifacts, options: OpenOptions = {}) =>
    openClassifier(await writeModel(join(folder, name), artifacts), { engine, ...description, ...options });
  const near = (actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void => {
    equal(actual.length, expected.length);
    for (let i = 0; i < expected.length; i++) {
      ok(Math.abs(actual[i] - expected[i]) <= tolerance, `${actual[i]} instead of ${expected[i]} at ${i}`);
    }
  };
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

  for (const [name, build] of Object.entries(networks)) {
    it(`${name}: TensorFlow.js's scores and gradients`, async () => {
      const model = seedWeights(build(), name);
      const classifier = await open(name, await artifactsOf(model));
      const expected = predictionOf(model, images);
      near((await classifier.score(images)).data, expected.map(sigmoid), 1e-5);
      ok(Math.max(...expected) - Math.min(...expected) > 0.01);
      for (const target of [0, 3]) {
        const { values } = await saliency(classifier, { absolute: false })(images, [target, target]);
        const gradient = gradientOf(model, images, target);
        const largest = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        ok(largest > 1e-4);
        near(values.data, gradient, 1e-5 * Math.max(1, largest));
      }
    });
  }

  // TensorFlow.js has no gradient of a dilated convolution or of a plain normalisation, and takes border pixels for
  // inner ones in that of a mean.
  it('dilates, and averages over the pixels inside the image at a border, as TensorFlow.js does', async () => {
    const model = chain([
      convolution({ dilationRate: 2, padding: 'same' }),
      layers.batchNormalization({ scale: false, center: false }),
      layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
      ...head(),
    ]);
    seedWeights(model, 'average');
    const classifier = await open('average', await artifactsOf(model));
    near((await classifier.score(images)).data, predictionOf(model, images).map(sigmoid), 1e-5);
  });

  it('ends in a sigmoid or softmax: its logits are explained, its scores are its own', async () => {
    for (const activation of ['sigmoid', 'softmax'] as const) {
      const model = seedWeights(
        chain([convolution(), layers.globalAveragePooling2d({}), layers.dense({ units: 4, activation })]),
        activation,
      );
      const classifier = await open(activation, await artifactsOf(model));
      equal(classifier.activation, activation);
      near((await classifier.score(images)).data, predictionOf(model, images), 1e-5);
      equal(classifier.logits.node.operator, 'Gemm');
    }
  });

  it('may have quantised weights', async () => {
    const artifacts = await artifactsOf(seedWeights(chain([convolution(), ...head()]), 'quantised'));
    const exact = predictionOf(await openedByTensorFlow(artifacts), images).map(sigmoid);
    for (const type of ['uint8', 'uint16'] as const) {
      const small = quantised(artifacts, type);
      const expected = predictionOf(await openedByTensorFlow(small), images).map(sigmoid);
      const { data } = await (await open(type, small)).score(images);
      near(data, expected, 1e-5);
      ok(data.some((score, i) => score !== exact[i]));
    }
    const values = new Float32Array(artifacts.data.slice().buffer);
    const half: Artifacts = {
      topology: artifacts.topology,
      specs: artifacts.specs.map((spec) => ({ ...spec, quantization: { dtype: 'float16' } })),
      data: new Uint8Array(toHalf(values).buffer),
    };
    near((await (await open('half', half)).score(images)).data, exact, 1e-3);
  });

  it('may come from Keras: its topology wrapped, its weights under longer names', async () => {
    const model = seedWeights(chain([convolution(), layers.batchNormalization({}), ...head()]), 'keras');
    const { topology, specs, data } = await artifactsOf(model);
    const wrapped = {
      topology: { keras_version: '2.15.0', backend: 'tensorflow', model_config: topology },
      specs: specs.map((spec) => ({ ...spec, name: `model/${spec.name}:0` })),
      data,
    };
    const classifier = await open('keras', wrapped);
    near((await classifier.score(images)).data, predictionOf(model, images).map(sigmoid), 1e-5);
  });

  it('gives its layers their names, and Grad-CAM finds the last convolution', async () => {
    const model = chain([
      convolution({ name: 'first', activation: 'relu' }),
      convolution({ name: 'last', activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2, name: 'pool' }),
      layers.flatten(),
      layers.dense({ units: 4 }),
    ]);
    const classifier = await open('named', await artifactsOf(seedWeights(model, 'named')));
    equal(classifier.featureLayer, 'last');
    const maps = await gradCam(classifier)(images, [0, 1]);
    deepEqual(maps.values.shape, [2, 1, height, width]);
    const others = await gradCam(classifier, { layer: 'first' })(images, [0, 1]);
    ok(others.values.data.some((value, i) => value !== maps.values.data[i]));
  });

  it('may leave the size of its images open, and is described by model.classifier.json', async () => {
    const x = tf.input({ shape: [null, null, bands] });
    const build = [convolution(), ...head()].reduce((value, layer) => apply(layer, value), x);
    const artifacts = await artifactsOf(seedWeights(tf.model({ inputs: x, outputs: build }), 'open'));
    const path = await writeModel(join(folder, 'open'), artifacts);
    await rejects(openClassifier(path, { engine, ...description }), /how large.*model\.classifier\.json/);
    const sidecar = { ...description, size: [20, 16], layout: 'NHWC' };
    await writeFile(join(folder, 'open', 'model.classifier.json'), JSON.stringify(sidecar));
    deepEqual((await openClassifier(path, { engine })).size, [20, 16]);
  });

  describe('is refused', () => {
    const small = () => chain([convolution({ name: 'conv' }), ...head()]);
    const refused = async (
      change: (json: {
        modelTopology: object;
        weightsManifest: { paths: string[]; weights: object[] }[];
      }) => unknown,
      message: RegExp,
    ): Promise<void> => {
      const path = await writeModel(
        join(folder, 'refused'),
        await artifactsOf(seedWeights(small(), 'refused')),
      );
      const json = JSON.parse(await readFile(path, 'utf8'));
      await writeFile(path, JSON.stringify(change(json) ?? json));
      await rejects(openClassifier(path, { engine, ...description }), (thrown: unknown) => {
        ok(thrown instanceof InputError, String(thrown));
        match(thrown.message, message);
        return true;
      });
    };
    const replaced = (from: string | RegExp, to: string) => (json: object) =>
      JSON.parse(JSON.stringify(json).replace(from, to));

    it('where a layer is not known, naming it', () =>
      refused(replaced('"Conv2D"', '"ConvLSTM2D"'), /layer "conv".*ConvLSTM2D are not known.*ONNX/));
    it('where a weight is missing, left over or misshapen', async () => {
      await refused(replaced('conv/kernel', 'other/kernel'), /layer "conv".*its kernel is missing/);
      await refused(replaced('"filters":5', '"filters":6'), /layer "conv".*its kernel has another shape/);
      await refused(replaced('"use_bias":true', '"use_bias":false'), /1 of its 4 weights.*conv\/bias/);
    });
    it('where its layers form a circle or its output is nowhere', () =>
      refused(
        replaced(/"output_layers":\[\["[^"]*"/, '"output_layers":[["nowhere"'),
        /output is never computed/,
      ));
    it('where it is no layers model', async () => {
      await refused(
        () => ({ format: 'graph-model', modelTopology: {} }),
        /format "layers-model".*graph-model/,
      );
      await refused(() => [], /not a TensorFlow\.js layers model/);
    });
    it('where a shard is missing, too short or outside its folder', async () => {
      await writeFile(join(folder, 'secret.bin'), new Uint8Array(16));
      await mkdir(join(folder, 'refused'), { recursive: true });
      await symlink(join(folder, 'secret.bin'), join(folder, 'refused', 'link.bin'));
      const withPath = (path: string) => (json: { weightsManifest: { paths: string[] }[] }) => {
        json.weightsManifest[0].paths = [path];
      };
      for (const path of [
        '../secret.bin',
        join(folder, 'secret.bin'),
        'link.bin',
        '..\\secret.bin',
        'C:x',
        '',
      ])
        await refused(withPath(path), /outside its folder/);
      await refused(withPath('nowhere.bin'), /cannot be read.*beside model\.json/);
      await refused(replaced(/"shape":\[5\]/, '"shape":[500000000000]'), /shards do not fit/);
    });
    it('where a shard is listed twice', async () => {
      const twice = (json: { weightsManifest: { paths: string[]; weights: object[] }[] }) => {
        const [group] = json.weightsManifest;
        const again = group.weights.map((each, i) => ({ ...each, name: `again/${i}` }));
        json.weightsManifest.push({ paths: [`./${group.paths[0]}`], weights: again });
      };
      await refused(twice, /shard "\.\/group1-shard1\.bin": a shard is listed twice/);
    });
    it('for what is left over before it is decoded', () =>
      refused((json: { weightsManifest: { paths: string[]; weights: object[] }[] }) => {
        // Its bytes are no finite numbers: 0x7fc00000, then infinity.
        const surplus = { name: 'surplus/kernel', shape: [2], dtype: 'float32' };
        json.weightsManifest.push({ paths: ['surplus.bin'], weights: [surplus] });
        writeFileSync(
          join(folder, 'refused', 'surplus.bin'),
          Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY),
        );
      }, /1 of its 5 weights belong to no layer/));
    it('where it would need absurd memory', () =>
      refused(replaced('"padding":"valid"', '"padding":"full"'), /another padding/));
  });

  for (const name of [withShortcuts, inSequence]) {
    it(`survives 600 mutations of model.json, ${name}: one clear error each, or a network`, async () => {
      const artifacts = await artifactsOf(seedWeights(networks[name](), 'mutated'));
      const path = await writeModel(join(folder, 'mutated'), artifacts);
      const original = new Uint8Array(await readFile(path));
      const damaged = mutations(original, { count: 600, seed: 42, kinds: jsonKinds });
      const outcome = await survive(
        damaged,
        async (bytes) => {
          await writeFile(path, bytes);
          const { output } = await loadLayersModel(path, description);
          ok(output.type.shape !== undefined);
        },
        { names: join(folder, 'mutated') },
      );
      ok(outcome.refused > 200, `${outcome.refused} were refused`);
    });
  }
});
