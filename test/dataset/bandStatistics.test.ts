/** Band statistics: equal to what is computed by hand, kept, read again, and stopped without a trace. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { bandStatistics, Moments } from '../../lib/src/dataset/bandStatistics.js';
import { openBigEarthNet } from '../../lib/src/dataset/bigEarthNet.js';
import { type Dataset, defaultUnits } from '../../lib/src/dataset/patch.js';
import { statisticsFile } from '../../lib/src/dataset/savedStatistics.js';
import { tensor } from '../../lib/src/tensor.js';
import { sharedFolder } from '../shared.js';

/** Four pixels a patch; band 0 holds 4 i .. 4 i + 3, band 1 a large constant plus 0 or 1. */
function counting(count: number, folder?: string): Dataset & { readonly reads: number[] } {
  const reads: number[] = [];
  return {
    name: 'counting',
    bands: ['count', 'large'],
    classes: ['only'],
    rendered: true,
    size: 2,
    units: defaultUnits,
    statistics: { mean: [0, 0], deviation: [1, 1] },
    ...(folder === undefined ? {} : { folder }),
    reads,
    count: (split) => (split === 'train' ? count : 0),
    nameOf: (_, index) => `${index}`,
    find: () => undefined,
    async read(_, index) {
      reads.push(index);
      const data = [0, 1, 2, 3].map((i) => 4 * index + i).concat([0, 1, 0, 1].map((i) => 2 ** 23 + i));
      return {
        name: `${index}`,
        image: tensor(Float32Array.from(data), [2, 2, 2]),
        bands: ['count', 'large'],
        labels: [],
      };
    },
  };
}

const near = (actual: readonly number[], expected: readonly number[], tolerance = 1e-12) => {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of actual.entries()) {
    assert.ok(Math.abs(value - expected[i]) <= tolerance * Math.abs(expected[i]), `${value}, ${expected[i]}`);
  }
};

describe('Moments', () => {
  it('merges parts of any sizes to the moments of the whole', () => {
    const values = Float32Array.from({ length: 1000 }, (_, i) => 5000 + 1000 * Math.sin(i * i));
    const mean = values.reduce((sum, value) => sum + value, 0) / 1000;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 1000);
    for (const sizes of [[1000], [1, 999], [10, 0, 490, 500], Array.from({ length: 1000 }, () => 1)]) {
      const moments = new Moments();
      let start = 0;
      for (const size of sizes) {
        moments.add(values.subarray(start, start + size));
        start += size;
      }
      assert.equal(moments.count, 1000);
      near([moments.mean, moments.deviation], [mean, deviation]);
    }
  });
});

