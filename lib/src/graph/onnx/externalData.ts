/** Weights that lie in files beside the model: read only from inside the model's folder. */
import { open, stat } from 'node:fs/promises';
import { InputError, messageOf } from '../../error.js';
import { resolveInside } from '../../insideFolder.js';
import type { EntryMessage } from './schema.js';

function byteCount(text: string, where: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InputError({
    what: 'not a number of bytes',
    where,
    expected: 'a whole number from 0',
    got: `"${text.slice(0, 40)}"`,
  });
}

/** Says which weights could not be read where the file system refuses. */
async function readable<Result>(where: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (thrown) {
    if (thrown instanceof InputError) throw thrown;
    throw new InputError({
      what: `the file with the weights cannot be read: ${messageOf(thrown)}`,
      where,
      todo: 'Put it beside the model.',
    });
  }
}

/**
 * The bytes that `entries` (location, offset, length) name.
 * @param size the number of bytes that the tensor's dimensions need.
 * @throws InputError where the file is missing, lies outside `folder` or is too short.
 */
export async function readExternalData(
  entries: readonly EntryMessage[],
  { folder, size, where }: { folder: string | undefined; size: number; where: string },
): Promise<Uint8Array> {
  const fields = new Map(entries.map(({ key, value }) => [key, value]));
  if (folder === undefined) {
    throw new InputError({
      what: 'the weights lie in another file',
      where,
      todo: 'Read the model by its path, or pass `folder`.',
    });
  }
  const path = await readable(where, () => resolveInside(folder, fields.get('location') ?? '', where));
  const offset = byteCount(fields.get('offset') ?? '0', `${where}, external offset`);
  const length = byteCount(fields.get('length') ?? String(size), `${where}, external length`);
  const information = await readable(where, () => stat(path));
  if (!information.isFile()) throw new InputError({ what: 'not a regular file', where, got: path });
  if (length !== size || offset + length > information.size) {
    throw new InputError({
      what: 'the external data do not fit the tensor',
      where,
      expected: `${size} bytes from offset ${offset}`,
      got: `${length} bytes named, in a file of ${information.size} bytes`,
      todo: 'The files do not belong together, or one is damaged: download or export them again.',
    });
  }
  const bytes = new Uint8Array(length);
  const file = await readable(where, () => open(path));
  try {
    let read = 0;
    while (read < length) {
      const { bytesRead } = await readable(where, () => file.read(bytes, read, length - read, offset + read));
      if (bytesRead === 0) throw new InputError({ what: 'the file ended early', where, got: path });
      read += bytesRead;
    }
  } finally {
    await file.close();
  }
  return bytes;
}
