/** The simplified IGBP scheme of SEN12MS: 10 classes made of the 17 codes of its land-cover maps. */
import type { Fail } from '../../error.js';
import { masksOfCodes } from '../classMask.js';

/** Each class and the IGBP codes in it (Schmitt and Wu 2021, table 1). */
const grouping: readonly (readonly [name: string, codes: readonly number[]])[] = [
  ['Forest', [1, 2, 3, 4, 5]],
  ['Shrubland', [6, 7]],
  ['Savanna', [8, 9]],
  ['Grassland', [10]],
  ['Wetlands', [11]],
  ['Croplands', [12, 14]],
  ['Urban/Built-up', [13]],
  ['Snow/Ice', [15]],
  ['Barren', [16]],
  ['Water', [17]],
];

export const sen12msClasses: readonly string[] = grouping.map(([name]) => name);

const classByCode: ReadonlyMap<number, number> = new Map(
  grouping.flatMap(([, codes], index) => codes.map((code): [number, number] => [code, index])),
);

/** What MODIS (MCD12Q1) writes where inputs were missing: a pixel of no class. */
const unclassified = 255;

/** A class is a label from this share of the pixels on. */
const leastShare = 0.1;

/** The class of a code, -1 where it is unclassified. InputError, by `fail`, for a code that is none of IGBP's. */
function classOf(code: number, fail: Fail): number {
  const index = code === unclassified ? -1 : classByCode.get(code);
  if (index !== undefined) return index;
  const expected = 'IGBP codes from 1 to 17, or 255 (unclassified), in the first band';
  throw fail('unknown land-cover code', expected, `${code}`);
}

/** The classes that cover a tenth of the map, ascending. InputError, by `fail`, for a code that is none of IGBP's. */
export function labelsOf(codes: Float32Array, fail: Fail): readonly number[] {
  const counts = new Array<number>(grouping.length).fill(0);
  for (const code of codes) {
    const index = classOf(code, fail);
    if (index >= 0) counts[index]++;
  }
  return counts.flatMap((count, index) => (count >= leastShare * codes.length ? [index] : []));
}

/** One 0/1 mask per class: [10, ...map]. */
export const masksOf = (codes: Float32Array, fail: Fail): Uint8Array =>
  masksOfCodes(codes, grouping.length, (code) => classOf(code, fail));
