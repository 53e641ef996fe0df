/** What readers of folders of patches share: listing a folder, lists of names, and the errors where nothing is found. */
import { readdir } from 'node:fs/promises';
import { failAt, type InputError, messageOf } from '../error.js';
import { readBoundedFile } from '../io/boundedFile.js';

/** The names of what a folder holds. InputError if it cannot be listed. */
export async function listFolder(folder: string, todo: string): Promise<readonly string[]> {
  return readdir(folder).catch((thrown) => {
    throw failAt(folder, todo)(`the folder cannot be listed: ${messageOf(thrown)}`);
  });
}

/** For a folder with entries, but none of those that are looked for. */
export function noPatches(
  folder: string,
  { of, like, todo }: { readonly of: string; readonly like: string; readonly todo: string },
  entries: readonly string[],
): InputError {
  const shown = entries.slice(0, 3).map((entry) => JSON.stringify(entry));
  return failAt(folder, todo)(
    `the folder holds no ${of} patches`,
    like,
    shown.join(', ') || 'an empty folder',
  );
}

/**
 * What `parse` finds in the lines of a text file.
 * @param like an example of a line
 * @throws InputError if the file is missing or has lines but nothing is found in them (a compressed list, say)
 */
export async function readNameFile(
  path: string,
  { of, like, parse }: { of: string; like: string; parse: (line: string) => string | undefined },
): Promise<ReadonlySet<string>> {
  const todo = `Name a text file of names of ${of}, one a line, unpacked.`;
  const bytes = await readBoundedFile(path, { maximumBytes: 64 * 2 ** 20, todo });
  const lines = new TextDecoder().decode(bytes).split(/\r?\n/);
  const found = new Set(lines.map((line) => parse(line.trim())).filter((name) => name !== undefined));
  if (found.size > 0) return found;
  const got = JSON.stringify(lines[0].slice(0, 60));
  throw failAt(path, todo)(`the list holds no name of ${of}`, `lines like ${like}`, got);
}
