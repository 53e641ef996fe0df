import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { gradCam } from '../../lib/src/attribution/gradCam.js';
import { lime } from '../../lib/src/attribution/lime.js';
import { occlusion } from '../../lib/src/attribution/occlusion.js';
import { saliency } from '../../lib/src/attribution/saliency.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { InputError } from '../../lib/src/error.js';
import { createGraph } from '../../lib/src/graph/graph.js';
import { createNode, floats, input, type Value } from '../../lib/src/graph/node.js';
import { ModelProto } from '../../lib/src/graph/onnx/schema.js';
import { writeOnnx } from '../../lib/src/graph/onnx/write.js';
import { sigmoid } from '../../lib/src/graph/operators/activation.js';
import { flatten, transpose } from '../../lib/src/graph/operators/arrangement.js';
import { conv } from '../../lib/src/graph/operators/convolution.js';
import { gemm } from '../../lib/src/graph/operators/matMul.js';
import { globalAveragePool } from '../../lib/src/graph/operators/reduction.js';
import {
  descriptionKey,
  encodeClassifier,
  type OpenOptions,
  openClassifier,
} from '../../lib/src/model/classifierFile.js';
import { createClassifier } from '../../lib/src/model/createClassifier.js';
import { storedLayers } from '../../lib/src/model/layers.js';
import { rows, type Tensor, zeros } from '../../lib/src/tensor.js';
import { freshWeights } from '../../lib/src/training/trainingStep.js';
import { normals, plainDescription } from '../classifiers.js';
import { tinyArchitecture } from '../training/tiny.js';

