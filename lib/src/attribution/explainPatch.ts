/** Explanations of one patch by several methods, and what of the image their relevance lies on. */

import { requireLength } from '../check.js';
import type { Patch } from '../dataset/patch.js';
import { type Localisation, localisation } from '../metric/localisation/localisation.js';
import type { Classifier } from '../model/classifier.js';
import type { StudiedMethod } from '../study/measure.js';
import { relevance } from './reduce.js';

export interface MethodMap {
  /** The method's name. */
  readonly method: string;
  /** Relevance [height x width], reduced over the bands as the method is shown. */
  readonly map: Float32Array;
  /** Against the mask that was given, where it is not empty. */
  readonly inside?: Localisation;
}

/**
 * One map per method.
 * @param target index into the classifier's classes
 * @param mask [height x width], not 0 where the relevance is looked for
 */
export async function explainPatch(
  classifier: Pick<Classifier, 'prepare'>,
  methods: readonly StudiedMethod[],
  patch: Patch,
  target: number,
  mask?: Uint8Array,
): Promise<MethodMap[]> {
  const input = classifier.prepare(patch);
  const maps: MethodMap[] = [];
  for (const { name, reduction, explain } of methods) {
    const map = relevance(await explain(input, [target]), reduction).data;
    const isHeld = mask?.some((value) => value !== 0) ?? false;
    maps.push({ method: name, map, ...(mask && isHeld && { inside: localisation(map, mask) }) });
  }
  return maps;
}

/**
 * Share of the positive relevance that lies on each class, 0 to 1; all 0 where no relevance is positive.
 * @param map [height x width]
 * @param masks one 0/1 mask per class [classes, height, width], as in Patch
 */
export function shareByClass(map: ArrayLike<number>, masks: Uint8Array, classes: number): number[] {
  requireLength(masks, classes * map.length, 'shareByClass, masks');
  const sums = new Array<number>(classes).fill(0);
  let total = 0;
  for (let i = 0; i < map.length; i++) {
    const value = Math.max(0, map[i]);
    total += value;
    for (let c = 0; c < classes; c++) if (masks[c * map.length + i] !== 0) sums[c] += value;
  }
  return sums.map((sum) => (total > 0 ? sum / total : 0));
}
