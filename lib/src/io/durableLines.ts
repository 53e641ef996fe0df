/** A file of JSON lines, appended durably and safe to kill: what was returned from is on disk, what was torn is cut off. */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { failAt, InputError } from '../error.js';
import { writeError } from './file.js';

export interface DurableLines<Item> {
  /** What the file held when it was opened. */
  readonly earlier: readonly Item[];
  /** Returns the items as a later run will read them, once they have reached the disk. */
  append(...items: readonly Item[]): Promise<readonly Item[]>;
  close(): Promise<void>;
}

const { O_RDWR, O_APPEND, O_CREAT, O_NONBLOCK = 0 } = constants;

/** For reading and appending, made where it is not there; a pipe is not waited for. */
const appending = O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK;

/**
 * Opens or creates the file. A last line without its line end was torn by a kill and is cut off.
 * @param parse reads one line; throws InputError, with `where`, for a line that is no item
 */
export async function openLines<Item>(
  path: string,
  parse: (line: string, where: string) => Item,
): Promise<DurableLines<Item>> {
  let handle: FileHandle;
  try {
    await mkdir(dirname(path), { recursive: true });
    handle = await open(path, appending);
  } catch (thrown) {
    throw writeError(path, thrown);
  }
  try {
    if (!(await handle.stat()).isFile())
      throw failAt(path, 'Choose another folder.')('not a regular file', 'a file to append to');
    const content = await handle.readFile();
    const { items: earlier, end } = parseLines(content, parse, path);
    if (end < content.length) {
      await handle.truncate(end);
      await handle.sync();
    }
    return {
      earlier,
      async append(...items) {
        const lines = items.map((item) => `${JSON.stringify(item)}\n`);
        const written = lines.map((line) => parse(line, `the next line of ${path}`));
        try {
          await handle.appendFile(lines.join(''));
          await handle.sync();
        } catch (thrown) {
          throw writeError(path, thrown);
        }
        return written;
      },
      close: () => handle.close(),
    };
  } catch (thrown) {
    await handle.close();
    throw thrown instanceof InputError ? thrown : writeError(path, thrown);
  }
}

/** The items of all lines that were written to their end, which is so many bytes from the start. */
export function parseLines<Item>(
  content: Buffer,
  parse: (line: string, where: string) => Item,
  path: string,
): { readonly items: readonly Item[]; readonly end: number } {
  const end = content.lastIndexOf('\n') + 1;
  const lines = content.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
  return { items: lines.map((line, i) => parse(line, `${path} line ${i + 1}`)), end };
}
