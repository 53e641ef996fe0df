/** Damaged and hostile packed data sets: their index, their shards, and the records in them. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { openFolder } from '../../lib/src/dataset/folder.js';
import { packDataset } from '../../lib/src/dataset/packed/pack.js';
import { decodeRecord } from '../../lib/src/dataset/packed/record.js';
import { openPacked, readIndex, verifyPacked } from '../../lib/src/dataset/packed.js';
import { openSen12ms } from '../../lib/src/dataset/sen12ms.js';
import { splitsInOrder } from '../../lib/src/dataset/splitNames.js';
import { sizeOf } from '../../lib/src/tensor.js';
import { pathOfFixture } from '../dataset/rasterio.js';
import { refusesInput } from '../refuses.js';
import { jsonKinds } from './json.js';
import { jsonHeaderKinds } from './jsonHeader.js';
import { mutations, peakMebibytes, survive } from './mutate.js';

describe('damaged packed data sets', () => {
  let folder = '';
  /** Whole numbers and fractions, without masks; and whole numbers with masks. */
  const copies = ['folder', 'sen12ms'] as const;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landlens-hostile-'));
    await packDataset(await openFolder(pathOfFixture('folder')), join(folder, 'folder'));
    await packDataset(await openSen12ms(pathOfFixture('sen12ms')), join(folder, 'sen12ms'));
  });
  after(() => rm(folder, { recursive: true }));

  async function readAll(copy: string): Promise<void> {
    const dataset = await openPacked(copy);
    for (const split of splitsInOrder) {
      for (let index = 0; index < dataset.count(split); index++) {
        const { image, labels } = await dataset.read(split, index);
        assert.deepEqual(image.shape, [dataset.bands.length, dataset.size, dataset.size]);
        assert.ok(labels.every((label) => dataset.classes[label] !== undefined));
      }
    }
  }

  for (const name of copies) {
    const count = name === 'folder' ? 800 : 200;
    it(`index of ${name}: ${count} mutations, each read or refused in one clear error`, async () => {
      const copy = join(folder, name);
      const path = join(copy, 'index.jsonl');
      const original = new Uint8Array(await readFile(path));
      const outcome = await survive(
        mutations(original, { count, seed: 1, kinds: jsonKinds }),
        async (bytes) => {
          await writeFile(path, bytes);
          await readAll(copy);
        },
        { names: copy },
      );
      await writeFile(path, original);
      await readAll(copy);
      assert.ok(outcome.refused > count / 4, JSON.stringify(outcome));
    });
  }

  it('shards: 400 mutations, none unnoticed by --verify, each read or refused in one clear error', async () => {
    const copy = join(folder, 'folder');
    const path = join(copy, '00000.bin');
    const original = new Uint8Array(await readFile(path));
    const outcome = await survive(
      mutations(original, { count: 400, seed: 2 }),
      async (bytes) => {
        await writeFile(path, bytes);
        const isSame = Buffer.compare(bytes, original) === 0;
        assert.deepEqual(await verifyPacked(copy), isSame ? [] : ['00000.bin']);
        await readAll(copy);
      },
      { names: copy },
    );
    await writeFile(path, original);
    assert.ok(outcome.refused > 100, JSON.stringify(outcome));
  });

  for (const name of copies) {
    it(`records of ${name}: 300 mutations, each a patch or one clear error`, async () => {
      const { header, shards } = await readIndex(join(folder, name));
      const [{ patches, bytes: length }] = shards;
      const [[patch, labels, start], next] = patches;
      const shard = new Uint8Array(await readFile(join(folder, name, '00000.bin')));
      const record = shard.slice(start, next?.[2] ?? length);
      const outcome = await survive(
        mutations(record, { count: 300, seed: 3, within: 300, kinds: jsonHeaderKinds(4) }),
        (bytes) => {
          const { image, masks } = decodeRecord(bytes, { name: patch, labels }, header, 'bilinear', patch);
          assert.equal(image.data.length, sizeOf(image.shape));
          if (masks !== undefined) assert.equal(masks.length, header.classes.length * header.size ** 2);
        },
        { names: patch },
      );
      assert.ok(outcome.refused > 100, JSON.stringify(outcome));
    });
  }

  it('images that a few bytes would blow up are refused before their memory is taken', async () => {
    const copy = join(folder, 'bomb');
    await cp(join(folder, 'folder'), copy, { recursive: true });
    const path = join(copy, 'index.jsonl');
    const [line, ...rest] = (await readFile(path, 'utf8')).split('\n');
    const bands = Array.from({ length: 1024 }, (_, i) => `B${i}`);
    const huge = {
      ...JSON.parse(line),
      bands,
      factors: bands.map(() => 4096),
      size: 4096,
      statistics: undefined,
    };
    await writeFile(path, [JSON.stringify(huge), ...rest].join('\n'));
    const before = peakMebibytes({ reset: true });
    await refusesInput(() => readAll(copy), path, /too large.*4096 x 4096/);
    const grown = peakMebibytes() - before;
    assert.ok(grown < 128, `memory grew by ${grown} MiB`);
  });
});
