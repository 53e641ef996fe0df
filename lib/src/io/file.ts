/** Writing files so that nothing is ever half written. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { failAt, type InputError, messageOf } from '../error.js';
import { signature } from './holder.js';
import { keepAtExit, removeAtExit, removeLeftovers } from './leftovers.js';

/** What the operating system throws. */
export interface SystemError extends Error {
  readonly code: string;
  readonly path?: string;
}

export const isSystemError = (thrown: unknown): thrown is SystemError =>
  thrown instanceof Error && 'code' in thrown && 'syscall' in thrown && typeof thrown.code === 'string';

function todoAbout(code: string): string {
  return ['ENOSPC', 'EDQUOT'].includes(code)
    ? 'The disk is full: free some space or choose another folder, then run the same command again.'
    : 'Check the folder and its permissions, then run the same command again.';
}

/** Says in one sentence why a file could not be written (a full disk, no permission). */
export function writeError(path: string, thrown: unknown): InputError {
  const fail = failAt(path, todoAbout(isSystemError(thrown) ? thrown.code : ''));
  return fail(`could not be written: ${messageOf(thrown)}`);
}

/** Says in one sentence what the operating system refused, of which nobody knew more. */
export function systemError(thrown: SystemError): InputError {
  const { code, path = 'the operating system', message } = thrown;
  return failAt(path, todoAbout(code))(`stopped: ${message}`);
}

/** Whether a regular file of that name is there. */
export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}

/** A file that is written piece by piece under another name. */
export interface PendingFile {
  readonly handle: FileHandle;
  /** Its path for now, for others that write to it. */
  readonly temporary: string;
  /** Flushes it to disk and gives it its name. */
  commit(): Promise<void>;
  /** Removes it. */
  discard(): Promise<void>;
}

/**
 * Opens a temporary neighbour of `path`, whose folders are made. It is removed when the process ends before it is
 * committed; where it was killed, by the next that writes to the folder. InputError if that is not possible.
 */
export async function openPending(path: string): Promise<PendingFile> {
  const unique = randomUUID().replaceAll('-', '');
  const temporary = join(dirname(path), `.landlens-${unique}-${signature}.tmp`);
  let handle: FileHandle;
  try {
    await mkdir(dirname(path), { recursive: true });
    await removeLeftovers(dirname(path));
    removeAtExit(temporary);
    handle = await open(temporary, 'wx');
  } catch (thrown) {
    keepAtExit(temporary);
    throw writeError(path, thrown);
  }
  const discard = async (): Promise<void> => {
    await handle.close().catch(() => undefined);
    await rm(temporary, { force: true });
    keepAtExit(temporary);
  };
  return {
    handle,
    temporary,
    discard,
    async commit() {
      try {
        await handle.sync();
        await handle.close();
        await rename(temporary, path);
        keepAtExit(temporary);
      } catch (thrown) {
        await discard();
        throw writeError(path, thrown);
      }
    },
  };
}

/** Writes a whole file durably: to a temporary neighbour, flushed to disk, then renamed over `path`. */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const file = await openPending(path);
  try {
    await file.handle.writeFile(content);
  } catch (thrown) {
    await file.discard();
    throw writeError(path, thrown);
  }
  await file.commit();
}
