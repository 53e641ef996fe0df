/** The order in which a perturbation curve removes pixels. */
import { requireCount, requireFinite } from '../../check.js';
import { createRandom, requireSeed } from '../../random.js';
import { type MapValues, type Tensor, valuesOf, zeros } from '../../tensor.js';

/** Pixel indices (row-major), the one to be removed first in front. */
export type Ranking = Uint32Array;

export interface RankingOptions {
  /** Of the random order among pixels of equal relevance, an integer from 0. Default: 0. */
  readonly seed?: number;
  /** The image's name: every image gets an order of its own. Default: "". */
  readonly image?: string;
}

/**
 * Pixels by descending relevance (equation 14). Pixels of equal relevance come in a random order given by seed and
 * image: otherwise flat maps, such as LIME's superpixels or the zeros of a rectified map, would be removed row by row,
 * which is far from random and kinder to a method than it deserves.
 * @param map one value per pixel
 * @throws InputError for a value that is not finite
 * @example const [first] = relevanceRanking(map, { seed: 0, image: patch.name });
 */
export function relevanceRanking(map: MapValues, { seed = 0, image = '' }: RankingOptions = {}): Ranking {
  const values = valuesOf(map);
  requireFinite(values, `relevance map of ${image}`);
  // The sort is stable, so the shuffled order survives among equals.
  return shuffled(values.length, seed, 'relevance-ties', image).sort((a, b) => values[b] - values[a]);
}

/**
 * A map [height, width] whose pixels rank in a random order, its values spread evenly over (0, 1]: the baseline that an
 * explanation has to beat.
 * @example const baseline = await morf(classifier, image, randomRelevance(120, 120, { seed: 0 }), 'Pastures');
 */
export function randomRelevance(
  height: number,
  width: number,
  { seed = 0, image = '' }: RankingOptions = {},
): Tensor {
  requireCount(height, 'randomRelevance, height');
  requireCount(width, 'randomRelevance, width');
  const map = zeros([height, width]);
  const ranking = shuffled(height * width, seed, 'random-ranking', image);
  for (const [rank, pixel] of ranking.entries()) map.data[pixel] = 1 - rank / ranking.length;
  return map;
}

/**
 * A map [height, width] of square blocks in a random order, one value a block: the baseline of maps that are coarse,
 * whatever they show. Blocks at the right and lower edge may be smaller.
 * @param block side of a block, in pixels
 * @example const baseline = await morf(classifier, image, randomBlockRelevance(120, 120, 8), 'Pastures');
 */
export function randomBlockRelevance(
  height: number,
  width: number,
  block: number,
  { seed = 0, image = '' }: RankingOptions = {},
): Tensor {
  requireCount(block, 'randomBlockRelevance, block');
  const columns = Math.ceil(width / block);
  const order = shuffled(columns * Math.ceil(height / block), seed, 'random-blocks', image);
  const values = new Float32Array(order.length);
  for (const [rank, at] of order.entries()) values[at] = 1 - rank / order.length;
  const map = zeros([height, width]);
  for (let i = 0; i < map.data.length; i++) {
    const [y, x] = [Math.floor(i / width), i % width];
    map.data[i] = values[Math.floor(y / block) * columns + Math.floor(x / block)];
  }
  return map;
}

function shuffled(pixels: number, seed: number, use: string, imageName: string): Ranking {
  requireSeed(seed, `ranking of ${imageName}, seed`);
  return Uint32Array.from(
    createRandom(seed, use, imageName).shuffle(Array.from({ length: pixels }, (_, i) => i)),
  );
}
