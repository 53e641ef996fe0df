/** Writing files so that nothing is ever half written. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError, messageOf } from './error.js';

/** Says in one sentence why a file could not be written (a full disk, no permission). */
export function writeError(path: string, thrown: unknown): InputError {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const todo =
    code === 'ENOSPC'
      ? 'The disk is full: free some space or choose another folder, then run the same command again.'
      : 'Check the folder and its permissions, then run the same command again.';
  return new InputError({ what: `could not be written: ${messageOf(thrown)}`, where: path, todo });
}

/** Writes a whole file durably: to a temporary neighbour, flushed to disk, then renamed over `path`. */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  let handle: FileHandle | undefined;
  try {
    await mkdir(dirname(path), { recursive: true });
    handle = await open(temporary, 'wx');
    await handle.writeFile(content);
    await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(temporary, path);
  } catch (thrown) {
    await handle?.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw writeError(path, thrown);
  }
}
