/** One writer at a time for a folder of results or a file: a lock that names its holder, and that a dead one does not keep. */
import { createHash, randomInt } from 'node:crypto';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { failAt, type InputError } from '../error.js';
import { isFile, writeError } from './file.js';
import { describeHolder, type Holder, holderOf, isDead, signature } from './holder.js';
import { findSigned, keepAtExit, removeAtExit } from './leftovers.js';

/** Milliseconds between two signs of life of a holder, which tell other hosts that it still runs. */
const heartbeat = 60_000;
/** Milliseconds without one after which a holder on another host, whose processes nobody here sees, counts as dead. */
const lease = 600_000;

/** Tries before a lock counts as held: two that begin at the same moment see, and both make way for, each other. */
const tries = 5;

/**
 * Runs `work` while no other process, and nothing else in this one, runs any for the same path.
 *
 * Each contender makes a file that only it can have made, since its name is its process, and then looks for those of
 * others: whoever sees a living one removes its own and makes way. Whichever of two came second sees the first, so that
 * never both go on. A file of a dead process is removed by anyone: its name never comes back, so nothing is taken over
 * that somebody else might have taken over meanwhile. On a folder that hosts share, a process of another host is dead
 * when its lock has not been touched for ten minutes by the clock of the file system; one that only slept meanwhile finds
 * its lock gone.
 * @param path a folder, whose lock lies in it, or a file, whose lock lies beside it
 * @param work is given a function that throws InputError where the lock is no longer its own
 * @param options wait: milliseconds in which another may end or turn out dead, before this gives up; default: 0
 * @throws InputError if another holds it, with its process, host and age
 */
export async function withLock<Result>(
  path: string,
  kind: 'folder' | 'file',
  work: (requireHeld: () => Promise<void>) => Promise<Result>,
  { wait = 0 }: { readonly wait?: number } = {},
): Promise<Result> {
  const { own, release } = await acquire(resolve(path), kind, wait);
  const beating = setInterval(() => void touch(own), heartbeat).unref();
  try {
    return await work(async () => {
      if (await isFile(own)) return;
      throw failAt(
        path,
        'Run the same command again once the other has ended.',
      )('another run has taken over, as this one had given no sign of life for ten minutes');
    });
  } finally {
    clearInterval(beating);
    await release();
  }
}

/** Gives a file the present time of its file system's clock, where it is still there. */
async function touch(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r+');
    await handle.write('.', 0).finally(() => handle.close());
  } catch {
    // Gone, or out of reach for now: who holds the lock asks before it writes.
  }
}

/** Who holds a path, as far as can be seen from here; undefined where nobody does. Nothing is changed. */
export async function holderAt(path: string, kind: 'folder' | 'file'): Promise<Holder | undefined> {
  const { folder, subject } = placeOf(resolve(path), kind);
  for (const { path: lock, start, signed } of await findSigned(folder, 'lock')) {
    const holder = holderOf(signed);
    if (holder === undefined || subjectOf(start) !== subject || isDead(holder)) continue;
    const touched = (await stat(lock).catch(() => undefined))?.mtimeMs ?? 0;
    if (Date.now() - touched <= lease) return holder;
  }
  return undefined;
}

/** Of subject and number, which make the start of a lock's name, the number alone may hold an x. */
const subjectOf = (start: string): string => start.slice(0, start.indexOf('x'));

function placeOf(
  path: string,
  kind: 'folder' | 'file',
): { readonly folder: string; readonly subject: string } {
  if (kind === 'folder') return { folder: path, subject: 'folder' };
  const subject = createHash('sha256').update(basename(path)).digest('hex').slice(0, 12);
  return { folder: dirname(path), subject };
}

let count = 0;

async function acquire(
  path: string,
  kind: 'folder' | 'file',
  wait: number,
): Promise<{ readonly own: string; readonly release: () => Promise<void> }> {
  const { folder, subject } = placeOf(path, kind);
  const deadline = Date.now() + wait;
  for (let attempt = 1; ; attempt++) {
    const own = join(folder, `.landlens-${subject}x${(count++).toString(36)}-${signature}.lock`);
    removeAtExit(own);
    const release = async (): Promise<void> => {
      await rm(own, { force: true });
      keepAtExit(own);
    };
    try {
      await mkdir(folder, { recursive: true });
      await (await open(own, 'wx')).close();
    } catch (thrown) {
      keepAtExit(own);
      throw writeError(own, thrown);
    }
    try {
      const other = await findOther(folder, subject, own);
      if (other === undefined) return { own, release };
      await release();
      if (attempt >= tries && Date.now() >= deadline) throw await heldBy(other, path);
    } catch (thrown) {
      await release();
      throw thrown;
    }
    await sleep(randomInt(20, attempt < tries ? 200 : 3000));
  }
}

interface Other {
  readonly path: string;
  readonly holder?: Holder;
}

/** A lock that somebody holds, as far as can be seen from here; those of dead processes are removed. */
async function findOther(folder: string, subject: string, own: string): Promise<Other | undefined> {
  for (const { path, start, signed } of await findSigned(folder, 'lock')) {
    if (path === own || subjectOf(start) !== subject) continue;
    const holder = holderOf(signed);
    const isGone = holder !== undefined && (isDead(holder) || (await isSilent(path, own)));
    if (!isGone) return { path, ...(holder && { holder }) };
    await rm(path, { force: true });
  }
  return undefined;
}

/** Whether a lock is older than the lease, by a lock that was made just now. */
async function isSilent(path: string, fresh: string): Promise<boolean> {
  const [then, now] = await Promise.all([path, fresh].map((each) => stat(each).catch(() => undefined)));
  return then !== undefined && now !== undefined && now.mtimeMs - then.mtimeMs > lease;
}

async function heldBy({ path, holder }: Other, where: string): Promise<InputError> {
  const since = await stat(path).then(
    ({ mtime }) => ` since ${mtime.toISOString().slice(0, 19).replace('T', ' ')} UTC`,
    () => '',
  );
  const who = holder === undefined ? 'of a process that it does not name' : describeHolder(holder);
  const todo = `Wait for it, stop it, or choose another place. If it no longer runs, delete ${path}.`;
  return failAt(where, todo)(`another run is writing here: ${who}${since}`);
}
