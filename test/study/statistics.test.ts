/** `landlens statistics`: what a data set without published statistics needs before a network is trained on it. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock } from 'node:test';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'mocha';
import { bandStatistics } from '../../lib/src/dataset/bandStatistics.js';
import { openFolder } from '../../lib/src/dataset/folder.js';
import { statisticsCommand } from '../../lib/src/study/statistics.js';
import { refusesInput } from '../refuses.js';

describe('landlens statistics', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landlens-statistics-'));
    const fixture = new URL('../fixtures/geotiff/folder', import.meta.url);
    await cp(fileURLToPath(fixture), folder, { recursive: true });
  });
  after(() => rm(folder, { recursive: true }));

  it('names what is wrong', async () => {
    const refuses = (argv: readonly string[], where: string, what: RegExp) =>
      refusesInput(() => statisticsCommand(argv), where, what);
    const dataset = `folder:${folder}`;
    await refuses([], 'landlens statistics', /<dataset>, got none/);
    await refuses([dataset, '--split', 'dev'], '--split', /train or validation or test, got "dev"/);
    await refuses([dataset, '--patches', '0'], '--patches', /from 1, got "0"/);
    await refuses([dataset, '--patches', '3'], 'train split', /at most 2, got 3/);
    await refuses([dataset, '--seed', '1.5'], '--seed', /from 0/);
  });

  it('leaves beside the data what it is opened with from then on', async () => {
    const without = await openFolder(folder);
    assert.throws(() => without.statistics, /landlens statistics <dataset>/);
    const log = mock.method(console, 'log', () => undefined);
    assert.equal(await statisticsCommand([`folder:${folder}`, '--split', 'test']), 0);
    log.mock.restore();
    const printed = log.mock.calls.map(({ arguments: [line] }) => String(line)).join('\n');
    assert.match(printed, /test split, 1 of 1 patches.*\n {2}Blue & green: mean 127.61, deviation 36.10\n/);
    const { mean, deviation } = await bandStatistics(without, {
      split: 'test',
      path: join(folder, 'other.json'),
    });
    const { statistics } = await openFolder(folder);
    assert.deepEqual([statistics.mean, statistics.deviation], [mean, deviation]);
  });
});
