/** Opening files that are there: regular ones alone, so that no pipe or device holds a reader up, and of bounded size. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { failAt, InputError, messageOf } from '../error.js';
import type { ByteSource } from './byteSource.js';

export interface OpenFileOptions {
  /** What the user can do where the file is missing, unreadable or no file. */
  readonly todo: string;
  /** What messages call the file; default: its path. */
  readonly where?: string;
  /** What it is; default: 'the file'. */
  readonly name?: string;
}

/** A file that is open for reading; the caller closes it. */
export interface OpenedFile extends ByteSource {
  readonly handle: FileHandle;
}

export interface BoundedFileOptions extends OpenFileOptions {
  /** The most bytes that such a file can honestly have. */
  readonly maximumBytes: number;
}

const isMissing = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';

/** One sentence for whatever the file system answered. */
function refusal(
  path: string,
  { todo, where = path, name = 'the file' }: OpenFileOptions,
  thrown: unknown,
): InputError {
  if (thrown instanceof InputError) return thrown;
  const what = isMissing(thrown) ? 'does not exist' : `cannot be read: ${messageOf(thrown)}`;
  return failAt(where, todo)(`${name} ${what}`);
}

function requireRegular(status: Stats, path: string, { todo, where = path }: OpenFileOptions): void {
  if (status.isFile()) return;
  const kinds = {
    'a folder': status.isDirectory(),
    'a pipe': status.isFIFO(),
    'a socket': status.isSocket(),
  };
  const [got] = Object.entries(kinds).find(([, is]) => is) ?? ['a device'];
  throw failAt(where, todo)('not a regular file', 'a file', got);
}

/**
 * Opens a regular file for reading; links are followed.
 * @throws InputError if it is missing, unreadable or anything but a regular file, which is never waited for
 */
export async function openRegularFile(path: string, options: OpenFileOptions): Promise<OpenedFile> {
  let opened: FileHandle | undefined;
  try {
    // Asked before opening, which may set a device going; and once more of what was opened, which is what will be read.
    requireRegular(await stat(path), path, options);
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    opened = handle;
    const status = await handle.stat();
    requireRegular(status, path, options);
    return {
      handle,
      size: status.size,
      read: (offset, length) =>
        readRange(handle, offset, length).catch((thrown) => {
          throw refusal(path, options, thrown);
        }),
      close: () => handle.close(),
    };
  } catch (thrown) {
    await opened?.close();
    throw refusal(path, options, thrown);
  }
}

async function readRange(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) throw new Error('it became shorter while it was read');
    done += bytesRead;
  }
  return bytes;
}

/** Opens a regular file, as `openRegularFile`, for as long as it is used. */
export async function useFile<T>(
  path: string,
  options: OpenFileOptions,
  use: (file: OpenedFile) => Promise<T>,
): Promise<T> {
  const file = await openRegularFile(path, options);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/**
 * The bytes of a regular file; links are followed.
 * @throws InputError if it is missing, unreadable, not a regular file, empty or larger than `maximumBytes`
 */
export async function readBoundedFile(path: string, options: BoundedFileOptions): Promise<Uint8Array> {
  const { maximumBytes, todo, where = path } = options;
  return useFile(path, options, async ({ size, read }) => {
    if (size > 0 && size <= maximumBytes) return read(0, size);
    const what = size === 0 ? 'the file is empty' : 'the file is too large';
    throw failAt(where, todo)(what, `a file of 1 to ${maximumBytes} bytes`, `${size} bytes`);
  });
}

/** As `readBoundedFile`, but undefined if there is no such file. */
export async function readIfPresent(
  path: string,
  options: BoundedFileOptions,
): Promise<Uint8Array | undefined> {
  try {
    await stat(path);
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw refusal(path, options, thrown);
  }
  return readBoundedFile(path, options);
}
