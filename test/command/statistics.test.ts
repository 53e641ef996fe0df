/** `landlens statistics`: what a data set without published statistics needs before a network is trained on it. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock } from 'node:test';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'mocha';
import { statisticsCommand } from '../../lib/src/command/statistics.js';
import { bandStatistics } from '../../lib/src/dataset/bandStatistics.js';
import { openFolder } from '../../lib/src/dataset/folder.js';
import { openDataset } from '../../lib/src/dataset/openDataset.js';
import { withStatistics } from '../../lib/src/dataset/savedStatistics.js';
import { scenes } from '../../lib/src/dataset/scenes.js';
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
    await refuses([], 'landlens statistics', /<data set>, got none/);
    await refuses([dataset, '--split', 'dev'], '--split', /train or validation or test, got "dev"/);
    await refuses([dataset, '--patches', '0'], '--patches', /from 1, got "0"/);
    await refuses([dataset, '--patches', '3'], 'train split', /at most 2, got 3/);
    await refuses([dataset, '--seed', '1.5'], '--seed', /from 0 to 4294967295/);
    await refuses([dataset, '--seed', '4294967296'], '--seed', /from 0 to 4294967295/);
  });

  it('leaves beside the data what it is opened with from then on', async () => {
    const without = await openFolder(folder);
    assert.throws(() => without.statistics, /landlens statistics <dataset>/);
    const log = mock.method(process.stdout, 'write', () => true);
    assert.equal(await statisticsCommand([`folder:${folder}`, '--split', 'test']), 0);
    log.mock.restore();
    const printed = log.mock.calls.map(({ arguments: [text] }) => String(text)).join('');
    assert.match(printed, /test split, 1 of 1 patches.*\n {2}Blue & green: mean 127.61, deviation 36.10\n/);
    const { mean, deviation } = await bandStatistics(without, {
      split: 'test',
      path: join(folder, 'other.json'),
    });
    const { statistics } = await openFolder(folder);
    assert.deepEqual([statistics.mean, statistics.deviation], [mean, deviation]);
  });

  it('writes elsewhere where it is told, and what reads statistics is told there to find them', async () => {
    const path = join(folder, 'elsewhere', 'statistics.json');
    const choice = { kind: 'folder', folder } as const;
    const log = mock.method(process.stdout, 'write', () => true);
    assert.equal(await statisticsCommand([`folder:${folder}`, '--split', 'train', '--out', path]), 0);
    log.mock.restore();
    const beside = (await openDataset(choice)).statistics;
    const named = await openDataset(choice, { statistics: path });
    assert.notDeepEqual(named.statistics.mean, beside.mean, 'of another split');
    assert.deepEqual(
      named.statistics.mean,
      (await bandStatistics(named, { split: 'train', path: join(folder, 'third.json') })).mean,
    );
    assert.deepEqual(
      (await named.read('test', 0)).image,
      (await (await openFolder(folder)).read('test', 0)).image,
    );
    const missing = openDataset(choice, { statistics: `${path}.none` });
    await refusesInput(() => missing, '.none', /no such file.*--out/);
    const bands = withStatistics({ ...scenes(), bands: ['B04'] }, path);
    await refusesInput(() => bands, 'statistics.json', /of other bands/);
  });

  it('go before published ones where a file is named', async () => {
    const dataset = scenes({ counts: { train: 0, validation: 0, test: 2 }, size: 48 });
    const path = join(folder, 'scenes.json');
    const { mean } = await bandStatistics(dataset, { split: 'test', path });
    const named = await openDataset({ kind: 'scenes' }, { statistics: path });
    assert.deepEqual(named.statistics.mean, mean);
    assert.notDeepEqual((await openDataset({ kind: 'scenes' })).statistics.mean, mean);
  });
});
