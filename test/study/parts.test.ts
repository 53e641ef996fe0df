/** A study that is planned, run in parts and merged: the same records as of one process, nothing lost or doubled. */
import assert from 'node:assert/strict';
import { appendFile, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { withLock } from '../../lib/src/io/lock.js';
import { mergeParts, tablePath } from '../../lib/src/study/parts/merge.js';
import { recordsPath, runPart, unitsOf } from '../../lib/src/study/parts/part.js';
import { type PlannedImage, planStudy, type ReadPlan, readPlan } from '../../lib/src/study/parts/plan.js';
import { shareOut } from '../../lib/src/study/parts/shareOut.js';
import { statusOf, statusText } from '../../lib/src/study/parts/status.js';
import type { StudyRecord } from '../../lib/src/study/records.js';
import { runStudy } from '../../lib/src/study/run.js';
import { queryStudy } from '../../lib/src/study/table/queryStudy.js';
import { openRecordTable } from '../../lib/src/study/table/recordTable.js';
import { refusesInput } from '../refuses.js';
import { quiet, recordLines, timeless, tinyClassifier, tinyStudy, withFolder } from './fixture.js';

const sources = { dataset: 'tiny', model: 'tiny', engine: 'arithmetic' };

const plan = (folder: string, images: number, shards: number): Promise<ReadPlan> =>
  planStudy(tinyStudy(folder, { images }), { ...sources, shards, createProgress: quiet });

const run = (planned: ReadPlan, shard: number, signal?: AbortSignal) =>
  runPart(planned, shard, tinyStudy(planned.folder), { createProgress: quiet, ...(signal && { signal }) });

describe('shareOut', () => {
  const image = (index: number): PlannedImage => ({
    index,
    name: `${index}`,
    target: { index: 0, name: 'Sand', score: 1, truePositive: true },
  });

  it('gives every method of every image to one part, and parts that differ by the dearest method at most', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.integer({ min: 1, max: 6000 }), { minLength: 1, maxLength: 13 }),
        (count, shards, each) => {
          const costs = Object.fromEntries(each.map((cost, i) => [`method-${i}`, cost]));
          const images = Array.from({ length: count }, (_, i) => image(100 + i));
          const parts = shareOut(images, { shards, costs });
          const all = parts.flatMap((units) =>
            units.flatMap(({ index, methods }) => methods.map((id) => `${index} ${id}`)),
          );
          assert.equal(all.length, count * each.length);
          assert.equal(new Set(all).size, all.length);
          const loads = parts.map((units) =>
            units.reduce((sum, { methods }) => sum + methods.reduce((total, id) => total + costs[id], 0), 0),
          );
          assert.ok(Math.max(...loads) - Math.min(...loads) <= Math.max(...each));
        },
      ),
    );
  });
});

