import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { InputError } from '../../lib/src/error.js';
import { safeFileName } from '../../lib/src/io/fileName.js';
import type { CreateProgress, Progress } from '../../lib/src/io/progress.js';
import { readMap, writeMap } from '../../lib/src/study/maps.js';
import { randomBaseline, type StudyRecord } from '../../lib/src/study/records.js';
import { runStudy } from '../../lib/src/study/run.js';
import type { Study } from '../../lib/src/study/study.js';
import { summarise } from '../../lib/src/study/summary.js';
import { table3Text } from '../../lib/src/study/tables.js';
import { readRecords, timeless, tinyDataset, tinyMethods, tinyStudy, withFolder } from './fixture.js';

async function table(records: readonly StudyRecord[]): Promise<string> {
  const still = records.map((record) => ({ ...record, metrics: { ...record.metrics, seconds: 0 } }));
  return table3Text(await summarise(still, tinyMethods, { dataset: tinyDataset, model: 'Tiny' }));
}

/** A progress that stops the study at its n-th step. */
function stopAt(n: number): { readonly signal: AbortSignal; readonly createProgress: () => Progress } {
  const controller = new AbortController();
  let steps = 0;
  return {
    signal: controller.signal,
    createProgress: () => ({
      start() {
        if (++steps === n) controller.abort();
      },
      done: () => undefined,
      finish: () => undefined,
    }),
  };
}

