import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import type { Method } from '../../lib/src/attribution/attribution.js';
import { runOwnMethod } from '../../lib/src/study/ownMethods.js';
import { tinyMethods, tinyStudy, withFolder } from './fixture.js';

const [{ explain: band }, , { explain: cubed }] = tinyMethods;

/** Runs the method on 2 images and counts the steps that had to be computed. */
async function run(folder: string, method: Method, images = 2) {
  let steps = 0;
  const silent = { start: () => undefined, done: () => undefined, finish: () => undefined };
  const result = await runOwnMethod(tinyStudy(folder, { images }), method, {
    createProgress: (all) => {
      steps += all.length;
      return silent;
    },
  });
  return { ...result, steps };
}

describe('runOwnMethod', () => {
  const own: Method = { id: 'own', name: 'My own', explain: cubed };

  it('records the method under its name, and reads the records the next time', () =>
    withFolder(async (folder) => {
      const first = await run(folder, own);
      assert.deepEqual(
        first.records.map(({ method, name, abbreviation }) => [method, name, abbreviation]),
        [
          ['own', 'My own', 'My own'],
          ['own', 'My own', 'My own'],
        ],
      );
      assert.ok(first.records.every(({ metrics }) => metrics.maxSensitivity !== undefined));
      assert.equal(first.steps, 4);
      const again = await run(folder, own);
      assert.deepEqual([again.steps, again.records], [0, first.records]);
    }));

  it('goes on with more images where it was', () =>
    withFolder(async (folder) => {
      await run(folder, own);
      assert.equal((await run(folder, own, 3)).steps, 2);
    }));

  it('measures a method anew that computes something else under the same id', () =>
    withFolder(async (folder) => {
      const before = await run(folder, own);
      const changed = await run(folder, { ...own, explain: band });
      assert.equal(changed.steps, 4);
      assert.notEqual(changed.records[0].map, before.records[0].map);
      const shown = await run(folder, { ...own, reduction: 'absolute' });
      assert.equal(shown.steps, 4);
      assert.equal((await readdir(join(folder, 'own'))).length, 3);
      // What it was before is still there.
      assert.equal((await run(folder, own)).steps, 0);
    }));
});