describe('bandStatistics', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landlens-statistics-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('equals the formulas', async () => {
    const progress: string[] = [];
    const result = await bandStatistics(counting(25), {
      onProgress: ({ done, total }) => progress.push(`${done}/${total}`),
    });
    // 0 .. 99: mean 49.5, variance (100² - 1) / 12.
    near(result.mean, [49.5, 2 ** 23 + 0.5]);
    near(result.deviation, [Math.sqrt(9999 / 12), 0.5]);
    assert.deepEqual([result.split, result.patches, result.available], ['train', 25, 25]);
    assert.equal(result.seed, undefined);
    assert.deepEqual([progress.length, progress[0], progress[24]], [25, '1/25', '25/25']);
  });

  it('keeps the result beside the data and reads it again', async () => {
    const dataset = counting(9, folder);
    const first = await bandStatistics(dataset);
    assert.equal(dataset.reads.length, 9);
    assert.deepEqual(await bandStatistics(dataset), first);
    assert.equal(dataset.reads.length, 9, 'nothing was read again');
    assert.deepEqual(await readdir(folder), [statisticsFile]);
    const kept = JSON.parse(await readFile(join(folder, statisticsFile), 'utf8'));
    assert.deepEqual([kept.split, kept.patches, kept.dataset], ['train', 9, 'counting']);
    // More patches than then: computed again.
    assert.equal((await bandStatistics(counting(10, folder))).patches, 10);
  });

  it('takes a seeded sample', async () => {
    const sampleOf = async (seed: number) => {
      const dataset = counting(40);
      const { patches, seed: kept } = await bandStatistics(dataset, { patches: 6, seed });
      assert.deepEqual([patches, kept], [6, seed]);
      assert.equal(new Set(dataset.reads).size, 6);
      return dataset.reads.join();
    };
    assert.equal(await sampleOf(1), await sampleOf(1));
    assert.notEqual(await sampleOf(1), await sampleOf(2));
  });

  it('stopped, goes on where it was, to the same result', async () => {
    const whole = await bandStatistics(counting(1000));
    const controller = new AbortController();
    const dataset = counting(1000, folder);
    const running = bandStatistics(dataset, {
      signal: controller.signal,
      onProgress: ({ done }) => done === 300 && controller.abort(),
    });
    await assert.rejects(running, { name: 'AbortError' });
    assert.ok(dataset.reads.length < 310);
    assert.deepEqual(await readdir(folder), [`${statisticsFile}.part`]);
    const again = counting(1000, folder);
    assert.deepEqual(await bandStatistics(again), whole);
    assert.equal(again.reads[0], 300);
    assert.equal(again.reads.length, 700);
    assert.deepEqual(await readdir(folder), [statisticsFile]);
  });

  it('starts anew where the patches are others, and refuses a damaged note', async () => {
    const controller = new AbortController();
    const running = bandStatistics(counting(20, folder), {
      signal: controller.signal,
      onProgress: ({ done }) => done === 10 && controller.abort(),
    });
    await assert.rejects(running, { name: 'AbortError' });
    const note = join(folder, `${statisticsFile}.part`);
    const kept = JSON.parse(await readFile(note, 'utf8'));
    await writeFile(note, JSON.stringify({ ...kept, done: -1 }));
    await assert.rejects(bandStatistics(counting(20, folder)), {
      name: 'InputError',
      message: /damaged note/,
    });
    await writeFile(note, JSON.stringify(kept));
    const others = { ...counting(20, folder), nameOf: (_: string, index: number) => `other ${index}` };
    await bandStatistics(others);
    assert.equal(others.reads.length, 20);
    assert.deepEqual(await bandStatistics(others).then(({ patches }) => patches), 20);
    assert.equal(others.reads.length, 20, 'kept');
    const first = counting(20, folder);
    await bandStatistics(first);
    assert.equal(first.reads.length, 20, 'names differ: computed again');
  });

  it('refuses what cannot be: counts, pixels, files', async () => {
    const refused = (message: RegExp) => ({ name: 'InputError', message });
    await assert.rejects(bandStatistics(counting(3), { patches: 4 }), refused(/at most 3, got 4/));
    await assert.rejects(bandStatistics(counting(3), { patches: 0 }), refused(/patches/));
    await assert.rejects(bandStatistics(counting(0)), refused(/test split/));
    const broken = counting(3);
    const read = async () => ({
      name: 'bad one',
      image: tensor(Float32Array.of(1, 2, 3, 4, 5, Number.NaN, 7, 8), [2, 2, 2]),
      bands: ['count', 'large'],
      labels: [],
    });
    await assert.rejects(bandStatistics({ ...broken, read }), refused(/bad one, band 2.*not a finite/));
    const constant = async () => ({
      ...(await broken.read('train', 0)),
      image: tensor(Float32Array.of(1, 2, 3, 4, 7, 7, 7, 7), [2, 2, 2]),
    });
    await assert.rejects(bandStatistics({ ...broken, read: constant }), refused(/large has one value/));
    const path = join(folder, 'kept.json');
    const good = {
      dataset: 'counting',
      bands: ['count', 'large'],
      split: 'train',
      patches: 3,
      available: 3,
      fingerprint: '',
    };
    for (const [content, message] of [
      ['{', /not JSON/],
      ['[]', /not a JSON object/],
      ['{}', /computed from/],
      [JSON.stringify({ ...good, split: 'val' }), /computed from/],
      [JSON.stringify({ ...good, bands: ['large', 'count'] }), /other bands/],
      [JSON.stringify({ ...good, mean: [1, 2] }), /not usable/],
      [JSON.stringify({ ...good, mean: [1, null], deviation: [1, 1] }), /not usable/],
      [JSON.stringify({ ...good, mean: [1, 1], deviation: [1, 0] }), /not usable/],
    ] as const) {
      await writeFile(path, content);
      await assert.rejects(bandStatistics(counting(3), { path }), refused(message));
    }
  });

  it('reads the real patches of BigEarthNet', async function () {
    const shared = sharedFolder();
    if (shared === undefined) return this.skip();
    const dataset = await openBigEarthNet(join(shared, 'BigEarthNet-v1.0'));
    const path = join(folder, 'v1.json');
    const { mean, deviation, patches, split } = await bandStatistics(dataset, { path });
    assert.deepEqual([patches, split], [49, 'test']);
    // Two passes over one band, B08, in the plainest way.
    const values: number[] = [];
    for (let index = 0; index < patches; index++) {
      const { image } = await dataset.read('test', index);
      for (const value of image.data.subarray(7 * 14400, 8 * 14400)) values.push(value);
    }
    const plain = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - plain) ** 2, 0) / values.length;
    near([mean[7], deviation[7]], [plain, Math.sqrt(variance)], 1e-10);
  });
});
