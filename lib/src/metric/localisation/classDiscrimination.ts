/** Class discrimination: do the relevance maps of two classes of one image differ, and each towards its own class? */
import { sampleCorrelation, sampleRankCorrelation } from 'simple-statistics';
import { requireLength } from '../../check.js';
import { type MapValues, valuesOf } from '../../tensor.js';
import { localisation } from './localisation.js';

/** One item per class. */
export type Pair<Item> = readonly [first: Item, second: Item];

export interface MapSimilarity {
  /** Pearson's correlation over the pixels, -1 to 1: 1 where one map is a positive multiple of the other. */
  readonly pearson: number;
  /** Spearman's rank correlation over the pixels, -1 to 1: 1 where both rank the pixels alike. */
  readonly spearman: number;
}

/**
 * How alike two classes' maps of one image are: 1 for a method that is blind to the class, as an edge detector is;
 * about 0 for maps that share nothing, -1 where what speaks for one class speaks against the other. The rank
 * correlation is what Adebayo et al. (2018, "Sanity checks for saliency maps") compare maps with. Noise is unlike
 * other noise as well: a low value says that the maps differ, not that either is right, which `maskContrast` says.
 * @param maps one relevance per pixel, at least 3 pixels
 * @returns undefined where a map is the same everywhere, as a Grad-CAM map without positive relevance is
 * @example
 * const [first, second] = await explain(classifier, patch, [0, 1], { methods: ['saliency'] });
 * const similarity = mapSimilarity([first.map, second.map]); // { pearson, spearman }
 */
export function mapSimilarity([first, second]: Pair<MapValues>): MapSimilarity | undefined {
  const [x, y] = [first, second].map((map) => Array.from(valuesOf(map)));
  requireLength(y, x.length, 'mapSimilarity, second map');
  if ([x, y].some((map) => map.every((value) => value === map[0]))) return undefined;
  return { pearson: sampleCorrelation(x, y), spearman: sampleRankCorrelation(x, y) };
}

/**
 * How far the relevance of each of two classes moves to that class's own pixels:
 *
 *     ½ [ (s_A(A) - s_B(A)) + (s_B(B) - s_A(B)) ]
 *
 * with s_C(M) the share of the positive relevance for class C that lies inside the mask of class M. 1 where each
 * map lies wholly inside its own mask; -1 where they are swapped; exactly 0 for a method that gives both classes the
 * same map, wherever it lies and however large the masks are. The masks must not overlap for the range to hold.
 * @param maps one relevance per pixel
 * @param masks one value per pixel, not 0 where the class is; InputError where one is empty
 * @returns undefined where a map has no positive relevance
 * @example
 * const left = [1, 1, 0, 0];
 * const right = [0, 0, 1, 1];
 * maskContrast([[1, 2, 0, 0], [0, 0, 3, 0]], [left, right]); // 1
 */
export function maskContrast(maps: Pair<MapValues>, masks: Pair<ArrayLike<number>>): number | undefined {
  const gained = masks.map((mask, own) => {
    const inside = localisation(maps[own], mask).share;
    const others = localisation(maps[1 - own], mask).share;
    return inside === undefined || others === undefined ? undefined : inside - others;
  });
  const [first, second] = gained;
  return first === undefined || second === undefined ? undefined : (first + second) / 2;
}
