/** Files that exist only while this process runs: removed when it ends, or by the next one where it was killed. */
import { rmSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { holderOf, isDead } from './holder.js';

const present = new Set<string>();

/** Removes the file when the process ends, however its code ends it; commands end by code on signals too. */
export function removeAtExit(path: string): void {
  if (present.size === 0) process.once('exit', removePresent);
  present.add(path);
}

/** The file is gone, or has become one that stays. */
export function keepAtExit(path: string): void {
  present.delete(path);
  if (present.size === 0) process.off('exit', removePresent);
}

function removePresent(): void {
  for (const path of present) {
    try {
      rmSync(path, { force: true });
    } catch {
      // The process ends; the next one removes it.
    }
  }
}

/** The folder's files of this kind with the process that each is of: `.landlens-<rest><signature>.<kind>`. */
export async function findSigned(
  folder: string,
  kind: 'lock' | 'tmp',
): Promise<{ readonly path: string; readonly start: string; readonly signed: string }[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.flatMap((name) => {
    const [, start, signed, ending] = /^\.landlens-([0-9a-z]+)-(.+)\.(lock|tmp)$/.exec(name) ?? [];
    return ending === kind ? [{ path: join(folder, name), start, signed }] : [];
  });
}

const swept = new Set<string>();

/** Once for each folder: removes the temporary files of landlens whose processes have ended. */
export async function removeLeftovers(folder: string): Promise<void> {
  if (swept.has(folder)) return;
  swept.add(folder);
  for (const { path, signed } of await findSigned(folder, 'tmp')) {
    const holder = holderOf(signed);
    if (holder !== undefined && isDead(holder)) await rm(path, { force: true }).catch(() => undefined);
  }
}
