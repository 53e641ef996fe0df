import { deepEqual, equal, match, ok, rejects, throws } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { gradCam } from '../../lib/src/attribution/gradCam.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { InputError } from '../../lib/src/error.js';
import { readSafetensors } from '../../lib/src/io/safetensors.js';
import { openClassifier } from '../../lib/src/model/classifierFile.js';
import { readNetwork } from '../../lib/src/model/safetensorsFile.js';
import { sizeOf, type Tensor } from '../../lib/src/tensor.js';
import { plainDescription } from '../classifiers.js';
import { jsonHeaderKinds } from '../hostile/jsonHeader.js';
import { mutations, survive } from '../hostile/mutate.js';
import { encodeSafetensors } from '../safetensors.js';

const folder = new URL('../fixtures/weights/', import.meta.url);
const bytesOf = (name: string): Uint8Array => readFileSync(new URL(name, folder));
const pathOf = (name: string): string => new URL(name, folder).pathname;

function arraysOf(name: string): ReadonlyMap<string, Tensor> {
  const arrays = readSafetensors(bytesOf(name), name);
  return new Map([...arrays].map(([key, { shape, values }]) => [key, { data: values(), shape }]));
}

/** What timm or torchvision computed. */
function expectedOf(name: string): { images: Tensor; scores: Tensor } {
  const arrays = arraysOf(`${name}.expected.safetensors`);
  const [images, scores] = [arrays.get('images'), arrays.get('scores')];
  ok(images && scores);
  return { images, scores };
}

const networks = [
  { file: 'densenet-timm', name: 'DenseNet-23', bands: 10, classes: 19 },
  { file: 'resnet-timm', name: 'ResNet-17', bands: 3, classes: 5 },
  { file: 'resnet-timm-bf16', name: 'ResNet-17', bands: 3, classes: 5 },
  { file: 'densenet-torchvision-f16', name: 'DenseNet-21', bands: 3, classes: 4 },
] as const;

