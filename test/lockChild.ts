/** A process of the tests of locks and temporary files: `node … lockChild.ts <what> <path> [log]`. */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from '../lib/src/command/commandLine.js';
import { openPending } from '../lib/src/io/file.js';
import { withLock } from '../lib/src/io/lock.js';

const [, , what, path, log] = process.argv;

const works: Readonly<Record<string, () => Promise<void>>> = {
  /** Holds the lock until it is ended. */
  hold: () =>
    withLock(path, 'folder', async () => {
      process.stdout.write('held\n');
      await sleep(60_000);
    }),
  /** Holds the lock for a moment, and notes when it began and ended. */
  note: () =>
    withLock(path, 'folder', async () => {
      appendFileSync(log, 'begin\n');
      await sleep(30);
      appendFileSync(log, 'end\n');
    }),
  /** Half writes a file. */
  write: async () => {
    await (await openPending(path)).handle.writeFile('half');
    process.stdout.write('held\n');
    await sleep(60_000);
  },
};

await runCommand(async () => {
  await works[what]();
  return 0;
});
