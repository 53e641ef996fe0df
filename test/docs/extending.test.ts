/** The worked examples of docs/extending.md: a method and a metric, added to a copy of the library. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import { applySections, compileErrors, copyOf } from './extending.js';

const isTest = (path: string): boolean => path.endsWith('.test.ts');

describe('docs/extending.md: a method and a metric', () => {
  let folder = '';
  let method: readonly string[] = [];
  let metric: readonly string[] = [];

  before(async () => {
    folder = await copyOf(['lib/src', 'test/study/fixture.ts', 'test/typescript.mjs', '.mocharc.json']);
    method = await applySections(folder, ['A method']);
    metric = await applySections(folder, ['A metric']);
  });

  after(() => rm(folder, { recursive: true }));

  it('cost two files and a test each', () => {
    for (const touched of [method, metric]) {
      equal(touched.filter(isTest).length, 1);
      equal(touched.length, 3);
    }
  });

  it('compile', async () => {
    const files = ['lib/src/index.ts', 'test/study/fixture.ts', ...[...method, ...metric].filter(isTest)];
    equal(await compileErrors(folder, files), '');
  });

  it('pass their own tests', async () => {
    const mocha = join(folder, 'node_modules/mocha/bin/mocha.js');
    const tests = [...method, ...metric].filter(isTest);
    const { stdout } = await promisify(execFile)(process.execPath, [mocha, ...tests], { cwd: folder });
    match(stdout, /2 passing/);
  });

  it('stand in the records and tables of a study', async () => {
    const load = <Module>(path: string): Promise<Module> => import(pathToFileURL(join(folder, path)).href);
    const { tinyDataset, tinyMethods, tinyStudy } =
      await load<typeof import('../study/fixture.js')>('test/study/fixture.ts');
    const { runStudy } = await load<typeof import('../../lib/src/study/run.js')>('lib/src/study/run.ts');
    const { recordRows } = await load<typeof import('../../lib/src/study/recordRows.js')>(
      'lib/src/study/recordRows.ts',
    );
    const { summarise } =
      await load<typeof import('../../lib/src/study/summary.js')>('lib/src/study/summary.ts');
    const { table3Csv, table3Text } =
      await load<typeof import('../../lib/src/study/tables.js')>('lib/src/study/tables.ts');
    const { methods } = await load<typeof import('../../lib/src/attribution/methods.js')>(
      'lib/src/attribution/methods.ts',
    );
    ok(methods.some(({ id }) => id === 'hirescam'));

    const { records } = await runStudy(tinyStudy(join(folder, 'results')));
    const rows = recordRows(records).map((row) => new Map<string, unknown>(Object.entries(row)));
    const zeros = rows.filter((row) => row.get('method') === 'grad-cam').map((row) => row.get('sparseness'));
    deepEqual(zeros, [0, 0], 'a map of zeros');
    for (const value of rows.map((row) => row.get('sparseness'))) {
      ok(typeof value === 'number' && value >= 0 && value < 1);
    }

    const summary = await summarise(records, tinyMethods, { dataset: tinyDataset, model: 'Tiny' });
    match(table3Text(summary), /Time \(s\) +Sparseness\n/);
    match(table3Text(summary), /Lower is better, in Sparseness higher/);
    match(table3Csv(summary), /,seconds,sparseness,paper_max_sensitivity,/);
  });
});
