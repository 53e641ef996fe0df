/** Damaged and hostile JSON: what lies beside data and networks, and what trainings and studies leave behind. */
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { bandStatistics } from '../../lib/src/dataset/bandStatistics.js';
import { readPatchMetadata } from '../../lib/src/dataset/bigEarthNet/metadata.js';
import { openFolder } from '../../lib/src/dataset/folder.js';
import { statisticsFile } from '../../lib/src/dataset/savedStatistics.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { createGraph } from '../../lib/src/graph/graph.js';
import { input } from '../../lib/src/graph/node.js';
import { writeOnnx } from '../../lib/src/graph/onnx/write.js';
import { openClassifier } from '../../lib/src/model/classifierFile.js';
import { storedLayers } from '../../lib/src/model/layers.js';
import { type Manifest, reconcileManifest } from '../../lib/src/study/manifest.js';
import { openRecords, type StudyRecord } from '../../lib/src/study/records.js';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../../lib/src/training/checkpoint.js';
import { readTrainingHistory, writeTrainingHistory } from '../../lib/src/training/history.js';
import type { Recipe } from '../../lib/src/training/recipe.js';
import { freshWeights } from '../../lib/src/training/trainingStep.js';
import { encodeNotebook, readNotebook, withParameters } from '../../tools/notebookFile.js';
import { pathOfFixture } from '../dataset/rasterio.js';
import { tinyArchitecture, tinyDataset } from '../training/tiny.js';
import { firstLineKinds, jsonKinds } from './json.js';
import { type Mutate, mutations, survive } from './mutate.js';

/** A file as it should be, and its reader. */
interface Reader {
  readonly path: string;
  readonly content: string | Uint8Array;
  /** Those of JSON, unless told. */
  readonly kinds?: Readonly<Record<string, Mutate>>;
  read(): Promise<unknown>;
}

