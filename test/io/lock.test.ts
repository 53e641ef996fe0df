import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';
import { packDataset } from '../../lib/src/dataset/packed/pack.js';
import { InputError } from '../../lib/src/error.js';
import { openPending, writeFileAtomic } from '../../lib/src/io/file.js';
import { signature } from '../../lib/src/io/holder.js';
import { withLock } from '../../lib/src/io/lock.js';
import { runStudy } from '../../lib/src/study/run.js';
import { tinyDataset, tinyStudy } from '../study/fixture.js';

const child = fileURLToPath(new URL('../lockChild.ts', import.meta.url));
const loader = fileURLToPath(new URL('../typescript.mjs', import.meta.url));

const start = (...argv: readonly string[]): ChildProcess =>
  spawn(process.execPath, ['--import', loader, child, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });

/** A child that has the lock, or the half-written file. */
async function holding(what: 'hold' | 'write', path: string): Promise<ChildProcess> {
  const holder = start(what, path);
  if (holder.stdout === null) throw new Error('no output');
  await once(holder.stdout, 'data');
  return holder;
}

async function end(holder: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = once(holder, 'exit');
  holder.kill(signal);
  await ended;
}

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'landlens-lock-'));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const work = async (): Promise<string> => 'done';
const ownFiles = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder)).filter((name) => name.startsWith('.landlens-'));

