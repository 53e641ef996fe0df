/** A checkpoint as BigEarthNet v2's are published: from the file and the description in docs to scores and maps, as PyTorch's. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { gradCam } from '../../lib/src/attribution/gradCam.js';
import { saliency } from '../../lib/src/attribution/saliency.js';
import { openDataset } from '../../lib/src/dataset/openDataset.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { openClassifier } from '../../lib/src/model/classifierFile.js';
import { requireCompatible } from '../../lib/src/study/subject.js';
import { rows, sizeOf } from '../../lib/src/tensor.js';
import { writePatch } from '../dataset/bigEarthNet2Patch.js';
import { encodeSafetensors } from '../safetensors.js';

/** What makeBigEarthNet2Checkpoint.py wrote. */
interface Published {
  /** Shapes by name. */
  readonly arrays: Readonly<Record<string, readonly number[]>>;
  readonly integers: readonly string[];
  /** Of the patch that writePatch writes. */
  readonly logits: readonly number[];
  readonly target: number;
  /** Sums of the absolute gradient over the pixels of each band that the network reads. */
  readonly saliencyByBand: readonly number[];
}

const fixtures = new URL('../fixtures/bigEarthNet2/', import.meta.url);
const docs = new URL('../../docs/bigearthnet-v2.json', import.meta.url);
const published: Published = JSON.parse(readFileSync(new URL('checkpoint.json', fixtures), 'utf8'));

/** [0, 1): the hash of the place that makeBigEarthNet2Checkpoint.py has. */
function uniform(place: number): number {
  let x = place >>> 0;
  for (let i = 0; i < 2; i++) x = Math.imul(x ^ (x >>> 16), 0x45d9f3b) >>> 0;
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

function madeUp(name: string, shape: readonly number[], position: number): Float32Array {
  const scale = Math.sqrt(6 / sizeOf(shape.slice(1)));
  const isPositive = name.endsWith('running_var') || (shape.length === 1 && name.endsWith('weight'));
  const value = (u: number): number =>
    isPositive ? 0.75 + u / 2 : shape.length === 1 ? (u - 0.5) / 5 : (u - 0.5) * scale;
  const result = new Float32Array(sizeOf(shape));
  for (let i = 0; i < result.length; i++) result[i] = value(uniform(i + position * 1000003));
  return result;
}

function checkpoint(): Uint8Array {
  const arrays = Object.entries(published.arrays).map(([name, shape], position) => {
    const data = published.integers.includes(name) ? new BigInt64Array(1) : madeUp(name, shape, position);
    return [name, { data, shape }] as const;
  });
  return encodeSafetensors(new Map(arrays));
}

describe('a checkpoint of BigEarthNet v2', function () {
  this.timeout(300_000);
  const engine = createEngine({ threads: 1 });
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landlens-checkpoint-'));
    await writeFile(join(folder, 'resnet50.safetensors'), checkpoint());
    await copyFile(docs, join(folder, 'resnet50.json'));
    await writePatch(folder, '75_43');
    await copyFile(new URL('snappy.parquet', fixtures), join(folder, 'metadata.parquet'));
  });
  after(async () => {
    await engine.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  it('gives the logits and gradients of timm and PyTorch', async () => {
    const classifier = await openClassifier(join(folder, 'resnet50.safetensors'), { engine });
    const dataset = await openDataset(`bigearthnet2:${folder}`, classifier);
    requireCompatible(dataset, classifier);
    const patch = await dataset.read('test', 0);
    const image = classifier.prepare(patch);
    const { logits } = await (await classifier.program('logits', () => ({ logits: classifier.logits }))).run({
      [classifier.image.node.name]: image,
    });
    // Float32 through 53 layers against float64: 2^-24 each, some ten times that where sums cancel.
    for (const [i, logit] of published.logits.entries())
      ok(Math.abs(logits.data[i] - logit) < 2e-5, `${i}: ${logits.data[i]}, ${logit}`);

    // With bilinear bands, landlens' default, the network is fed what it was not trained on.
    const { data: smooth } = classifier.prepare(
      await (await openDataset(`bigearthnet2:${folder}`)).read('test', 0),
    );
    ok(image.data.some((value, i) => Math.abs(value - smooth[i]) > 0.01));

    const { values } = await saliency(classifier)(image, [published.target]);
    const area = 120 * 120;
    const byBand = classifier.bands.map((_, band) =>
      values.data.subarray(band * area, (band + 1) * area).reduce((sum, value) => sum + Math.abs(value), 0),
    );
    const expected = classifier.bands.map((band) => {
      const place = classifier.networkBands?.indexOf(band) ?? -1;
      return place < 0 ? 0 : published.saliencyByBand[place];
    });
    // A ReLU whose input is 0 but for rounding moves single pixels.
    for (const [band, sum] of byBand.entries())
      ok(Math.abs(sum - expected[band]) <= 1e-3 * expected[band], `${classifier.bands[band]}: ${sum}`);

    const { values: map } = await gradCam(classifier)(image, 'Urban fabric');
    deepEqual(map.shape, [1, 1, 120, 120]);
    ok(rows(map, 0).data.every(Number.isFinite));
    await classifier.dispose();
  });

  it('is described by the file in docs, classes in alphabetical order', async () => {
    const { classes, bands, networkBands, resampling } = await openClassifier(
      join(folder, 'resnet50.safetensors'),
      { engine },
    );
    deepEqual(classes, [...classes].sort());
    equal(classes.length, published.logits.length);
    deepEqual([bands.length, networkBands?.length, resampling], [12, 10, 'nearest']);
  });
});
