/** Lists of BigEarthNet v1 patch names: the official splits and the patches best left out. */

import { InputError } from '../../error.js';
import { readBoundedFile } from '../../io/boundedFile.js';

/** For example S2A_MSIL2A_20170613T101031_87_48: satellite, product, sensing time, column and row in its tile. */
export function isPatchName(text: string): boolean {
  return /^S2[A-Z]_MSIL2A_\d{8}T\d{4,6}_\d{1,3}_\d{1,3}$/.test(text);
}

/**
 * The patch names in the first column of a CSV file, with or without a heading.
 * @throws InputError if the file is missing or has lines but no patch name (a compressed list, say)
 */
export async function readPatchList(path: string): Promise<Set<string>> {
  const todo = 'Name a CSV file of BigEarthNet v1 patch names, one a line, unpacked.';
  const bytes = await readBoundedFile(path, { maximumBytes: 64 * 2 ** 20, todo });
  const lines = new TextDecoder().decode(bytes).split(/\r?\n/);
  const names = new Set(
    lines.map((line) => line.split(',', 1)[0].replaceAll('"', '').trim()).filter(isPatchName),
  );
  if (names.size === 0) {
    throw new InputError({
      what: 'the list holds no patch name',
      where: path,
      expected: 'lines like S2A_MSIL2A_20170613T101031_87_48',
      got: JSON.stringify(lines[0].slice(0, 60)),
      todo,
    });
  }
  return names;
}
