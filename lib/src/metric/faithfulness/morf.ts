/** The Most Relevant First perturbation curve and the area under it (equations 15 and 16). */

import type { Target } from '../../attribution/attribution.js';
import { targetWeights } from '../../attribution/target.js';
import { requireCount, requireFinite, requireLength, requireShape } from '../../check.js';
import { failAt } from '../../error.js';
import type { Classifier } from '../../model/classifier.js';
import { piecesOf, withProgress } from '../../progress.js';
import { type MapValues, rows, stack, type Tensor, valuesOf } from '../../tensor.js';
import { imputeNearest } from './imputeNearest.js';
import { type Ranking, type RankingOptions, relevanceRanking } from './ranking.js';

/** The score of images [n, bands, height, width], one number each: usually the sigmoid output of the explained class. */
export type ScoreImages = (images: Tensor) => Promise<ArrayLike<number>>;

export interface PerturbationCurve {
  /** Share of the pixels removed, 0 (the unperturbed image) to 1, one per point. */
  readonly removed: readonly number[];
  readonly scores: readonly number[];
}

export interface PerturbationOptions {
  /** Share of the remaining pixels that each iteration removes. */
  readonly fraction?: number;
  /** Perturbed images that are made and scored at a time. */
  readonly batchSize?: number;
}

/**
 * How many pixels are gone after each iteration: every iteration removes floor(fraction x remaining) pixels, at least
 * one, until none is left. Rounded down like this, fraction 0.2 takes 43 iterations at 120 x 120 and 50 at 256 x 256,
 * as does the unrounded rule remaining = pixels x 0.8^k < 1 (rounding to nearest takes 41 and 48, up 39 and 46).
 * @returns ascending, the last is `pixels`
 * @example perturbationSteps(120 * 120).length; // 43
 */
export function perturbationSteps(pixels: number, fraction = 0.2): number[] {
  requireCount(pixels, 'perturbationSteps, pixels');
  if (!(fraction > 0 && fraction < 1)) {
    throw failAt('perturbationSteps')(
      'wrong share of pixels',
      'a fraction between 0 and 1, both excluded',
      `${fraction}`,
    );
  }
  const steps: number[] = [];
  for (let removed = 0; removed < pixels; ) {
    removed += Math.max(1, Math.floor(fraction * (pixels - removed)));
    steps.push(removed);
  }
  return steps;
}

/**
 * The score while pixels are removed, most relevant first, in all bands at once; removed pixels are imputed by nearest
 * interpolation from those that are kept (see imputeNearest). The first point is the unperturbed image, which Quantus'
 * PixelFlipping leaves out. Only `batchSize` perturbed images exist at a time.
 * @param image [bands, height, width], network input units
 * @param ranking a permutation of the pixel indices (see relevanceRanking)
 * @example
 * const n = classifier.classes.length;
 * const score: ScoreImages = async (images) => (await classifier.score(images)).data.filter((_, i) => i % n === 0);
 * const first = { data: image.data, shape: image.shape.slice(1) };
 * const { removed, scores } = await morfCurve(score, first, relevanceRanking(map));
 */
export async function morfCurve(
  score: ScoreImages,
  image: Tensor,
  ranking: Ranking,
  { fraction = 0.2, batchSize = 16 }: PerturbationOptions = {},
): Promise<PerturbationCurve> {
  const where = 'morfCurve';
  requireShape(image.shape, ['bands', 'height', 'width'], `${where}, image`);
  requireFinite(image.data, `${where}, image`);
  requireCount(batchSize, `${where}, batchSize`);
  const [, height, width] = image.shape;
  const pixels = height * width;
  requirePermutation(ranking, pixels);

  const counts = [0, ...perturbationSteps(pixels, fraction)];
  const scores: number[] = [];
  const removed = new Uint8Array(pixels);
  for (const start of withProgress('batches', piecesOf(counts.length, batchSize))) {
    const perturbed = counts.slice(start, start + batchSize).map((count, i) => {
      // Mutates `removed`, which grows from point to point.
      for (const pixel of ranking.subarray(counts[start + i - 1] ?? 0, count)) removed[pixel] = 1;
      const { data, shape } = count === 0 ? image : imputeNearest(image, removed);
      return { data, shape: [1, ...shape] };
    });
    const batchScores = await score(stack(perturbed));
    requireLength(batchScores, perturbed.length, `${where}, scores`);
    requireFinite(batchScores, `${where}, scores`);
    scores.push(...Array.from(batchScores));
  }
  return { removed: counts.map((count) => count / pixels), scores };
}

export interface MorfCurve extends PerturbationCurve {
  /** AUC-MoRF, in score x iterations: lower is better. */
  readonly area: number;
}

/**
 * The MoRF curve of a relevance map: the explained score while the most relevant pixels go first (equations 14 to 16).
 * @param image [1, bands, height, width] or [bands, height, width], network input units
 * @param map one relevance per pixel, such as `relevance` or `explain` gives
 * @param target the class that was explained; of several, the weighted sum of their scores
 * @throws InputError where the map has another size than the image, or a value is not finite
 * @example
 * const [{ map }] = await explain(classifier, patch, 'Pastures', { methods: ['grad-cam'] });
 * const { scores, removed, area } = await morf(classifier, classifier.prepare(patch), map, 'Pastures');
 */
export async function morf(
  classifier: Pick<Classifier, 'name' | 'classes' | 'score'>,
  image: Tensor,
  map: MapValues,
  target: Target,
  { fraction = 0.2, batchSize = 16, seed = 0, image: name = '' }: PerturbationOptions & RankingOptions = {},
): Promise<MorfCurve> {
  const [height, width] = image.shape.slice(-2);
  requireLength(valuesOf(map), height * width, 'morf, map');
  const weights = targetWeights([target], classifier).data;
  const score: ScoreImages = async (images) => {
    const scores = await classifier.score(images);
    return Array.from({ length: images.shape[0] }, (_, i) =>
      rows(scores, i).data.reduce((sum, value, c) => (weights[c] === 0 ? sum : sum + weights[c] * value), 0),
    );
  };
  const one = image.shape.length === 4 ? { data: image.data, shape: image.shape.slice(1) } : image;
  const curve = await morfCurve(score, one, relevanceRanking(map, { seed, image: name }), {
    fraction,
    batchSize,
  });
  return { ...curve, area: areaUnderCurve(curve) };
}

/**
 * AUC-MoRF by the trapezoid rule with unit step per iteration, so at most the number of iterations; lower is better.
 * The paper's equation 16 starts after the first removal: pass `unperturbed: false` for that area.
 * @example areaUnderCurve({ removed: [0, 0.5, 1], scores: [1, 0.5, 0] }); // 1
 */
export function areaUnderCurve(
  { scores }: PerturbationCurve,
  { unperturbed = true }: { readonly unperturbed?: boolean } = {},
): number {
  requireFinite(scores, 'areaUnderCurve, scores');
  const points = unperturbed ? scores : scores.slice(1);
  return points.slice(1).reduce((area, score, i) => area + (points[i] + score) / 2, 0);
}

function requirePermutation(ranking: Ranking, pixels: number): void {
  requireLength(ranking, pixels, 'morfCurve, ranking');
  const seen = new Uint8Array(pixels);
  for (const pixel of ranking) {
    if (pixel >= pixels || seen[pixel]) {
      throw failAt('morfCurve')(
        'the ranking is not a permutation of the pixels',
        `each of 0 to ${pixels - 1} once`,
        pixel >= pixels ? `pixel ${pixel}` : `pixel ${pixel} twice`,
      );
    }
    seen[pixel] = 1;
  }
}