describe('runStudy', () => {
  it('measures every image with every method and the random baseline', () =>
    withFolder(async (folder) => {
      const { complete, records } = await runStudy(tinyStudy(folder));
      assert.ok(complete);
      assert.deepEqual(
        records.map(({ method }) => method),
        [...['random', 'saliency', 'grad-cam', 'lime'], ...['random', 'saliency', 'grad-cam', 'lime']],
      );
      for (const { method, metrics, target, localisation } of records) {
        assert.ok(target.truePositive && target.score > 0.5, target.name);
        assert.equal(localisation?.area, 0.5);
        assert.equal(metrics.maxSensitivity === undefined, method === 'random');
        assert.equal(metrics.morf[0], target.score);
      }
      const byMethod = new Map(records.map((record) => [record.method, record]));
      const auc = (id: string): number => byMethod.get(id)?.metrics.aucMorf ?? Number.NaN;
      // LIME here ranks the bright half first, whereas the all-zero map knows nothing.
      assert.ok(auc('lime') < auc('grad-cam'));
      assert.equal(byMethod.get('lime')?.localisation?.hit, 1);
      assert.equal(byMethod.get('grad-cam')?.metrics.maxSensitivity, 0);
      assert.equal(byMethod.get('grad-cam')?.localisation?.share, undefined);
    }));

  it('keeps maps and sheets in the folder, whatever the patches are called', () =>
    withFolder(async (folder) => {
      await runStudy(tinyStudy(join(folder, 'out')));
      assert.deepEqual(await readdir(folder), ['out']);
      assert.deepEqual((await readdir(join(folder, 'out'))).sort(), [
        ...['maps', 'records.jsonl', 'sheets', 'study.json'],
      ]);
      const sheets = await readdir(join(folder, 'out', 'sheets'));
      assert.equal(sheets.length, 2);
      for (const name of sheets) assert.match(name, /^tiny_\d+-[0-9a-f]{8}\.png$/);
    }));

  it('stopped at any step and started again ends as if undisturbed', () =>
    withFolder(async (folder) => {
      const whole = await runStudy(tinyStudy(join(folder, 'whole')));
      for (let step = 1; step < whole.records.length; step++) {
        const study = tinyStudy(join(folder, `${step}`));
        const stopped = await runStudy(study, stopAt(step));
        assert.equal(stopped.complete, false);
        assert.equal(stopped.records.length, step);
        const continued = await runStudy(study);
        assert.ok(continued.complete);
        assert.deepEqual(timeless(continued.records), timeless(whole.records));
        assert.equal(await table(continued.records), await table(whole.records));
      }
    }));

  it('killed while it writes a record ends as if undisturbed', () =>
    withFolder(async (folder) => {
      const study = tinyStudy(folder);
      const whole = await runStudy(study);
      const { length } = await readRecords(folder);
      for (const cut of [1, 2, 100, 500, 1500, length - 1]) {
        await truncate(join(folder, 'records.jsonl'), length - cut);
        const continued = await runStudy(study);
        assert.deepEqual(timeless(continued.records), timeless(whole.records));
      }
    }));

  it('measures again where a map was lost', () =>
    withFolder(async (folder) => {
      const study = tinyStudy(folder);
      const whole = await runStudy(study);
      const [image] = await readdir(join(folder, 'maps'));
      await truncate(join(folder, 'maps', image, 'lime.tif'), 7);
      const continued = await runStudy(study);
      assert.deepEqual(timeless(continued.records), timeless(whole.records));
      assert.ok((await readFile(join(folder, 'maps', image, 'lime.tif'))).length > 4 * 144);
    }));

  it('refuses a map whose values have changed, and measures anew once it is deleted', () =>
    withFolder(async (folder) => {
      const study = tinyStudy(folder);
      const whole = await runStudy(study);
      const patch = await tinyDataset.read('test', whole.records[0].imageIndex);
      const path = join(folder, 'maps', safeFileName(patch.name), 'lime.tif');
      const map = await readMap(folder, patch, 'lime');
      map[7] *= 1.0001;
      await writeMap(folder, patch, 'lime', map);
      // No sheet shows it either.
      await assert.rejects(readMap(folder, patch, 'lime', whole.records[0]), /not the map that was recorded/);
      await assert.rejects(runStudy(study), /lime\.tif: not the map that was recorded.*Delete the file/);
      await rm(path);
      assert.deepEqual(timeless((await runStudy(study)).records), timeless(whole.records));
    }));

  it('refuses records of another study, also where its manifest is gone or edited', () =>
    withFolder(async (folder) => {
      const { classifier } = tinyStudy(folder);
      const normalisation = { mean: [1], deviation: [2] };
      const others: readonly Partial<Study>[] = [
        { seed: 7 },
        { preset: 'paper' },
        { dataset: { ...tinyDataset, name: 'other' } },
        { selection: { split: 'test', className: 'Sand' } },
        { classifier: { ...classifier, hash: 'fedcba9876543210' } },
        // The same file, described otherwise.
        { classifier: { ...classifier, normalisation } },
        { methods: tinyMethods.map((method) => ({ ...method, explain: tinyMethods[2].explain })) },
      ];
      for (const [i, changes] of others.entries()) {
        const out = join(folder, `${i}`);
        await runStudy(tinyStudy(out, { images: 1 }));
        await rm(join(out, 'study.json'));
        const again = runStudy(tinyStudy(out, { images: 2, ...changes }));
        await assert.rejects(
          again,
          /(records\.jsonl line|next line of).*another study/,
          JSON.stringify(changes),
        );
      }
    }));

  it('refuses a seed that is none', () =>
    withFolder(async (folder) => {
      for (const seed of [-1, 0.5, Number.NaN, 2 ** 32]) {
        await assert.rejects(runStudy(tinyStudy(folder, { seed })), /seed: not a seed.*from 0 to 4294967295/);
      }
    }));

  it('grows by images and methods without measuring anything twice', () =>
    withFolder(async (folder) => {
      const small = await runStudy(tinyStudy(folder, { images: 1, methods: tinyMethods.slice(0, 1) }));
      assert.equal(small.records.length, 2);
      const steps: string[] = [];
      const createProgress = (): Progress => ({
        start: (kind) => steps.push(kind),
        done: () => undefined,
        finish: () => undefined,
      });
      const grown = await runStudy(tinyStudy(folder, { images: 3 }), { createProgress });
      assert.equal(grown.records.length, 12);
      assert.equal(steps.length, 10);
      const fresh = await withFolder((other) => runStudy(tinyStudy(other, { images: 3 })));
      assert.deepEqual(timeless(grown.records), timeless(fresh.records));
    }));

  it('weighs each step by the passes that its method states, MoRF and Max-Sensitivity included', () =>
    withFolder(async (folder) => {
      let cost: ((kind: string) => number) | undefined;
      const createProgress: CreateProgress = (_, options) => {
        cost = options?.cost;
        return { start: () => undefined, done: () => undefined, finish: () => undefined };
      };
      const [cheap, dear] = tinyMethods;
      const methods = [cheap, { ...dear, passes: 300 }];
      await runStudy(tinyStudy(folder, { images: 1, methods }), { createProgress });
      const baseline = cost?.(randomBaseline) ?? 0;
      // 144 pixels, 20 % of what is left at a step; then one timed explanation and three of Max-Sensitivity.
      assert.ok(Math.abs(baseline - Math.log(144) / Math.log(1.25)) < 1e-9, `${baseline}`);
      assert.ok(Math.abs((cost?.(dear.id) ?? 0) - baseline - 4 * 300) < 1e-9);
      assert.ok(Math.abs((cost?.(cheap.id) ?? 0) - baseline - 4 * 3) < 1e-9);
    }));

  it('refuses a folder of another study and names every difference', () =>
    withFolder(async (folder) => {
      await runStudy(tinyStudy(folder));
      const other = tinyStudy(folder, {
        preset: 'paper',
        seed: 7,
        classifier: { ...tinyStudy(folder).classifier, hash: 'fedcba9876543210' },
      });
      await assert.rejects(runStudy(other), (thrown) => {
        assert.ok(thrown instanceof InputError);
        for (const name of [
          'preset "quick" there, "paper" now',
          'seed 0 there, 7 now',
          'model.hash',
          'draws 3 there',
        ])
          assert.ok(thrown.message.includes(name), `${name} in ${thrown.message}`);
        return true;
      });
    }));

  it('refuses a method whose parameters have changed', () =>
    withFolder(async (folder) => {
      await runStudy(tinyStudy(folder, { images: 1 }));
      const [saliency, ...rest] = tinyMethods;
      const changed = { ...saliency, explain: tinyMethods[2].explain };
      const study = tinyStudy(folder, { methods: [changed, ...rest] });
      await assert.rejects(runStudy(study), /methods\.saliency\.power 1 there, 3 now/);
    }));

  it('refuses a manifest that is no JSON, and one of another kind', () =>
    withFolder(async (folder) => {
      for (const content of ['{"preset":', '[]', 'null', '"x"', '{"methods": 3}']) {
        await writeFile(join(folder, 'study.json'), content);
        await assert.rejects(runStudy(tinyStudy(folder)), InputError, content);
      }
    }));

  it('refuses a test image that is no longer the one that was recorded', () =>
    withFolder(async (folder) => {
      await runStudy(tinyStudy(folder));
      const dataset = {
        ...tinyDataset,
        read: async (...args: Parameters<typeof tinyDataset.read>) => ({
          ...(await tinyDataset.read(...args)),
          name: 'renamed',
        }),
      };
      await assert.rejects(runStudy(tinyStudy(folder, { dataset })), /no longer the one.*"renamed"/);
    }));

  it('refuses a model that does not fit the data set', () =>
    withFolder(async (folder) => {
      const { classifier } = tinyStudy(folder);
      const unfit = [
        { changes: { bands: [...classifier.bands].reverse() }, message: /bands/ },
        { changes: { size: [256, 256] as const }, message: /image sizes/ },
        { changes: { classes: ['sand', 'forest'] }, message: /classes/ },
      ];
      for (const { changes, message } of unfit) {
        const study = tinyStudy(folder, { classifier: { ...classifier, ...changes } });
        await assert.rejects(runStudy(study), message);
      }
      await assert.rejects(runStudy(tinyStudy(folder, { images: 21 })), /expected at most 20, got 21/);
    }));

  it('says that the disk is full, and continues once there is space', async function () {
    await withFolder(async (folder) => {
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=72k', 'tmpfs', folder], { stdio: 'ignore' });
      } catch {
        console.log('      (needs the right to mount a small file system)');
        this.skip();
      }
      try {
        const study = tinyStudy(folder);
        await assert.rejects(runStudy(study), /The disk is full.*run the same command again/);
        execFileSync('mount', ['-o', 'remount,size=16m', folder]);
        const whole = await withFolder((other) => runStudy(tinyStudy(other)));
        assert.deepEqual(timeless((await runStudy(study)).records), timeless(whole.records));
      } finally {
        execFileSync('umount', [folder]);
      }
    });
  });
});
