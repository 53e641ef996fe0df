/** Names of SEN12MS patches and scenes, and the text lists of them that come with its toolbox. */

import { InputError } from '../../error.js';
import { readBoundedFile } from '../../io/boundedFile.js';

export interface Sen12msName {
  /** For example ROIs1158_spring. */
  readonly season: string;
  readonly scene: number;
  readonly patch: number;
}

const pattern = /^(ROIs\d{4}_[a-z]+)_s2_(0|[1-9]\d{0,5})_p(0|[1-9]\d{0,5})$/;

/** The parts of a name like ROIs1158_spring_s2_1_p30. */
export function parsePatchName(name: string): Sen12msName {
  const match = pattern.exec(name);
  if (match !== null) return { season: match[1], scene: Number(match[2]), patch: Number(match[3]) };
  throw new InputError({
    what: 'not the name of a SEN12MS patch',
    where: JSON.stringify(name.slice(0, 80)),
    expected: 'a name like ROIs1158_spring_s2_1_p30',
  });
}

/**
 * The patch names, without their ending, in a list of s2 file names.
 * @throws InputError if the file is missing or has lines but no such name
 */
export async function readNameList(path: string): Promise<ReadonlySet<string>> {
  return readList(path, 'ROIs1158_spring_s2_1_p30.tif', (line) => {
    const name = line.replace(/\.tif$/, '');
    return pattern.test(name) ? name : undefined;
  });
}

/**
 * The scenes, as season/number, in a list with lines like ROIs1158_spring/s1_63 (s1, s2 and lc share their numbers).
 * @throws InputError if the file is missing or has lines but no such scene
 */
export async function readSceneList(path: string): Promise<ReadonlySet<string>> {
  return readList(path, 'ROIs1158_spring/s1_63', (line) => {
    const match = /^(ROIs\d{4}_[a-z]+)[/\\](?:s1|s2|lc)_(\d{1,6})$/.exec(line);
    return match === null ? undefined : `${match[1]}/${Number(match[2])}`;
  });
}

async function readList(
  path: string,
  example: string,
  parse: (line: string) => string | undefined,
): Promise<ReadonlySet<string>> {
  const todo = `Name a text file with lines like ${example}, unpacked.`;
  const bytes = await readBoundedFile(path, { maximumBytes: 64 * 2 ** 20, todo });
  const lines = new TextDecoder().decode(bytes).split(/\r?\n/);
  const found = new Set(lines.map((line) => parse(line.trim())).filter((name) => name !== undefined));
  if (found.size > 0) return found;
  throw new InputError({
    what: 'the list holds no name of SEN12MS',
    where: path,
    expected: `lines like ${example}`,
    got: JSON.stringify(lines[0].slice(0, 60)),
    todo,
  });
}
