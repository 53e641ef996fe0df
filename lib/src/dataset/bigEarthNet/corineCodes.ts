/** CORINE Land Cover's three-digit codes, as the reference maps of BigEarthNet v2 hold them. */
import { classes43, classIndices } from './labels.js';

/** The codes of `classes43`, in their order. */
const codes43 = [
  111, 112, 121, 122, 123, 124, 131, 132, 133, 141, 142, 211, 212, 213, 221, 222, 223, 231, 241, 242, 243,
  244, 311, 312, 313, 321, 322, 323, 324, 331, 332, 333, 334, 411, 412, 421, 422, 423, 511, 512, 521, 522,
  523,
];

/** 0 and 999: no data; 335: glaciers, which BigEarthNet leaves out; 990 and 995: unclassified land and water. */
const codesOfNoClass = [0, 335, 990, 995, 999];

const indexByCode: ReadonlyMap<number, number> = new Map([
  ...codesOfNoClass.map((code): [number, number] => [code, -1]),
  ...codes43.map((code, i): [number, number] => [code, classIndices([classes43[i]], 19)[0] ?? -1]),
]);

/** The index among the 19 classes of a CORINE code; -1 where it belongs to none; undefined if there is no such code. */
export function class19OfCode(code: number): number | undefined {
  return indexByCode.get(code);
}
