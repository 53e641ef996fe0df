/** A packed data set is the data set: the same values, names and places; and no damage goes unnoticed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { bandStatistics } from '../../../lib/src/dataset/bandStatistics.js';
import { openBigEarthNet } from '../../../lib/src/dataset/bigEarthNet.js';
import { openFolder } from '../../../lib/src/dataset/folder.js';
import { openForPacking } from '../../../lib/src/dataset/openDataset.js';
import { packDataset } from '../../../lib/src/dataset/packed/pack.js';
import { openPacked, verifyPacked } from '../../../lib/src/dataset/packed.js';
import { type Dataset, sentinel2Bands } from '../../../lib/src/dataset/patch.js';
import { scenes } from '../../../lib/src/dataset/scenes.js';
import { openSen12ms } from '../../../lib/src/dataset/sen12ms.js';
import { splitsInOrder } from '../../../lib/src/dataset/splitNames.js';
import { sharedFolder } from '../../shared.js';
import { pathOfFixture } from '../rasterio.js';

/** Few patches of each split of a data set. */
function few(dataset: Dataset, count: number): Dataset {
  const { name, bands, classes, rendered, size, units, statistics, nameOf, find, read, readLabels } = dataset;
  const labels = readLabels && { readLabels };
  return {
    name,
    bands,
    classes,
    rendered,
    size,
    units,
    statistics,
    nameOf,
    find,
    read,
    ...labels,
    count: () => count,
  };
}

async function assertSame(packed: Dataset, source: Dataset): Promise<void> {
  for (const key of ['name', 'bands', 'classes', 'rendered', 'size', 'units'] as const) {
    assert.deepEqual(packed[key], source[key]);
  }
  for (const split of splitsInOrder) {
    assert.equal(packed.count(split), source.count(split));
    for (let index = 0; index < source.count(split); index++) {
      const expected = await source.read(split, index);
      assert.deepEqual(await packed.read(split, index), expected);
      assert.equal(packed.nameOf(split, index), expected.name);
      assert.deepEqual(packed.find(expected.name), { split, index });
      assert.deepEqual(await packed.readLabels?.(split, index), expected.labels);
    }
  }
}

