/** Names of SEN12MS patches and scenes, and the text lists of them that come with its toolbox. */
import { failAt } from '../../error.js';
import { readNameFile } from '../patchFolder.js';

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
  const where = JSON.stringify(name.slice(0, 80));
  throw failAt(where)('not the name of a SEN12MS patch', 'a name like ROIs1158_spring_s2_1_p30');
}

/**
 * The patch names, without their ending, in a list of s2 file names.
 * @throws InputError if the file is missing or has lines but no such name
 */
export const readNameList = (path: string): Promise<ReadonlySet<string>> =>
  readNameFile(path, {
    of: 'SEN12MS',
    like: 'ROIs1158_spring_s2_1_p30.tif',
    parse(line) {
      const name = line.replace(/\.tif$/, '');
      return pattern.test(name) ? name : undefined;
    },
  });

/**
 * The scenes, as season/number, in a list with lines like ROIs1158_spring/s1_63 (s1, s2 and lc share their numbers).
 * @throws InputError if the file is missing or has lines but no such scene
 */
export const readSceneList = (path: string): Promise<ReadonlySet<string>> =>
  readNameFile(path, {
    of: 'SEN12MS',
    like: 'ROIs1158_spring/s1_63',
    parse(line) {
      const [, season, scene] = /^(ROIs\d{4}_[a-z]+)[/\\](?:s1|s2|lc)_(\d{1,6})$/.exec(line) ?? [];
      return season && `${season}/${Number(scene)}`;
    },
  });
