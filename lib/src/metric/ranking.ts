/** The order in which a perturbation curve removes pixels. */
import { requireCount, requireFinite } from '../check.js';
import { createRandom } from '../random.js';

/** Pixel indices (row-major), the one to be removed first in front. */
export type Ranking = Uint32Array;

/**
 * Pixels by descending relevance (equation 14). Pixels of equal relevance come in a random order given by seed and
 * image: otherwise flat maps, such as LIME's superpixels or the zeros of a rectified map, would be removed row by row,
 * which is far from random and kinder to a method than it deserves.
 * @param map one value per pixel
 */
export function relevanceRanking(seed: number, imageName: string, map: ArrayLike<number>): Ranking {
  requireFinite(map, `relevance map of ${imageName}`);
  // The sort is stable, so the shuffled order survives among equals.
  return shuffled(map.length, seed, 'relevance-ties', imageName).sort((a, b) => map[b] - map[a]);
}

/** Pixels in a random order: the baseline that an explanation has to beat. */
export function randomRanking(seed: number, imageName: string, pixels: number): Ranking {
  requireCount(pixels, 'randomRanking, pixels');
  return shuffled(pixels, seed, 'random-ranking', imageName);
}

function shuffled(pixels: number, ...key: readonly (number | string)[]): Ranking {
  return Uint32Array.from(createRandom(...key).shuffle(Array.from({ length: pixels }, (_, i) => i)));
}