describe('weights in safetensors', () => {
  const engine = createEngine({ threads: 1 });
  let temporary: string;
  before(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'landlens-weights-'));
  });
  after(async () => {
    await engine.dispose();
    await rm(temporary, { recursive: true, force: true });
  });

  for (const { file, name, bands, classes } of networks) {
    it(`${file} gives the scores of its ONNX export and of PyTorch`, async () => {
      const { name: _, ...description } = plainDescription(bands, classes);
      const stored = await openClassifier(pathOf(`${file}.safetensors`), {
        engine,
        ...description,
        size: [32, 32],
      });
      equal(stored.name, name);
      const exported = await openClassifier(pathOf(`${file}.onnx`), {
        engine,
        ...description,
        inputShapes: { image: ['N', bands, 32, 32] },
      });
      const { images, scores } = expectedOf(file);
      const [own, onnx] = [await stored.score(images), await exported.score(images)];
      deepEqual(own.shape, scores.shape);
      for (const [i, expected] of scores.data.entries()) {
        ok(Math.abs(own.data[i] - expected) < 1e-5, `${own.data[i]} instead of ${expected}`);
        ok(Math.abs(own.data[i] - onnx.data[i]) < 1e-5, `${own.data[i]} instead of ${onnx.data[i]}`);
      }
      // The scores differ between images and classes, so they are not those of any other weights.
      ok(Math.max(...scores.data) - Math.min(...scores.data) > 0.01);
      equal((await gradCam(stored)(images, [0, 1])).values.data.every(Number.isFinite), true);
    });
  }

  it('are described by the JSON beside them', async () => {
    await copyFile(pathOf('resnet-timm.safetensors'), join(temporary, 'own.safetensors'));
    const { name: _, ...description } = plainDescription(3, 5);
    await writeFile(join(temporary, 'own.json'), JSON.stringify({ ...description, size: [32, 40] }));
    const classifier = await openClassifier(join(temporary, 'own.safetensors'), { engine });
    deepEqual([classifier.name, ...classifier.size], ['ResNet-17', 32, 40]);
    equal(classifier.featureLayer, 'layer4.0.relu');
  });

  it('need the size of an image, the bands and the classes', async () => {
    const path = pathOf('resnet-timm.safetensors');
    const description = plainDescription(3, 5);
    await rejects(openClassifier(path, { engine, ...description }), /how large.*resnet-timm\.json/);
    await rejects(openClassifier(path, { engine, size: [32, 32] }), /no bands, no classes/);
    const size = [32, 32] as const;
    const other = plainDescription(4, 5);
    await rejects(openClassifier(path, { engine, ...other, size }), /another number of bands/);
    const { bands } = plainDescription(3, 5);
    const six = { ...plainDescription(3, 6), bands, size };
    await rejects(openClassifier(path, { engine, ...six }), /another number of classes/);
    await rejects(openClassifier(path, { engine, ...description, size, output: 'x' }), /of ONNX files/);
  });

  describe('that do not fit are refused, all of them in one error', () => {
    const good = arraysOf('resnet-timm.safetensors');
    const prefix = 'model.vision_encoder.';
    const refused = (arrays: ReadonlyMap<string, Tensor>, ...messages: readonly RegExp[]): void => {
      throws(
        () => readNetwork(encodeSafetensors(arrays), 'file'),
        (thrown: unknown) => {
          ok(thrown instanceof InputError, String(thrown));
          for (const message of messages) match(thrown.message, message);
          return true;
        },
      );
    };
    const changed = (...changes: readonly (readonly [string, Tensor | undefined])[]) => {
      const arrays = new Map(good);
      for (const [name, array] of changes) {
        if (array === undefined) arrays.delete(prefix + name);
        else arrays.set(prefix + name, array);
      }
      return arrays;
    };
    const some: Tensor = { data: new Float32Array(2), shape: [2] };

    it('missing, surplus and misshapen arrays', () => {
      readNetwork(encodeSafetensors(good), 'file');
      refused(
        changed(['bn1.bias', undefined], ['layer2.0.bn2.weight', some], ['extra.weight', some]),
        /3 of its \d+ arrays do not fit ResNet-17/,
        /"bn1\.bias" is missing/,
        /"layer2\.0\.bn2\.weight" is \[2\] instead of \[8\]/,
        /"extra\.weight" is not part of the network/,
      );
    });
    it('many of them, of which it shows the first', () => {
      const extra = Array.from({ length: 40 }, (_, i) => [`extra.${i}`, some] as const);
      refused(changed(...extra), /40 of its/, /"extra\.4" is not part of the network; \.\.\./);
    });
    it('a backbone without its linear layer', () => {
      refused(changed(['fc.weight', undefined]), /no linear layer.*whole classifier/);
    });
    it('two networks, or none', () => {
      refused(new Map([...good, ['ema.layer1.0.conv1.weight', some]]), /2 networks.*"ema\."/);
      refused(new Map([['stage.weight', some]]), /neither a DenseNet nor a ResNet.*"stage\.weight".*ONNX/);
    });
    it('two arrays for one place', () => {
      refused(changed(['head.weight', some]), /"(model\.vision_encoder\.)?head\.weight" is not part/);
    });
    it('weights that are no numbers', () => {
      const bias = { data: Float32Array.of(0, Number.NaN, 0, 0, 0), shape: [5] };
      refused(changed(['fc.bias', bias]), /not a finite number/, /NaN at position 1/);
    });
  });

  it('survive 2,400 mutations: one clear error each, or a network whose arrays fit', async () => {
    const check = (bytes: Uint8Array): void => {
      const { weights, bands, classes } = readNetwork(bytes, 'damaged');
      ok(bands > 0 && classes > 0 && weights.size > 0);
      for (const { data, shape } of weights.values()) equal(data.length, sizeOf(shape));
    };
    const [one, other] = ['densenet-torchvision-f16', 'resnet-timm-bf16'].map((name) =>
      bytesOf(`${name}.safetensors`),
    );
    // Damage to the header alone, where names, shapes and places lie; and to all of the file.
    for (const within of [12_000, one.length]) {
      for (const [original, donor] of [
        [one, other],
        [other, one],
      ]) {
        const damaged = mutations(original, {
          ...{ count: 600, seed: within, donors: [original, donor], within },
          kinds: jsonHeaderKinds(8),
        });
        const outcome = await survive(damaged, check, { names: 'damaged' });
        ok(outcome.refused > 100, `${outcome.refused} were refused`);
      }
    }
  });
});