describe('a classifier file', () => {
  const engine = createEngine({ threads: 1 });
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landlens-classifier-'));
  });
  after(async () => {
    await engine.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const description = {
    bands: ['B02', 'B03', 'B04'],
    classes: ['Water', 'Forest'],
    normalisation: { mean: [429.5, 614.25, 590], deviation: [572.125, 582.875, 675.75] },
  };
  const weights = freshWeights(tinyArchitecture, { bands: 3, classes: 2, size: 8 }, 5);
  const encoded = encodeClassifier(tinyArchitecture, weights, description, 8, { licence: 'Apache-2.0' });
  const images = normals('images', [3, 3, 8, 8]);

  async function save(name: string, bytes: Uint8Array): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, bytes);
    return path;
  }
  /** The file with its description replaced by other text; nothing where there is none. */
  function withDescription(text: string | undefined): Uint8Array {
    const model = ModelProto.decode(encoded);
    const entry = { key: descriptionKey, value: text };
    return ModelProto.encode(
      ModelProto.fromObject({
        ...ModelProto.toObject(model),
        metadataProps: text === undefined ? [] : [entry],
      }),
    ).finish();
  }

  describe('that landlens wrote', () => {
    it('says what it is', async () => {
      const classifier = await openClassifier(await save('tiny.onnx', encoded), { engine });
      equal(classifier.name, 'Tiny');
      deepEqual(classifier.bands, description.bands);
      deepEqual(classifier.classes, description.classes);
      deepEqual(classifier.normalisation, description.normalisation);
      equal(classifier.featureLayer, 'norm2');
      deepEqual(classifier.size, [8, 8]);
      equal(classifier.hash, createHash('sha256').update(encoded).digest('hex').slice(0, 16));
    });

    it('scores as before, but for the half precision of its weights', async () => {
      const opened = await openClassifier(await save('tiny.onnx', encoded), { engine });
      const image = input('image', ['N', 3, 8, 8]);
      const logits = tinyArchitecture.build(storedLayers(weights), image, 2);
      const original = createClassifier(logits, { name: 'original', ...description }, engine, { hash: '' });
      const [before, after] = [await original.score(images), await opened.score(images)];
      deepEqual(after.shape, [3, 2]);
      for (const [i, value] of before.data.entries()) {
        ok(Math.abs(after.data[i] - value) < 2e-3, `${after.data[i]} instead of ${value}`);
      }
      // Half precision is not bit for bit the same, so this is the file's network and not the original.
      ok(before.data.some((value, i) => value !== after.data[i]));
    });

    it('keeps weights that half precision holds exactly', async () => {
      const exact = new Map(
        [...weights].map(([name, { data, shape }]) => [
          name,
          { data: data.map((value) => Math.round(value * 256) / 256), shape },
        ]),
      );
      const path = await save('exact.onnx', encodeClassifier(tinyArchitecture, exact, description, 8));
      const opened = await openClassifier(path, { engine });
      const logits = tinyArchitecture.build(storedLayers(exact), input('image', ['N', 3, 8, 8]), 2);
      const original = createClassifier(logits, { name: 'original', ...description }, engine, { hash: '' });
      deepEqual(await opened.score(images), await original.score(images));
    });

    it('can be explained, with its feature layer', async () => {
      const classifier = await openClassifier(await save('tiny.onnx', encoded), { engine });
      const { values } = await saliency(classifier)(images, [0, 1, 0]);
      ok(values.data.some((value) => value > 0));
      deepEqual((await gradCam(classifier)(images, [0, 1, 0])).values.shape, [3, 1, 8, 8]);
    });

    it('gives way to what is passed', async () => {
      const path = await save('tiny.onnx', encoded);
      const changes = { name: 'renamed', classes: ['a', 'b'], featureLayer: 'conv1' };
      const { name, classes, featureLayer, bands } = await openClassifier(path, { engine, ...changes });
      deepEqual({ name, classes, featureLayer }, changes);
      deepEqual(bands, description.bands);
    });
  });

  describe('is refused, naming the file', () => {
    const refused = async (
      name: string,
      bytes: Uint8Array,
      message: RegExp,
      options: OpenOptions = {},
    ): Promise<void> => {
      const path = await save(name, bytes);
      await rejects(openClassifier(path, { engine, ...options }), (thrown: unknown) => {
        ok(thrown instanceof InputError, String(thrown));
        ok(thrown.message.includes(basename(name)), thrown.message);
        match(thrown.message, message);
        return true;
      });
    };

    it('where its description is damaged', async () => {
      const whole = { name: 'Tiny', ...description };
      const damaged = [
        '{"name": "Ti',
        'null',
        '[]',
        '"text"',
        JSON.stringify({ ...whole, name: 7 }),
        JSON.stringify({ ...whole, bands: 'B02' }),
        JSON.stringify({ ...whole, classes: [1, 2] }),
        JSON.stringify({ ...whole, normalisation: null }),
        JSON.stringify({ ...whole, normalisation: { mean: [0, 0, 0] } }),
        JSON.stringify({ ...whole, normalisation: { mean: ['0', 0, 0], deviation: [1, 1, 1] } }),
      ];
      for (const text of damaged)
        await refused('damaged.onnx', withDescription(text), /landlens\.classifier.*not a description/);
    });

    it('but not for a damaged description that is not needed', async () => {
      const path = await save('damaged.onnx', withDescription('{"name": "Ti'));
      const classifier = await openClassifier(path, { engine, ...description });
      deepEqual(classifier.classes, description.classes);
    });

    it('where its description does not fit its network', async () => {
      const whole = { name: 'Tiny', ...description };
      const unlike = (changes: object) => withDescription(JSON.stringify({ ...whole, ...changes }));
      await refused('bands.onnx', unlike({ bands: ['B02'] }), /number of bands/);
      await refused('classes.onnx', unlike({ classes: ['a', 'b', 'c'] }), /number of classes/);
      await refused('layer.onnx', unlike({ featureLayer: 'nowhere' }), /"nowhere"/);
      await refused(
        'zero.onnx',
        unlike({ normalisation: { mean: [0, 0, 0], deviation: [1, 0, 1] } }),
        /normalisation/,
      );
    });

    it('where it has no description and none is passed', async () => {
      const bare = withDescription(undefined);
      await refused('bare.onnx', bare, /no bands, no classes, no normalisation/);
      await refused('bare.onnx', bare, /no normalisation/, { bands: ['a', 'b', 'c'], classes: ['d', 'e'] });
      const classifier = await openClassifier(await save('bare.onnx', bare), { engine, ...description });
      equal((await classifier.score(images)).data.length, 6);
    });

    it('where it has no such output', async () => {
      await refused('output.onnx', encoded, /no output "probabilities".*logits, scores/, {
        output: 'probabilities',
      });
      await refused('output.onnx', encoded, /no output "toString"/, { output: 'toString' });
    });

    it('where it is cut off or empty', async () => {
      for (const share of [0, 0.1, 0.5, 0.9, 0.999]) {
        const short = encoded.subarray(0, Math.floor(share * encoded.length));
        await refused('short.onnx', short, /./, description);
      }
    });

    it('where it is missing', async () => {
      const path = join(folder, 'missing.onnx');
      await rejects(openClassifier(path, { engine }), {
        name: 'InputError',
        message: /missing\.onnx: the file does not exist/,
      });
    });

    it('where its weights lie outside its folder', async () => {
      const withWeightsAt = (location: string): Uint8Array => {
        const model = ModelProto.toObject(ModelProto.decode(encoded));
        const initializer = {
          name: 'external',
          dataType: 1,
          dims: [3],
          dataLocation: 1,
          externalData: [{ key: 'location', value: location }],
        };
        const graph = { ...model.graph, initializer: [...model.graph.initializer, initializer] };
        return ModelProto.encode(ModelProto.fromObject({ ...model, graph })).finish();
      };
      await mkdir(join(folder, 'models'));
      await save('secret', new Uint8Array(12));
      await save('models/inside', new Uint8Array(12));
      await openClassifier(await save('models/external.onnx', withWeightsAt('inside')), { engine });
      for (const location of ['../secret', join(folder, 'secret'), 'nowhere']) {
        await refused('models/external.onnx', withWeightsAt(location), /external\.onnx/);
      }
    });
  });

  describe('of another maker', () => {
    it('may end in a sigmoid: the logits behind it are explained', async () => {
      const image = input('pixels', ['N', 3, 8, 8]);
      const logits = tinyArchitecture.build(storedLayers(weights), image, 2);
      const path = await save('foreign.onnx', writeOnnx(createGraph({ probabilities: sigmoid(logits) })));
      const classifier = await openClassifier(path, { engine, ...description });
      notSigmoid(classifier.logits);
      const scores = await classifier.score(images);
      ok(scores.data.every((score) => score > 0 && score < 1));
      const direct = createClassifier(logits, { name: 'direct', ...description }, engine, { hash: '' });
      deepEqual(scores, await direct.score(images));
      const [one, other] = [
        await saliency(classifier)(images, [0, 1, 0]),
        await saliency(direct)(images, [0, 1, 0]),
      ];
      deepEqual(one.values, other.values);
    });

    it('may hold an operator that only the engine knows: it is scored and explained by perturbation', async () => {
      const image = input('pixels', ['N', 3, 8, 8]);
      const maps = conv(image, floats(normals('maps', [4, 3, 3, 3]).data, [4, 3, 3, 3]), { name: 'conv' });
      const attributes = {
        operator: 'Shrink',
        domain: '',
        raw: {},
        slots: [0],
        outputTypes: [{ dataType: 'float32', shape: ['N', 4, 6, 6] }],
      } as const;
      const [soft] = createNode('Opaque', [maps], attributes, 'soft').outputs;
      const head = floats(normals('head', [2, 4]).data, [2, 4]);
      const logits = gemm(flatten(globalAveragePool(soft)), head, undefined, { transB: true });
      const path = await save('opaque.onnx', writeOnnx(createGraph({ logits })));
      const classifier = await openClassifier(path, { engine, ...description });

      const before = await classifier.score(images);
      ok(before.data.every((score) => score > 0 && score < 1));
      const explain = occlusion(classifier, { window: [8, 8], stride: [8, 8] });
      const { values } = await explain(images, [0, 0, 0]);
      // A window over the whole image: the drop from the image's logit to that of zeros, which is 0.
      for (let i = 0; i < 3; i++) {
        const score = before.data[2 * i];
        ok(Math.abs(values.data[64 * i] - Math.log(score / (1 - score))) < 1e-4);
      }
      equal((await lime(classifier, { samples: 400 })(images, [0, 0, 0])).values.data.length, 3 * 64);

      await rejects(saliency(classifier)(images, [0, 0, 0]), (thrown: unknown) => {
        ok(thrown instanceof InputError, String(thrown));
        match(
          thrown.message,
          /Shrink node "soft" \(\[N, 4, 6, 6\]\), node \d+ of \d+.*cannot be differentiated/,
        );
        match(thrown.message, /Occlusion, LIME/);
        return true;
      });
    });

    it('may leave the size of its images open: it has to be given', async () => {
      const image = input('pixels', ['N', 3, 8, 8]);
      const logits = tinyArchitecture.build(storedLayers(weights), image, 2);
      const model = ModelProto.toObject(ModelProto.decode(writeOnnx(createGraph({ logits }))));
      const open = ['N', 3, 'height', 'width'].map((dimension) =>
        typeof dimension === 'string' ? { dimParam: dimension } : { dimValue: dimension },
      );
      const graphInput = { name: 'pixels', type: { tensorType: { elemType: 1, shape: { dim: open } } } };
      const graph = { ...model.graph, input: [graphInput] };
      const bytes = ModelProto.encode(ModelProto.fromObject({ ...model, graph })).finish();
      const path = await save('open.onnx', bytes);
      await rejects(openClassifier(path, { engine, ...description }), {
        name: 'InputError',
        message: /inputShapes/,
      });
      const inputShapes = { pixels: ['N', 3, 12, 10] } as const;
      const { size, score } = await openClassifier(path, { engine, ...description, inputShapes });
      deepEqual(size, [12, 10]);
      deepEqual((await openClassifier(path, { engine, ...description, size: [12, 10] })).size, [12, 10]);
      await writeFile(path.replace('.onnx', '.json'), JSON.stringify({ ...description, size: [9, 8] }));
      deepEqual((await openClassifier(path, { engine })).size, [9, 8]);
      deepEqual((await score(normals('larger', [2, 3, 12, 10]))).shape, [2, 2]);
    });

    it('is described by a JSON file beside it', async () => {
      const logits = tinyArchitecture.build(storedLayers(weights), input('x', ['N', 3, 8, 8]), 2);
      const path = await save('described.onnx', writeOnnx(createGraph({ logits })));
      const sidecar = path.replace('.onnx', '.json');
      await writeFile(sidecar, JSON.stringify({ name: 'Mine', ...description }));
      const classifier = await openClassifier(path, { engine });
      equal(classifier.name, 'Mine');
      deepEqual(classifier.classes, description.classes);
      await writeFile(sidecar, '{"name": "Mi');
      await rejects(openClassifier(path, { engine }), {
        name: 'InputError',
        message: /described\.json.*not JSON/,
      });
    });

    it('is declared once, beside it: layout, bands, limits and activation', async () => {
      const turned = transpose(input('x', ['N', 8, 8, 3]), [0, 3, 1, 2]);
      const logits = tinyArchitecture.build(storedLayers(weights), turned, 2);
      const path = await save('declared.onnx', writeOnnx(createGraph({ logits })));
      const declared = {
        ...description,
        bands: ['B04', 'B8A', 'B03', 'B02'],
        networkBands: description.bands,
        layout: 'NHWC',
        clip: [0, 10_000],
        activation: 'softmax',
        featureLayer: 'norm2',
      };
      await writeFile(path.replace('.onnx', '.json'), JSON.stringify(declared));
      const classifier = await openClassifier(path, { engine });
      deepEqual(classifier.bands, declared.bands);
      const usual = createClassifier(
        tinyArchitecture.build(storedLayers(weights), input('x', ['N', 3, 8, 8]), 2),
        { name: 'usual', ...description, activation: 'softmax', featureLayer: 'norm2' },
        engine,
        { hash: '' },
      );
      /** Three bands as the images have them: turned round, with one between that the network does not read. */
      const among = ({ data }: Tensor, other: number): Tensor => {
        const [b2, b3, b4] = [0, 1, 2].map((band) => data.subarray(64 * band, 64 * (band + 1)));
        const parts = [b4, new Float32Array(64).fill(other), b3, b2];
        return { data: Float32Array.from(parts.flatMap((part) => [...part])), shape: [1, 4, 8, 8] };
      };
      const one = rows(images, 0);
      deepEqual(await classifier.score(among(one, 7)), await usual.score(one));
      for (const method of [saliency, gradCam]) {
        const { values } = await method(classifier)(among(one, 7), [1]);
        const expected = (await method(usual)(one, [1])).values;
        const { data } = method === saliency ? among(expected, 0) : expected;
        for (const [i, value] of data.entries()) ok(Math.abs(values.data[i] - value) < 1e-6);
      }
      for (const [field, value] of Object.entries({
        networkBands: 'B02',
        layout: 'CHW',
        clip: [0],
        activation: 'relu',
        size: [8.5, 8],
        featureGrid: [0, 1],
        featureLayer: 3,
      })) {
        await writeFile(path.replace('.onnx', '.json'), JSON.stringify({ ...declared, [field]: value }));
        await rejects(openClassifier(path, { engine }), {
          name: 'InputError',
          message: new RegExp(`declared\\.json.*a wrong value of ${field}`),
        });
      }
    });

    it('has to be described', async () => {
      const logits = tinyArchitecture.build(storedLayers(weights), input('x', ['N', 3, 8, 8]), 2);
      const path = await save('silent.onnx', writeOnnx(createGraph({ logits })));
      await rejects(openClassifier(path, { engine }), {
        name: 'InputError',
        message: /silent\.json.*openClassifier/,
      });
      const { bands, classes, normalisation } = plainDescription(3, 2);
      const classifier = await openClassifier(path, { engine, bands, classes, normalisation });
      equal(classifier.name, 'network');
      // Its feature layer is found: the last ReLU's maps, while the architecture names the norm before it.
      deepEqual((await gradCam(classifier)(images, [0, 0, 0])).values.shape, [3, 1, 8, 8]);
    });
  });
});

function notSigmoid({ node }: Value): void {
  ok(node.operator !== 'Sigmoid', 'the sigmoid is still there');
}

describe('openClassifier without an engine', () => {
  it('opens the shipped network with an engine of its own, which its dispose closes', async () => {
    const classifier = await openClassifier();
    const image = zeros([1, classifier.bands.length, ...classifier.size]);
    deepEqual((await classifier.score(image)).shape, [1, classifier.classes.length]);
    await classifier.dispose();
    await rejects(classifier.engine.compile(createGraph({ scores: classifier.scores })), /disposed/);
  });
});
