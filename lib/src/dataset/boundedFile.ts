/** Reading a whole file into memory, never more than a stated number of bytes. */
import { readFile, stat } from 'node:fs/promises';
import { InputError, messageOf } from '../error.js';

export interface BoundedFileOptions {
  /** The most bytes that such a file can honestly have. */
  readonly maximumBytes: number;
  /** What the user can do where the file is missing, unreadable, empty or too large. */
  readonly todo: string;
}

/**
 * The bytes of a regular file; links are followed.
 * @throws InputError where it is missing, unreadable, not a regular file, empty or larger than `maximumBytes`
 */
export async function readBoundedFile(path: string, options: BoundedFileOptions): Promise<Uint8Array> {
  const { maximumBytes, todo } = options;
  const expected = `a file of 1 to ${maximumBytes} bytes`;
  try {
    // Asked before opening: opening a pipe would wait for ever, a device could be endless.
    const status = await stat(path);
    const { size } = status;
    if (!status.isFile()) {
      throw new InputError({ what: 'not a regular file', where: path, expected, todo });
    }
    if (size === 0 || size > maximumBytes) {
      const what = size === 0 ? 'the file is empty' : 'the file is too large';
      throw new InputError({ what, where: path, expected, got: `${size} bytes`, todo });
    }
    return new Uint8Array(await readFile(path));
  } catch (thrown) {
    if (thrown instanceof InputError) throw thrown;
    const missing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    const what = missing ? 'the file does not exist' : `the file cannot be read: ${messageOf(thrown)}`;
    throw new InputError({ what, where: path, todo });
  }
}
