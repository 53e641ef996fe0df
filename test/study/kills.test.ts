/**
 * Studies in parts whose processes are killed at random, in every step: nothing is lost, nothing is doubled. KILLS=1000 npx mocha
 * test/study/kills.test.ts takes some half an hour; by default it is a few.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';
import { createRandom } from '../../lib/src/random.js';
import { runStudy } from '../../lib/src/study/run.js';
import { recordLines, timeless, tinyStudy, withFolder } from './fixture.js';

const child = fileURLToPath(new URL('./partChild.ts', import.meta.url));
const loader = fileURLToPath(new URL('../typescript.mjs', import.meta.url));
const wanted = Number(process.env.KILLS ?? 12);
const [images, shards] = [5, 3];

describe('a study whose processes are killed', function () {
  this.timeout(120_000 + 5000 * wanted);

  it(`${wanted} times, in every step, ends as if undisturbed`, () =>
    withFolder(async (parent) => {
      const random = createRandom('kills', wanted);
      const { records: whole } = await runStudy(tinyStudy(join(parent, 'whole'), { images }));
      let kills = 0;

      /** Runs a step; kills it somewhere, for as long as kills are left. */
      const attempt = async (step: string, folder: string, shard = 0): Promise<number | null> => {
        const argv = ['--import', loader, child, step, folder, `${images}`, `${shards}`, `${shard}`];
        const running = spawn(process.execPath, argv, {
          stdio: ['ignore', 'pipe', 'pipe'],
          env: { ...process.env, NODE_OPTIONS: '' },
        });
        let said = '';
        running.stderr.on('data', (piece) => {
          said += piece;
        });
        const ended = once(running, 'exit');
        if (kills < wanted) {
          await Promise.race([once(running.stdout, 'data'), ended]);
          await Promise.race([sleep(random.uniform(0, 700)), ended]);
          if (running.exitCode === null && running.kill('SIGKILL')) kills++;
        }
        const [code] = await ended;
        // Another process has the part or the folder, or a part is missing: one sentence, and nothing harmed.
        if (code === 1) assert.match(said, /another run is writing here|are missing/, said);
        return code;
      };
      const untilDone = async (step: string, folder: string): Promise<void> => {
        while ((await attempt(step, folder)) !== 0);
      };

      for (let study = 0; study === 0 || kills < wanted; study++) {
        const folder = join(parent, `study-${study}`);
        await untilDone('plan', folder);
        const left = new Set(Array.from({ length: shards }, (_, shard) => shard));
        while (left.size > 0) {
          // Two at a time, on one part now and then, by accident.
          const chosen = [random.pick([...left]), random.pick([...left])];
          const codes = await Promise.all(chosen.map((shard) => attempt('run', folder, shard)));
          for (const [i, code] of codes.entries()) if (code === 0) left.delete(chosen[i]);
        }
        await untilDone('merge', folder);
        await untilDone('submit', folder);
        assert.deepEqual(timeless(await recordLines(folder)), timeless(whole));
        for (const kind of ['maps', 'sheets']) {
          const names = async (place: string) =>
            (await readdir(join(parent, place, kind), { recursive: true })).sort();
          const own = (await names(`study-${study}`)).filter((name) => !/\.(tmp|lock)$/.test(name));
          assert.deepEqual(own, await names('whole'));
        }
      }
      assert.ok(kills >= wanted);
    }));
});
