/** Damaged and hostile tables of BigEarthNet v2's metadata. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { type MetadataReader, openMetadataReader } from '../../lib/src/dataset/bigEarthNet/metadataReader.js';
import { mutations, survive } from './mutate.js';
import { parquetKinds } from './parquet.js';

const bytesOf = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../fixtures/bigEarthNet2/${name}.parquet`, import.meta.url)));

describe('damaged metadata.parquet', () => {
  let folder = '';
  let path = '';
  let reader: MetadataReader;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landlens-hostile-'));
    path = join(folder, 'metadata.parquet');
    reader = openMetadataReader({ seconds: 3 });
  });
  after(async () => {
    await reader.close();
    await rm(folder, { recursive: true });
  });

  for (const name of ['plain', 'snappy', 'zstd']) {
    it(`${name}: 500 mutations, each a table with all its columns or one clear error`, async () => {
      const damaged = mutations(bytesOf(name), {
        count: 500,
        seed: 1,
        donors: ['plain', 'snappy', 'zstd'].map(bytesOf),
        kinds: parquetKinds,
      });
      const outcome = await survive(
        damaged,
        async (bytes) => {
          await writeFile(path, bytes);
          const { names, labels, splits, flags, countries, countryNames } = await reader.read(path);
          assert.ok(names.length > 0);
          for (const column of [labels, splits, flags, countries]) assert.equal(column.length, names.length);
          assert.ok(countries.every((country) => country < countryNames.length));
        },
        // The decoding thread may take 768 MiB before it is stopped.
        { names: path, mebibytes: 1280 },
      );
      assert.ok(outcome.read > 50 && outcome.refused > 50, JSON.stringify(outcome));
    });
  }
});
