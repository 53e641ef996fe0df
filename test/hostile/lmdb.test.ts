/** Damaged and hostile LMDB files of BigEarthNet v2, and the records in them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { after, before, describe, it } from 'mocha';
import {
  imageOfRecord,
  masksOfRecord,
  maximumRecordBytes,
} from '../../lib/src/dataset/bigEarthNet/patchRecord.js';
import { type Lmdb, openLmdb } from '../../lib/src/dataset/lmdb.js';
import { createRandom } from '../../lib/src/random.js';
import { jsonHeaderKinds } from './jsonHeader.js';
import { lmdbKinds } from './lmdb.js';
import { mutations, survive } from './mutate.js';

const bytesOf = (name: string): Uint8Array =>
  new Uint8Array(
    gunzipSync(readFileSync(new URL(`../fixtures/bigEarthNet2/${name}.mdb.gz`, import.meta.url))),
  );

const todo = 'Make it again.';
const name = 'S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_0_1';

describe('damaged LMDB files', () => {
  let folder = '';
  let path = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landlens-hostile-'));
    path = join(folder, 'data.mdb');
  });
  after(() => rm(folder, { recursive: true }));

  const open = (): Promise<Lmdb> => openLmdb(path, { maximumValueBytes: maximumRecordBytes, todo });
  const keysOf = async (database: Lmdb): Promise<readonly Uint8Array[]> => {
    const keys: Uint8Array[] = [];
    for await (const key of database.keys()) keys.push(key);
    return keys;
  };

  it('sound ones give every key in order, and its value', async () => {
    await writeFile(path, bytesOf('many'));
    const database = await open();
    const keys = await keysOf(database);
    const expected = Array.from(
      { length: 700 },
      (_, i) => `${String(i).padStart(4, '0')}${'k'.repeat(i % 300)}`,
    );
    assert.deepEqual(
      keys.map((key) => Buffer.from(key).toString()),
      expected,
    );
    for (const [i, key] of keys.entries()) {
      const value = await database.get(key);
      assert.equal(Buffer.from(value ?? []).toString(), `v${i}`.repeat(1 + (i % 7) * 150));
    }
    assert.equal(await database.get(Buffer.from('0001')), undefined);
  });

  for (const [file, count] of Object.entries({ data: 700, many: 300 })) {
    it(`${file}: ${count} mutations, each read or refused in one clear error`, async () => {
      const original = bytesOf(file);
      await writeFile(path, original);
      const sound = await keysOf(await open());
      const random = createRandom('keys', file);
      const outcome = await survive(
        mutations(original, { count, seed: 1, kinds: lmdbKinds }),
        async (bytes) => {
          await writeFile(path, bytes);
          const database = await open();
          // Both ways into the tree: a key that may be gone, and all that are there.
          assert.ok(((await database.get(random.pick(sound)))?.length ?? 0) <= maximumRecordBytes);
          const keys = await keysOf(database);
          assert.ok(keys.length <= bytes.length / 8);
          if (keys.length > 0) await database.get(random.pick(keys));
        },
        { names: path },
      );
      assert.ok(outcome.read > 50 && outcome.refused > 50, JSON.stringify(outcome));
    });
  }

  it('records: 1,000 mutations, each an image or masks, or one clear error', async () => {
    await writeFile(path, bytesOf('data'));
    const database = await open();
    const where = `${path}, record ${name}`;
    const kinds = {
      [name]: async (bytes: Uint8Array) => {
        const { image } = await imageOfRecord(bytes, where, { resampling: 'nearest', todo });
        assert.ok(image.data.every((value) => value >= 0 && Number.isFinite(value)));
      },
      [`${name}_reference_map`]: async (bytes: Uint8Array) =>
        assert.equal(masksOfRecord(bytes, where, todo).length, 19 * 120 * 120),
    };
    for (const [key, read] of Object.entries(kinds)) {
      const record = await database.get(Buffer.from(key));
      assert.ok(record !== undefined);
      await read(record);
      for (const within of [1200, record.length]) {
        const damaged = mutations(record, { count: 250, seed: within, within, kinds: jsonHeaderKinds(8) });
        const outcome = await survive(damaged, read, { names: where });
        assert.ok(outcome.refused > 50, `${key} ${within} ${JSON.stringify(outcome)}`);
      }
    }
  });
});