describe('a lock', () => {
  it('keeps other processes from a folder, and names its holder; a killed holder does not keep it', () =>
    withFolder(async (folder) => {
      const holder = await holding('hold', folder);
      try {
        const named = new RegExp(`another run is writing here: process ${holder.pid} since \\d{4}-`);
        await assert.rejects(withLock(folder, 'folder', work), named);
        await assert.rejects(runStudy(tinyStudy(folder)), named);
        await assert.rejects(packDataset(tinyDataset, folder), named);
        assert.equal(await withLock(join(folder, 'inner'), 'folder', work), 'done');
      } finally {
        await end(holder, 'SIGKILL');
      }
      assert.equal((await ownFiles(folder)).length, 1, 'what the kill left');
      assert.equal(await withLock(folder, 'folder', work), 'done');
      assert.deepEqual(await ownFiles(folder), []);
    }));

  it('goes with its holder when that is told to end', () =>
    withFolder(async (folder) => {
      for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
        await end(await holding('hold', folder), signal);
        assert.deepEqual(await ownFiles(folder), [], signal);
      }
    }));

  it('is had by one at a time, also where several find that of a dead process', () =>
    withFolder(async (folder) => {
      await end(await holding('hold', folder), 'SIGKILL');
      const log = join(folder, 'log');
      await writeFile(log, '');
      const children = Array.from({ length: 6 }, () => start('note', folder, log));
      const codes = await Promise.all(children.map(async (each) => (await once(each, 'exit'))[0]));
      const lines = (await readFile(log, 'utf8')).trim().split('\n');
      assert.ok(codes.includes(0), 'one had it');
      assert.deepEqual(
        lines,
        codes.filter((code) => code === 0).flatMap(() => ['begin', 'end']),
      );
      assert.deepEqual(await ownFiles(folder), []);
    }));

  it('is released where the work fails, and is not had twice in one process', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'out.tif');
      const twice = withLock(path, 'file', () => withLock(path, 'file', work));
      await assert.rejects(twice, /out\.tif: another run is writing here: this process/);
      assert.equal(await withLock(join(folder, 'a'), 'file', () => withLock(path, 'file', work)), 'done');
      assert.deepEqual(await ownFiles(folder), []);
    }));

  it('is seen whatever its number is', () =>
    withFolder(async (folder) => {
      // Numbers are written in base 36: the 34th of a process is "x", as what stands between subject and number.
      const seen = new Set<boolean>();
      for (let i = 0; i < 72 && seen.size < 2; i++) {
        await withLock(folder, 'folder', async () => {
          const [name] = await ownFiles(folder);
          const isOdd = /^\.landlens-folderx[^-]*x/.test(name);
          if (seen.has(isOdd)) return;
          seen.add(isOdd);
          await assert.rejects(withLock(folder, 'folder', work), /another run is writing here/);
        });
      }
      assert.equal(seen.size, 2);
    }));

  it('of another host is respected, and the message says how to remove it', () =>
    withFolder(async (folder) => {
      const name = `.landlens-folderx0-1-1-${encodeURIComponent(`not-${hostname()}`)}.lock`;
      await writeFile(join(folder, name), '');
      await assert.rejects(withLock(folder, 'folder', work), (thrown) => {
        assert.ok(thrown instanceof InputError);
        assert.ok(thrown.message.includes(`process 1 on not-${hostname()} since `), thrown.message);
        assert.ok(thrown.message.includes(`delete ${join(folder, name)}`), thrown.message);
        return true;
      });
      assert.deepEqual(await ownFiles(folder), [name]);
    }));

  it('of another host is not kept by one that has given no sign of life for ten minutes', () =>
    withFolder(async (folder) => {
      const path = join(folder, `.landlens-folderx0-1-1-${encodeURIComponent(`not-${hostname()}`)}.lock`);
      const minutesAgo = (minutes: number): Date => new Date(Date.now() - 60_000 * minutes);
      await writeFile(path, '');
      await utimes(path, minutesAgo(9), minutesAgo(9));
      await assert.rejects(withLock(folder, 'folder', work), /another run is writing here/);
      await utimes(path, minutesAgo(11), minutesAgo(11));
      assert.equal(await withLock(folder, 'folder', work), 'done');
      assert.deepEqual(await ownFiles(folder), []);
    }));

  it('is waited for, where that is asked for, until its holder has ended', () =>
    withFolder(async (folder) => {
      const holder = await holding('hold', folder);
      const ended = sleep(1500).then(() => end(holder, 'SIGKILL'));
      assert.equal(await withLock(folder, 'folder', work, { wait: 60_000 }), 'done');
      await ended;
    }));

  it('tells its holder when it has been taken over', () =>
    withFolder(async (folder) => {
      await withLock(folder, 'folder', async (requireHeld) => {
        await requireHeld();
        // What a process does that takes this one, which it does not see, for dead.
        for (const name of await ownFiles(folder)) await rm(join(folder, name));
        await assert.rejects(requireHeld(), /another run has taken over/);
      });
    }));

  it('of a process whose number another has now is not kept', function () {
    if (process.platform !== 'linux') this.skip();
    return withFolder(async (folder) => {
      const [pid, , ...host] = signature.split('-');
      await writeFile(join(folder, `.landlens-folderx0-${pid}-1-${host.join('-')}.lock`), '');
      assert.equal(await withLock(folder, 'folder', work), 'done');
    });
  });
});

describe('temporary files', () => {
  it('of a killed process are removed by the next; those of a living one, and of others, are left', () =>
    withFolder(async (folder) => {
      const target = join(folder, 'map.tif');
      const [living, killed] = [await holding('write', target), await holding('write', target)];
      await end(killed, 'SIGKILL');
      try {
        await writeFile(join(folder, '.other.tmp'), 'not ours');
        assert.equal((await ownFiles(folder)).length, 2);
        await writeFileAtomic(join(folder, 'next'), 'x');
        const [left, ...more] = await ownFiles(folder);
        assert.ok(left.includes(`-${living.pid}-`) && more.length === 0, left);
      } finally {
        await end(living, 'SIGTERM');
      }
      assert.deepEqual((await readdir(folder)).sort(), ['.other.tmp', 'next'], 'a signal removes its own');
    }));

  it('are gone once they are committed or discarded', () =>
    withFolder(async (folder) => {
      await mkdir(join(folder, 'deep'));
      const [kept, dropped] = [await openPending(join(folder, 'a')), await openPending(join(folder, 'b'))];
      assert.equal((await ownFiles(folder)).length, 2);
      await kept.commit();
      await dropped.discard();
      assert.deepEqual((await readdir(folder)).sort(), ['a', 'deep']);
    }));
});