describe('packDataset', () => {
  let out = '';
  beforeEach(async () => {
    out = await mkdtemp(join(tmpdir(), 'landlens-pack-'));
  });
  afterEach(() => rm(out, { recursive: true }));
  const refused = (message: RegExp) => ({ name: 'InputError', message });
  const source = () => openFolder(pathOfFixture('folder'));

  it('keeps values, masks, places, splits and names', async () => {
    const sen12ms = await openSen12ms(pathOfFixture('sen12ms'));
    const result = await packDataset(sen12ms, join(out, 's'), { shardBytes: 2 ** 20 });
    assert.deepEqual([result.patches, result.shards, result.written], [2, 2, 2]);
    await assertSame(await openPacked(join(out, 's')), sen12ms);
    // One image holds fractions: it is kept as floats, the others as whole numbers.
    await packDataset(await source(), join(out, 'f'));
    await assertSame(await openPacked(join(out, 'f')), await source());
    const plain = few(scenes({ size: 48 }), 4);
    const display = { low: 0, high: 255, gamma: 1 };
    const rendered: Dataset = {
      ...plain,
      read: async (split, index) => ({ ...(await plain.read(split, index)), display }),
    };
    await packDataset(rendered, join(out, 'r'), { shardBytes: 1 });
    const packed = await openPacked(join(out, 'r'));
    await assertSame(packed, rendered);
    assert.deepEqual(packed.statistics, rendered.statistics);
    assert.equal((await readdir(join(out, 'r'))).length, 13);
  });

  it('has the statistics of the source, or those computed of the copy', async () => {
    await packDataset(await source(), out);
    const packed = await openPacked(out);
    assert.throws(() => packed.statistics, refused(/not known/));
    const { mean } = await bandStatistics(packed);
    const path = join(out, 'of-source.json');
    assert.deepEqual((await bandStatistics(await source(), { path })).mean, mean);
    assert.deepEqual((await openPacked(out)).statistics.mean, mean);
  });

  it('resumes after it was stopped, to the same bytes', async () => {
    const rendered = few(scenes({ size: 48 }), 5);
    const [whole, parts] = [join(out, 'whole'), join(out, 'parts')];
    await packDataset(rendered, whole, { shardBytes: 150_000 });
    const controller = new AbortController();
    let reads = 0;
    const read: Dataset['read'] = async (split, index) => {
      if (++reads === 9) controller.abort();
      return rendered.read(split, index);
    };
    const stopped = packDataset({ ...rendered, read }, parts, {
      shardBytes: 150_000,
      signal: controller.signal,
    });
    await assert.rejects(stopped, { name: 'AbortError' });
    await assert.rejects(openPacked(parts), refused(/not finished.*to resume/));
    assert.ok((await readdir(parts)).every((file) => /^(index\.jsonl|\d{5}\.bin)$/.test(file)));
    // Killed while it wrote: a torn line.
    await writeFile(
      join(parts, 'index.jsonl'),
      `${await readFile(join(parts, 'index.jsonl'), 'utf8')}{"shard":`,
    );
    const { written, shards } = await packDataset(rendered, parts, { shardBytes: 150_000 });
    assert.ok(written > 0 && written < shards, `${written} of ${shards}`);
    const files = await readdir(whole);
    assert.deepEqual(await readdir(parts), files);
    for (const file of files) {
      assert.deepEqual(await readFile(join(parts, file)), await readFile(join(whole, file)), file);
    }
    assert.equal((await packDataset(rendered, parts, { shardBytes: 150_000 })).written, 0);
  });

  it('finds damage, and writes anew what is missing', async () => {
    await packDataset(few(scenes({ size: 48 }), 2), out, { shardBytes: 1 });
    assert.deepEqual(await verifyPacked(out), []);
    const path = join(out, '00002.bin');
    const bytes = await readFile(path);
    bytes[bytes.length >> 1] ^= 1;
    await writeFile(path, bytes);
    assert.deepEqual(await verifyPacked(out), ['00002.bin']);
    await rm(path);
    assert.deepEqual(await verifyPacked(out), ['00002.bin']);
    await assert.rejects(openPacked(out), refused(/missing or of another size: 00002.bin/));
    assert.equal((await packDataset(few(scenes({ size: 48 }), 2), out, { shardBytes: 1 })).written, 1);
    assert.deepEqual(await verifyPacked(out), []);
    await truncate(join(out, '00001.bin'), 100);
    await assert.rejects(openPacked(out), refused(/00001.bin/));
  });

  it('refuses the copy of another data set, wrong factors and wrong folders', async () => {
    await packDataset(await source(), out);
    const other = await openFolder(pathOfFixture('folder'), { select: ['Red'] });
    await assert.rejects(packDataset(other, out), refused(/another data set/));
    const into = join(out, 'other');
    await assert.rejects(packDataset(other, into, { factors: [5] }), refused(/divisors of 24/));
    await assert.rejects(packDataset(other, into, { factors: [2] }), refused(/band Red is finer/));
    await assert.rejects(openPacked(join(out, 'none')), refused(/does not exist.*landlens pack/));
    await writeFile(join(into, 'index.jsonl'), '{"format":"landlens packed 9"}\n');
    await assert.rejects(openPacked(into), refused(/another format.*landlens packed 1/));
  });

  it('refuses damaged indices and records with one clear error', async () => {
    await packDataset(await source(), out);
    const good = {
      index: await readFile(join(out, 'index.jsonl')),
      shard: await readFile(join(out, '00000.bin')),
    };
    let failures = 0;
    for (let i = 0; i < 400; i++) {
      const name = i % 2 === 0 ? 'index' : 'shard';
      const bytes = Buffer.from(good[name]);
      // Into the texts, where damage has meaning; pixels are any bytes.
      bytes[(i * 7919) % (name === 'index' ? bytes.length : 200)] ^= 1 << (i % 8);
      await writeFile(join(out, 'index.jsonl'), name === 'index' ? bytes : good.index);
      await writeFile(join(out, '00000.bin'), name === 'shard' ? bytes : good.shard);
      const attempt = async () => {
        const dataset = await openPacked(out);
        for (const split of splitsInOrder) {
          for (let index = 0; index < dataset.count(split); index++) await dataset.read(split, index);
        }
      };
      await attempt().catch((thrown: unknown) => {
        assert.ok(thrown instanceof Error && thrown.name === 'InputError', String(thrown));
        failures++;
      });
    }
    assert.ok(failures > 100, `${failures} of 400 refused`);
  });

  it('keeps the coarse bands of real patches on their own grids', async function () {
    const shared = sharedFolder();
    if (shared === undefined) return this.skip();
    const folder = join(out, 'v1');
    const names = (await readdir(join(shared, 'BigEarthNet-v1.0')))
      .filter((name) => name.startsWith('S2'))
      .slice(0, 5);
    for (const name of names) {
      await cp(join(shared, 'BigEarthNet-v1.0', name), join(folder, name), { recursive: true });
    }
    const { dataset, factors } = await openForPacking({ kind: 'bigearthnet', folder });
    const { bytes } = await packDataset(dataset, join(out, 'p'), { ...(factors && { factors }) });
    assert.ok(bytes < names.length * 165_000, `${bytes} bytes`);
    for (const resampling of ['bilinear', 'nearest', 'bicubic'] as const) {
      const packed = await openPacked(join(out, 'p'), { resampling });
      await assertSame(packed, await openBigEarthNet(folder, { resampling }));
    }
    assert.deepEqual(dataset.bands, sentinel2Bands);
  });

  it('is a command that names what is wrong in one line', async () => {
    const entry = fileURLToPath(new URL('../../../lib/bin/landlens.js', import.meta.url));
    const landlens = (...argv: readonly string[]) =>
      spawnSync(process.execPath, [entry, ...argv], {
        encoding: 'utf8',
        env: { ...process.env, NODE_OPTIONS: '' },
      });
    const packed = landlens('pack', `folder:${pathOfFixture('folder')}`, out);
    assert.equal(packed.status, 0, packed.stderr);
    assert.match(packed.stdout, /4 patches of folder in 1 files.*packed:/);
    const verified = landlens('pack', '--verify', out);
    assert.match(verified.stdout, /as it was written/);
    await writeFile(join(out, '00000.bin'), '');
    const broken = landlens('pack', '--verify', out);
    assert.equal(broken.status, 1);
    assert.match(broken.stderr, /1 files are missing or damaged: 00000.bin/);
    assert.match(landlens('pack', 'scenes').stderr, /<data set> <folder>/);
    assert.match(landlens('unpack').stderr, /no such command.*pack/);
    assert.ok((await stat(entry)).mode & 0o100);
  });
});
