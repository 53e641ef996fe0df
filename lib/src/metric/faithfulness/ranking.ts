/** The order in which a perturbation curve removes pixels. */
import { requireCount, requireFinite } from '../../check.js';
import { createRandom, requireSeed } from '../../random.js';

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

/**
 * Square blocks of pixels in a random order, the pixels of a block one after another: the baseline of maps that are
 * coarse, whatever they show. Blocks at the right and lower edge may be smaller.
 */
export function randomBlockRanking(
  seed: number,
  imageName: string,
  [height, width]: readonly [number, number],
  block: number,
): Ranking {
  requireCount(block, 'randomBlockRanking, block');
  const columns = Math.ceil(width / block);
  const order = shuffled(columns * Math.ceil(height / block), seed, 'random-blocks', imageName);
  const place = new Float64Array(order.length);
  for (const [rank, at] of order.entries()) place[at] = rank;
  const map = Float64Array.from({ length: height * width }, (_, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    return -place[Math.floor(y / block) * columns + Math.floor(x / block)];
  });
  return relevanceRanking(seed, imageName, map);
}

function shuffled(pixels: number, seed: number, use: string, imageName: string): Ranking {
  requireSeed(seed, `ranking of ${imageName}, seed`);
  return Uint32Array.from(
    createRandom(seed, use, imageName).shuffle(Array.from({ length: pixels }, (_, i) => i)),
  );
}
