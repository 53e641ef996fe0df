/** The user's own copies of the notebooks, which exploring may rewrite: those that git tracks stay as they are. */
import { createHash } from 'node:crypto';
import { constants, copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError, writeFileAtomic } from '../lib/src/io/file.js';
import { listNotebooks } from './notebookRun.js';

/** Checksums of the originals that were copied, by file name. */
const listName = '.originals.json';

export interface CopiedNotebooks {
  /** Copied now. */
  readonly copied: readonly string[];
  /** Kept, although the original has changed since it was copied. */
  readonly outdated: readonly string[];
}

/**
 * Copies the repository's notebooks into a folder of the user's. A notebook that is there is never overwritten.
 * @param root of the repository
 */
export async function copyNotebooks(root: string, folder: string): Promise<CopiedNotebooks> {
  await mkdir(folder, { recursive: true });
  const list = join(folder, listName);
  const known = await readChecksums(list);
  const copied: string[] = [];
  const outdated: string[] = [];
  for (const name of await listNotebooks(root)) {
    const original = join(root, 'notebooks', name);
    const checksum = createHash('sha256')
      .update(await readFile(original))
      .digest('hex');
    try {
      // Fails where the file exists.
      await copyFile(original, join(folder, name), constants.COPYFILE_EXCL);
      known.set(name, checksum);
      copied.push(name);
    } catch (thrown) {
      if (!isSystemError(thrown) || thrown.code !== 'EEXIST') throw thrown;
      if (known.get(name) !== checksum) outdated.push(name);
    }
  }
  await writeFileAtomic(list, `${JSON.stringify(Object.fromEntries(known), undefined, 2)}\n`);
  return { copied, outdated };
}

async function readChecksums(path: string): Promise<Map<string, string>> {
  const checksums = new Map<string, string>();
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch {
    // Without the list all that is known is which files are there.
    return checksums;
  }
  if (typeof value !== 'object' || value === null) return checksums;
  for (const [name, checksum] of Object.entries(value)) {
    if (typeof checksum === 'string') checksums.set(name, checksum);
  }
  return checksums;
}
