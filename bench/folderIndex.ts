/**
 * A data set of BigEarthNet's size, by name: opening its 590,326 folders, and counting its label rows.
 *
 *   node --expose-gc --import tsx bench/folderIndex.ts [patches]
 *
 * Makes as many empty folders in the temporary folder (a minute or two) and removes them at the end.
 */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { coOccurrence } from '../lib/src/analysis/coOccurrence.js';
import { classes19 } from '../lib/src/dataset/bigEarthNet/labels.js';
import { openBigEarthNet } from '../lib/src/dataset/bigEarthNet.js';
import { readTable } from '../lib/src/dataset/folder/table.js';
import { splitsInOrder } from '../lib/src/dataset/splitNames.js';
import { createRandom } from '../lib/src/random.js';
import { measure } from './measure.js';

const patches = Number(process.argv[2] ?? 590_326);

/** Names as in BigEarthNet v1: a satellite, a time, a column and a row of a tile. */
function nameOf(index: number): string {
  const tile = Math.floor(index / 8100);
  const time = `201${7 + (tile % 2)}${String(1 + (tile % 12)).padStart(2, '0')}${String(1 + (tile % 28)).padStart(2, '0')}T${String(90_000 + 37 * tile).padStart(6, '0')}`;
  return `S2${tile % 2 === 0 ? 'A' : 'B'}_MSIL2A_${time}_${Math.floor(index / 90) % 90}_${index % 90}`;
}

const folder = await mkdtemp(join(tmpdir(), 'landlens-bench-'));
try {
  const root = join(folder, 'BigEarthNet-v1.0');
  await mkdir(root);
  await measure(`make ${patches} folders`, async () => {
    for (let start = 0; start < patches; start += 64) {
      const names = Array.from({ length: Math.min(64, patches - start) }, (_, i) => nameOf(start + i));
      await Promise.all(names.map((name) => mkdir(join(root, name))));
    }
  });
  const table = join(folder, 'labels.csv');
  await measure('write lists and labels', async () => {
    const random = createRandom('bench', 'labels');
    const rows = createWriteStream(table);
    const split = Object.fromEntries(
      splitsInOrder.map((name) => [name, createWriteStream(join(folder, `${name}.csv`))]),
    );
    rows.write('name,labels\n');
    for (let index = 0; index < patches; index++) {
      const labels = random.shuffle(classes19).slice(0, 1 + random.integer(5));
      const name = nameOf(index);
      if (!rows.write(`${name},"${labels.join(';')}"\n`)) await once(rows, 'drain');
      const list = split[index % 4 < 2 ? 'train' : index % 4 === 2 ? 'validation' : 'test'];
      if (!list.write(`${name}\n`)) await once(list, 'drain');
    }
    for (const stream of [rows, ...Object.values(split)]) await new Promise<void>((done) => stream.end(done));
  });

  const plain = await measure('open the folder', () => openBigEarthNet(root));
  const paths = Object.fromEntries(splitsInOrder.map((name) => [name, join(folder, `${name}.csv`)]));
  const split = await measure('open it with three split lists', () =>
    openBigEarthNet(root, { splits: paths }),
  );
  console.log(
    `${plain.count('test')} patches; ${splitsInOrder.map((name) => split.count(name)).join(' + ')} by lists`,
  );
  await measure('find 100,000 names', async () => {
    for (let i = 0; i < 100_000; i++) {
      if (plain.find(nameOf((i * 7919) % patches)) === undefined) throw new Error('a name was not found');
    }
  });
  const { rows, classes } = await measure('read the table of labels', () =>
    readTable(table, { classes: classes19 }),
  );
  const result = await measure('count co-occurrence', async () =>
    coOccurrence(
      rows.map((row) => row.labels),
      classes.length,
    ),
  );
  console.log(`${result.images} label rows, ${classes.length} x ${classes.length} matrix`);
} finally {
  await rm(folder, { recursive: true });
}
