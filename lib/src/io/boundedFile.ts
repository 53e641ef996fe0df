/** Opening files that are there: regular ones alone, so that no pipe or device holds a reader up, and of bounded size. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { InputError, messageOf } from '../error.js';

export interface OpenFileOptions {
  /** What the user can do where the file is missing, unreadable or no file. */
  readonly todo: string;
  /** What messages call the file; default: its path. */
  readonly where?: string;
  /** What it is; default: 'the file'. */
  readonly name?: string;
}

export interface OpenedFile {
  /** For reading; the caller closes it. */
  readonly handle: FileHandle;
  /** Bytes. */
  readonly size: number;
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
  const what = isMissing(thrown) ? `${name} does not exist` : `${name} cannot be read: ${messageOf(thrown)}`;
  return new InputError({ what, where, todo });
}

function requireRegular(status: Stats, path: string, { todo, where = path }: OpenFileOptions): void {
  if (status.isFile()) return;
  const got = status.isDirectory()
    ? 'a folder'
    : status.isFIFO()
      ? 'a pipe'
      : status.isSocket()
        ? 'a socket'
        : 'a device';
  throw new InputError({ what: 'not a regular file', where, expected: 'a file', got, todo });
}

/**
 * Opens a regular file for reading; links are followed.
 * @throws InputError if it is missing, unreadable or anything but a regular file, which is never waited for
 */
export async function openRegularFile(path: string, options: OpenFileOptions): Promise<OpenedFile> {
  let handle: FileHandle | undefined;
  try {
    // Asked before opening, which may set a device going; and once more of what was opened, which is what will be read.
    requireRegular(await stat(path), path, options);
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const status = await handle.stat();
    requireRegular(status, path, options);
    return { handle, size: status.size };
  } catch (thrown) {
    await handle?.close();
    throw refusal(path, options, thrown);
  }
}

/**
 * `length` bytes of an opened file from `offset`.
 * @throws InputError if they cannot be read, or the file ends before
 */
export async function readRange(
  { handle }: Pick<OpenedFile, 'handle'>,
  { offset, length, where, todo }: { offset: number; length: number; where: string; todo: string },
): Promise<Uint8Array> {
  try {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) {
        throw new InputError({ what: 'the file became shorter while it was read', where, todo });
      }
      done += bytesRead;
    }
    return bytes;
  } catch (thrown) {
    throw refusal(where, { todo }, thrown);
  }
}

/**
 * The bytes of a regular file; links are followed.
 * @throws InputError if it is missing, unreadable, not a regular file, empty or larger than `maximumBytes`
 */
export async function readBoundedFile(path: string, options: BoundedFileOptions): Promise<Uint8Array> {
  const { maximumBytes, todo, where = path } = options;
  const file = await openRegularFile(path, options);
  try {
    const { size } = file;
    if (size === 0 || size > maximumBytes) {
      const what = size === 0 ? 'the file is empty' : 'the file is too large';
      const expected = `a file of 1 to ${maximumBytes} bytes`;
      throw new InputError({ what, where, expected, got: `${size} bytes`, todo });
    }
    return await readRange(file, { offset: 0, length: size, where, todo });
  } finally {
    await file.handle.close();
  }
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
