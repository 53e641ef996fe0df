/** A pipe where a file is expected: every reader refuses it at once, where opening it would wait for ever. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { openMetadataReader } from '../../lib/src/dataset/bigEarthNet/metadataReader.js';
import { readPatchList } from '../../lib/src/dataset/bigEarthNet.js';
import { readTable } from '../../lib/src/dataset/folder/table.js';
import { openLmdb } from '../../lib/src/dataset/lmdb.js';
import { readIndex } from '../../lib/src/dataset/packed.js';
import { openGeoTiff, readGeoTiff } from '../../lib/src/dataset/raster/geoTiff.js';
import { openLargeImage } from '../../lib/src/dataset/raster/largeImage.js';
import { readSavedStatistics } from '../../lib/src/dataset/savedStatistics.js';
import { readNameList } from '../../lib/src/dataset/sen12ms/names.js';
import { readOnnx } from '../../lib/src/graph/onnx/read.js';
import { openLines } from '../../lib/src/io/durableLines.js';
import { readJsonObject } from '../../lib/src/io/json.js';
import { readSidecar } from '../../lib/src/model/descriptionFile.js';
import { loadLayersModel } from '../../lib/src/model/layersModel.js';
import { readCheckpoint } from '../../lib/src/training/checkpoint.js';
import { readTrainingHistory } from '../../lib/src/training/history.js';
import { readWeights } from '../../lib/src/training/pretrained.js';
import { paperRecipe } from '../../lib/src/training/recipe.js';
import { readNotebook } from '../../tools/notebookFile.js';
import { refusesInput } from '../refuses.js';

const todo = 'Nothing.';
const recipe = paperRecipe(
  { size: 8, train: 8, validation: 8 },
  { seed: 0, batch: 4, epochs: 1, rate: 1e-3 },
);

/** What reads a file, by the name that the file must have. */
const readers: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  'labels.csv': (path) => readTable(path),
  'image.tif': (path) => readGeoTiff(path, { width: 1, height: 1, samples: 1, maximumBytes: 1000, todo }),
  'scene.tif': (path) => openGeoTiff(path),
  'large.tif': (path) => openLargeImage(path),
  'data.mdb': (path) => openLmdb(path, { maximumValueBytes: 1000, todo }),
  'list.csv': readPatchList,
  'names.txt': readNameList,
  'metadata.json': (path) => readJsonObject(path, { maximumBytes: 1000, todo }),
  'metadata.parquet': (path) => openMetadataReader().read(path),
  'statistics.json': (path) => readSavedStatistics(path, ['B02']),
  'index.jsonl': (path) => readIndex(dirname(path)),
  'network.onnx': (path) => readOnnx(path),
  'network.json': (path) => readSidecar(path.replace(/json$/, 'onnx'), { needed: true }),
  'model.json': (path) => loadLayersModel(path, {}),
  'weights.safetensors': readWeights,
  'weights.onnx': readWeights,
  'checkpoint.bin': (path) => readCheckpoint(path, { recipe, subject: '', lengths: [] }),
  'network.training.json': (path) => readTrainingHistory(path.replace(/\.training\.json$/, '.onnx')),
  'records.jsonl': (path) => openLines(path, (line) => line),
  'notebook.ipynb': readNotebook,
};

describe('a pipe in place of a file', () => {
  let folder = '';
  before(async function () {
    if (process.platform === 'win32') this.skip();
    folder = await mkdtemp(join(tmpdir(), 'landlens-pipes-'));
  });
  after(async () => {
    if (folder !== '') await rm(folder, { recursive: true });
  });

  for (const [name, read] of Object.entries(readers)) {
    it(`named ${name} is refused, and nothing waits for it`, async function () {
      this.timeout(20_000);
      const path = join(folder, name);
      execFileSync('mkfifo', [path]);
      await refusesInput(() => read(path), name, /not a regular file/);
    });
  }

  it('among the shards of a TensorFlow.js model is refused', async () => {
    const model = join(folder, 'layers');
    await mkdir(model);
    execFileSync('mkfifo', [join(model, 'shard')]);
    const config = {
      name: 'm',
      layers: [{ class_name: 'InputLayer', config: { name: 'x', batch_input_shape: [null, 4, 4, 1] } }],
    };
    await writeFile(
      join(model, 'model.json'),
      JSON.stringify({
        modelTopology: { class_name: 'Sequential', config },
        weightsManifest: [{ paths: ['shard'], weights: [{ name: 'a/b', shape: [1], dtype: 'float32' }] }],
      }),
    );
    await refusesInput(
      () => loadLayersModel(join(model, 'model.json'), {}),
      'model.json, shard "shard"',
      /not a regular file/,
    );
  });
});