describe('damaged JSON', () => {
  let folder = '';
  const engine = createEngine({ threads: 1 });
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landlens-hostile-'));
  });
  after(async () => {
    await engine.dispose();
    await rm(folder, { recursive: true });
  });

  const check = { trainingLoss: 0.5, validationLoss: 0.4, validationMicroF1: 0.6, seconds: 12 };
  const recipe: Recipe = {
    ...{ seed: 0, rate: 0.001, warmUp: 0.03, validationImages: 20, checkEvery: 50 },
    phases: [{ size: 60, images: 100, batch: 10 }],
  };

  const readers: Readonly<Record<string, () => Promise<Reader>>> = {
    'labels of a BigEarthNet patch': async () => {
      const path = join(folder, 'S2A_labels_metadata.json');
      const coordinates = { ulx: 300000, uly: 4100040, lrx: 301200, lry: 4098840 };
      const projection = 'PROJCS["WGS 84 / UTM zone 33N",AUTHORITY["EPSG","32633"]]';
      const facts = { tile_source: 'S2A.SAFE', acquisition_date: '2017-06-13 10:10:31' };
      const labels = ['Pastures', 'Coniferous forest'];
      const content = JSON.stringify({ labels, coordinates, projection, ...facts });
      return { path, content, read: () => readPatchMetadata(path, 'Fetch it again.') };
    },
    'landlens.json of a folder of images': async () => {
      const images = join(folder, 'images');
      await cp(pathOfFixture('folder'), images, { recursive: true });
      const path = join(images, 'landlens.json');
      const bands = ['B02', 'B03', 'B04'];
      const classes = ['Forest', 'Water', 'Urban, dense'];
      const columns = { nameColumn: 'name', labelColumns: 'labels', splitColumn: 'split', classes };
      const values = {
        select: ['B04', 'B02'],
        scale: 10000,
        offset: -1000,
        units: 'reflectance',
        name: 'own',
      };
      const content = JSON.stringify({ table: 'labels.csv', ...columns, bands, ...values });
      return {
        path,
        content,
        async read() {
          const dataset = await openFolder(images);
          const { image, labels } = await dataset.read('train', 0);
          assert.deepEqual(image.shape, [dataset.bands.length, dataset.size, dataset.size]);
          assert.ok(labels.every((label) => dataset.classes[label] !== undefined));
        },
      };
    },
    'band statistics': async () => {
      const path = join(folder, statisticsFile);
      const dataset = tinyDataset();
      const content = JSON.stringify(await bandStatistics(dataset, { path, patches: 5 }));
      return { path, content, read: () => bandStatistics(dataset, { path, patches: 5 }) };
    },
    'note of a computation of band statistics': async () => {
      const [path, dataset] = [join(folder, 'other.json'), tinyDataset()];
      const stopped = new AbortController();
      const onProgress = (): void => stopped.abort(new Error('stopped'));
      const options = { path, patches: 5, onProgress, signal: stopped.signal };
      await assert.rejects(bandStatistics(dataset, options), /stopped/);
      const content = await readFile(`${path}.part`);
      return {
        path: `${path}.part`,
        content,
        async read() {
          await rm(path, { force: true });
          const { mean, deviation } = await bandStatistics(dataset, { path, patches: 5 });
          assert.ok([...mean, ...deviation].every(Number.isFinite));
        },
      };
    },
    'description of a network': async () => {
      const network = join(folder, 'tiny.onnx');
      const description = {
        ...{ name: 'Tiny', bands: ['B02', 'B03', 'B04'], classes: ['Water', 'Forest'], clip: [0, 10000] },
        normalisation: { mean: [429.5, 614.25, 590], deviation: [572.125, 582.875, 675.75] },
        ...{ layout: 'NCHW', size: [8, 8], activation: 'sigmoid', featureLayer: 'norm2' },
      };
      const weights = freshWeights(tinyArchitecture, { bands: 3, classes: 2, size: 8 }, 5);
      const logits = tinyArchitecture.build(storedLayers(weights), input('image', ['N', 3, 8, 8]), 2);
      await writeFile(network, writeOnnx(createGraph({ logits })));
      return {
        path: network.replace('.onnx', '.json'),
        content: JSON.stringify(description),
        async read() {
          const { image, classes } = await openClassifier(network, { engine });
          assert.ok(classes.length === 2 && image.type.shape?.length === 4);
        },
      };
    },
    'history of a training': async () => {
      const model = join(folder, 'net.onnx');
      const history = [50, 100].map((images) => ({ images, phase: 0, ...check }));
      const path = await writeTrainingHistory(model, { recipe, history });
      return { path, content: await readFile(path), read: () => readTrainingHistory(model) };
    },
    'checkpoint of a training': async () => {
      const path = join(folder, 'net.checkpoint');
      const vector = { data: new Float32Array(4), shape: [4] };
      const state = { parameters: vector, first: vector, second: vector, statistics: vector };
      const history = [{ images: 50, phase: 0, ...check }];
      const checkpoint: Checkpoint = {
        recipe,
        subject: 'tiny',
        phase: 0,
        step: 5,
        updates: 5,
        history,
        state,
      };
      await writeCheckpoint(path, checkpoint);
      const expected = { recipe, subject: 'tiny', lengths: [4, 4, 4, 4] };
      return {
        path,
        content: await readFile(path),
        kinds: firstLineKinds,
        read: () => readCheckpoint(path, expected),
      };
    },
    'records of a study': async () => {
      const path = join(folder, 'records.jsonl');
      const facts = { study: '4567', seed: 0, preset: 'quick', versions: { node: '20' }, model: '0123' };
      const record = (imageIndex: number): StudyRecord => ({
        ...{ image: `one ${imageIndex}`, imageIndex, method: 'lime' },
        target: { index: 1, name: 'Beaches, dunes, sands', score: 0.9, truePositive: true },
        parameters: { samples: 30, window: [15, 15], output: 'logit' },
        metrics: { maxSensitivity: 0.25, morf: [0.9, 0.5, 0.1], aucMorf: 1, fileSize: 2.5, seconds: 0.1 },
        localisation: { share: 0.5, area: 0.5, ratio: 1, hit: 0 },
        ...facts,
        device: 'a processor',
      });
      const content = `${[1, 2, 3].map((index) => JSON.stringify(record(index))).join('\n')}\n`;
      return {
        path,
        content,
        async read() {
          const store = await openRecords(path, facts);
          for (const index of [1, 2, 3])
            assert.ok((store.find(index, 'lime')?.metrics.morf.length ?? 0) >= 0);
          await store.close();
        },
      };
    },
    'manifest of a study': async () => {
      const manifest: Manifest = {
        format: 'landlens study 2',
        dataset: { name: 'scenes', rendered: true, testImages: 20 },
        ...{ model: { name: 'Tiny', hash: '0123', description: '89ab' }, preset: 'quick', seed: 0 },
        ...{ measurement: { draws: 4, radius: 0.02 }, versions: { node: '20' } },
        methods: { lime: { samples: 30, window: [15, 15] } },
      };
      const path = join(folder, 'study', 'study.json');
      await mkdir(join(folder, 'study'));
      const content = JSON.stringify(manifest);
      return { path, content, read: () => reconcileManifest(join(folder, 'study'), manifest) };
    },
    notebook: async () => {
      const path = join(folder, 'one.ipynb');
      const source = ['const IMAGES = 5;\n', 'const SEED = 1;'];
      const cell = {
        cell_type: 'code',
        id: 'a',
        metadata: { tags: ['parameters'] },
        execution_count: 1,
        source,
      };
      const outputs = [
        { output_type: 'stream', name: 'stdout', text: ['5\n'] },
        { output_type: 'display_data', metadata: {}, data: { 'text/html': '<p>5</p>' } },
      ];
      const cells = [
        { cell_type: 'markdown', metadata: {}, source: '# One' },
        { ...cell, outputs },
      ];
      const content = JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells });
      return {
        path,
        content,
        read: async () => encodeNotebook(withParameters(await readNotebook(path), { SEED: 2 }, path)),
      };
    },
  };

  for (const [what, prepare] of Object.entries(readers)) {
    it(`${what}: 200 mutations, each read or refused in one clear error`, async () => {
      const { path, content, kinds = jsonKinds, read } = await prepare();
      const original = new Uint8Array(Buffer.from(content));
      await writeFile(path, original);
      await read();
      const outcome = await survive(
        mutations(original, { count: 200, seed: 1, kinds }),
        async (bytes) => {
          await writeFile(path, bytes);
          await read();
        },
        { names: folder },
      );
      assert.ok(outcome.refused > 30, JSON.stringify(outcome));
    });
  }
});
