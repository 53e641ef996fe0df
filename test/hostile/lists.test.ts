/** Damaged and hostile tables of labels and lists of names. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { isPatchName } from '../../lib/src/dataset/bigEarthNet/patchNames.js';
import { readPatchList } from '../../lib/src/dataset/bigEarthNet.js';
import { readTable } from '../../lib/src/dataset/folder/table.js';
import { openFolder } from '../../lib/src/dataset/folder.js';
import { readNameList, readSceneList } from '../../lib/src/dataset/sen12ms/names.js';
import { splitsInOrder } from '../../lib/src/dataset/splitNames.js';
import { pathOfFixture } from '../dataset/rasterio.js';
import { refusesInput } from '../refuses.js';
import { csvKinds } from './csv.js';
import { mutations, survive } from './mutate.js';

describe('damaged tables and lists', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landlens-hostile-'));
    await cp(pathOfFixture('folder'), join(folder, 'images'), { recursive: true });
    // What a path that leads out of the folder would find.
    await cp(pathOfFixture('folder/big-endian.tif'), join(folder, 'secret.tif'));
  });
  after(() => rm(folder, { recursive: true }));

  it('labels.csv: 600 mutations, each a data set inside the folder or one clear error', async () => {
    const root = join(folder, 'images');
    const path = join(root, 'labels.csv');
    const original = new Uint8Array(await readFile(path));
    const outcome = await survive(
      mutations(original, { count: 600, seed: 1, kinds: csvKinds }),
      async (bytes) => {
        await writeFile(path, bytes);
        const dataset = await openFolder(root);
        for (const split of splitsInOrder) {
          for (let index = 0; index < dataset.count(split); index++) {
            assert.ok(resolve(root, await dataset.nameOf(split, index)).startsWith(root + sep));
            const { labels } = await dataset.read(split, index);
            assert.ok(labels.every((label) => dataset.classes[label] !== undefined));
          }
        }
      },
      { names: root },
    );
    assert.ok(outcome.read > 50 && outcome.refused > 100, JSON.stringify(outcome));
  });

  it('a table with a column for each class: 400 mutations, each a table or one clear error', async () => {
    const path = join(folder, 'columns.csv');
    const lines = Array.from({ length: 20 }, (_, i) => `images/${i},${i % 2},${i % 3 === 0 ? 1 : 0},train`);
    const original = new TextEncoder().encode(['name,Forest,Water,split', ...lines, ''].join('\n'));
    const outcome = await survive(
      mutations(original, { count: 400, seed: 2, kinds: csvKinds }),
      async (bytes) => {
        await writeFile(path, bytes);
        const { classes, rows } = await readTable(path);
        for (const { name, labels } of rows) {
          assert.ok(resolve(folder, name).startsWith(folder + sep), name);
          assert.ok(labels.every((label) => classes[label] !== undefined));
        }
      },
      { names: path },
    );
    assert.ok(outcome.read > 20 && outcome.refused > 100, JSON.stringify(outcome));
  });

  it('a table with 100,000 columns of classes is read, in time that grows with their number', async () => {
    const path = join(folder, 'wide.csv');
    const names = Array.from({ length: 100_000 }, (_, i) => `c${i}`);
    const row = (name: string, label: number) =>
      `${name},${names.map((_, i) => Number(i === label)).join(',')}`;
    await writeFile(path, [`name,${names.join(',')}`, row('a', 5), row('b', 99_999)].join('\n'));
    const { classes, rows } = await readTable(path);
    assert.equal(classes.length, names.length);
    assert.deepEqual(
      rows.map(({ name, labels }) => [name, labels]),
      [
        ['a.tif', [5]],
        ['b.tif', [99_999]],
      ],
    );
  });

  it('a table that cannot be read is one clear error', async () => {
    await refusesInput(() => readTable(folder), folder, /not a regular file.*a folder/);
    await refusesInput(() => readTable(join(folder, 'none.csv')), 'none.csv', /does not exist/);
  });

  /** One name each: what is no name is passed over, so that only names come out. */
  const lists = {
    'BigEarthNet patches': [
      (i: number) => `S2A_MSIL2A_20170613T101031_87_${i},extra`,
      readPatchList,
      isPatchName,
    ],
    'SEN12MS files': [
      (i: number) => `ROIs1158_spring_s2_1_p${i}.tif`,
      readNameList,
      (name: string) => /^ROIs\d{4}_[a-z]+_s2_\d+_p\d+$/.test(name),
    ],
    'SEN12MS scenes': [
      (i: number) => `ROIs1158_spring/s1_${i}`,
      readSceneList,
      (name: string) => /^ROIs\d{4}_[a-z]+\/\d+$/.test(name),
    ],
  } as const;
  for (const [what, [line, readList, isName]] of Object.entries(lists)) {
    it(`a list of ${what}: 200 mutations, each names and nothing else, or one clear error`, async () => {
      const path = join(folder, 'list.csv');
      const original = new TextEncoder().encode([1, 2, 3].map((i) => `${line(i)}\n`).join(''));
      const outcome = await survive(
        mutations(original, { count: 200, seed: 3, kinds: csvKinds }),
        async (bytes) => {
          await writeFile(path, bytes);
          const names = await readList(path);
          assert.ok(names.size > 0 && [...names].every(isName), [...names].join('\n').slice(0, 500));
        },
        { names: path },
      );
      assert.ok(outcome.read > 50 && outcome.refused > 0, JSON.stringify(outcome));
    });
  }
});
