/** Paths that a parsed file names: followed only where they stay inside its folder. */
import { realpath } from 'node:fs/promises';
import { isAbsolute, join, sep, win32 } from 'node:path';
import { failAt } from '../error.js';

/**
 * The real path of a file inside the folder.
 * @throws InputError for absolute paths, ".." and symbolic links that lead out; what `realpath` throws where there is no such file
 */
export async function resolveInside(folder: string, location: string, where: string): Promise<string> {
  const leaves =
    location === '' ||
    location.includes('\0') ||
    isAbsolute(location) ||
    win32.isAbsolute(location) ||
    /^[a-z]:/i.test(location) ||
    location.split(/[\\/]/).includes('..');
  if (!leaves) {
    const [root, path] = await Promise.all([realpath(folder), realpath(join(folder, location))]);
    if (path.startsWith(root.endsWith(sep) ? root : root + sep)) return path;
  }
  const fail = failAt(where, 'Do not use it unless you know why: such a path can read any file of yours.');
  const got = JSON.stringify(location.slice(0, 200));
  throw fail('asks for a file outside its folder', 'a relative path inside the folder', got);
}