describe('a study in parts', () => {
  for (const [images, shards] of [
    [5, 1],
    [5, 2],
    [4, 4],
    [2, 7],
  ]) {
    it(`of ${images} images in ${shards}: records, maps and sheets are those of one process`, () =>
      withFolder(async (folder) => {
        const whole = await runStudy(tinyStudy(join(folder, 'whole'), { images }));
        const planned = await plan(join(folder, 'parts'), images, shards);
        for (let shard = shards - 1; shard >= 0; shard--) assert.ok((await run(planned, shard)).complete);
        assert.equal(await mergeParts(planned), whole.records.length);
        const merged = await recordLines(join(folder, 'parts'));
        assert.deepEqual(timeless(merged), timeless(whole.records));
        const table = await openRecordTable([tablePath(planned.folder)]);
        const rows = await table.query('select * from records');
        await table.close();
        for (const [i, { image, method, metrics, target }] of merged.entries()) {
          const { auc_morf: area, morf, max_sensitivity: sensitivity = null } = rows[i];
          assert.deepEqual([rows[i].image, rows[i].method, rows[i].score], [image, method, target.score]);
          assert.deepEqual([area, sensitivity], [metrics.aucMorf, metrics.maxSensitivity ?? null]);
          assert.deepEqual(morf, metrics.morf);
        }
        for (const kind of ['maps', 'sheets']) {
          const [one, other] = [join(folder, 'whole', kind), join(folder, 'parts', kind)];
          const names = (await readdir(one, { recursive: true })).sort();
          assert.deepEqual((await readdir(other, { recursive: true })).sort(), names);
        }
        // So that reproduce, notebooks and scripts read it as any other study.
        const again = await runStudy(tinyStudy(join(folder, 'parts'), { images }));
        assert.deepEqual(again.records, merged);
      }));
  }

  it('stopped anywhere goes on, and its plan too', () =>
    withFolder(async (folder) => {
      const whole = await runStudy(tinyStudy(join(folder, 'whole'), { images: 3 }));
      const place = join(folder, 'parts');
      await plan(place, 3, 2);
      // As a kill in the middle of the plan leaves it: no plan.json, a torn last image.
      const planPath = join(place, 'plan.json');
      const finished = await readFile(planPath, 'utf8');
      await truncate(join(place, 'images.jsonl'), 150);
      await writeFile(planPath, '');
      await refusesInput(() => readPlan(place), '', /plan\.json.*empty/s);
      await rm(planPath);
      await refusesInput(() => readPlan(place), '', /landlens study plan/);
      const planned = await plan(place, 3, 2);
      assert.equal(await readFile(planPath, 'utf8'), finished);
      for (const shard of [0, 1]) {
        for (let runs = 0, isComplete = false; !isComplete; runs++) {
          assert.ok(runs < 20);
          const controller = new AbortController();
          let steps = 0;
          const stopping = (kinds: readonly string[]) => {
            const progress = quiet(kinds);
            return {
              ...progress,
              start(kind: string, label: string) {
                if (++steps === 2) controller.abort();
                progress.start(kind, label);
              },
            };
          };
          const options = { signal: controller.signal, createProgress: stopping };
          isComplete = (await runPart(planned, shard, tinyStudy(place), options)).complete;
        }
      }
      await mergeParts(planned);
      assert.deepEqual(timeless(await recordLines(place)), timeless(whole.records));
    }));

  it('says what is missing by the command that gets it, and how far each part is', () =>
    withFolder(async (folder) => {
      const planned = await plan(folder, 3, 3);
      await run(planned, 1);
      await refusesInput(
        () => mergeParts(planned),
        '',
        /8 records of 2 parts are missing.*study run \S+ --shard 0\n.*--shard 2/s,
      );
      const status = await statusOf(planned);
      assert.deepEqual(
        status.parts.map(({ state }) => state),
        ['not begun', 'done', 'not begun'],
      );
      assert.match(statusText(status), /1 of 3 parts done, 4 of 12 records/);
    }));

  it('tells the speed of the parts that run, and when the slowest ends', () => {
    const part = { shard: 0, done: 10, planned: 30, note: '' };
    const status = {
      parts: [
        { ...part, state: 'done' as const, costLeft: 0, speed: undefined },
        {
          ...part,
          shard: 1,
          state: 'running' as const,
          costLeft: 100,
          speed: 2,
          note: 'process 7 on node-3',
        },
        { ...part, shard: 2, state: 'not begun' as const, done: 0, costLeft: 100, speed: undefined },
        { ...part, shard: 3, state: 'not begun' as const, done: 0, costLeft: 100, speed: undefined },
      ],
      ...{ done: 20, planned: 120, secondsLeft: 3600, imagesPerHour: 12.345 },
    };
    assert.deepEqual(statusText(status).split('\n'), [
      'part 1: running, 10 of 30 records; process 7 on node-3',
      'parts 2 to 3: not begun',
      '1 of 4 parts done, 20 of 120 records; 12.3 images an hour, about 1 h 00 min left',
    ]);
  });

  it('tells a part that died without a word from one that runs', () =>
    withFolder(async (folder) => {
      const planned = await plan(folder, 1, 1);
      await run(planned, 0);
      const path = join(folder, 'parts', '0.json');
      const noted = JSON.parse(await readFile(path, 'utf8'));
      await writeFile(path, JSON.stringify({ ...noted, state: 'running', done: 2 }));
      assert.equal((await statusOf(planned)).parts[0].state, 'lost');
    }));

  it('refuses records that two parts have, takes the last of a part’s own, and names a damaged line', () =>
    withFolder(async (folder) => {
      const planned = await plan(folder, 2, 2);
      for (const shard of [0, 1]) await run(planned, shard);
      await mergeParts(planned);
      const before = await recordLines(folder);
      const path = recordsPath(folder, 0);
      const [own, other] = await Promise.all(
        [0, 1].map((shard) => readFile(recordsPath(folder, shard), 'utf8')),
      );
      // As where a map was lost: the image is measured again by that method.
      const [, record] = own.split('\n');
      const again: StudyRecord = JSON.parse(record);
      await appendFile(path, `${JSON.stringify({ ...again, metrics: { ...again.metrics, seconds: 7 } })}\n`);
      await mergeParts(planned);
      const after = await recordLines(folder);
      assert.deepEqual(timeless(after), timeless(before));
      assert.equal(after.filter(({ metrics }) => metrics.seconds === 7).length, 1);
      const [{ count }] = await queryStudy(folder, 'select count(*) as count from records where seconds = 7');
      assert.equal(count, 1);

      await writeFile(path, `${own}${other.split('\n')[0]}\n`);
      await refusesInput(() => mergeParts(planned), '.jsonl', /there twice: random of/);
      await writeFile(path, own.replace('"method"', '"meth'));
      await refusesInput(() => mergeParts(planned), '0.jsonl line 1', /not a record of the study/);
    }));

  it('is measured by one process at a time, and by what it was planned with alone', () =>
    withFolder(async (folder) => {
      const planned = await plan(folder, 2, 1);
      await withLock(recordsPath(folder, 0), 'file', () =>
        refusesInput(
          () => run(planned, 0),
          recordsPath(folder, 0),
          /another run is writing here: this process/,
        ),
      );
      const changed = { ...tinyStudy(folder), classifier: { ...tinyClassifier, hash: 'another' } };
      await refusesInput(
        () => runPart(planned, 0, changed, { createProgress: quiet }),
        '',
        /not what was planned: model\.hash "0123456789abcdef" there, "another" now/,
      );
    }));

  it('is planned once in a folder', () =>
    withFolder(async (folder) => {
      const first = await plan(folder, 3, 2);
      assert.deepEqual(await plan(folder, 3, 2), first);
      await refusesInput(() => plan(folder, 3, 4), '', /another plan: shards 2 there, 4 now/);
      await refusesInput(() => plan(folder, 4, 2), '', /another plan: images 3 there, 4 now/);
      await refusesInput(
        () =>
          planStudy(tinyStudy(folder, { images: 3, seed: 1 }), {
            ...sources,
            shards: 2,
            createProgress: quiet,
          }),
        '',
        /another study: seed 0 there, 1 now/,
      );
      assert.deepEqual(await readPlan(folder), first);
      await appendFile(join(folder, 'images.jsonl'), '{}\n');
      await refusesInput(() => readPlan(folder), '', /no longer what was planned/);
    }));

  it('never replaces records that another run has added to the folder', () =>
    withFolder(async (folder) => {
      const planned = await plan(folder, 1, 1);
      await run(planned, 0);
      await mergeParts(planned);
      await runStudy(tinyStudy(folder, { images: 2 }));
      const kept = await readFile(join(folder, 'records.jsonl'));
      await refusesInput(() => mergeParts(planned), folder, /what is not planned: random of/);
      assert.deepEqual(await readFile(join(folder, 'records.jsonl')), kept);
    }));

  it('shares work out by the plan alone', () =>
    withFolder(async (folder) => {
      const planned = await plan(folder, 5, 3);
      assert.deepEqual(unitsOf(await readPlan(folder)), unitsOf(planned));
    }));
});
