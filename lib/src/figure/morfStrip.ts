/** What a MoRF curve does to an image: its relevance map, the image, and the image after some iterations (figure 1c, d). */
import type { Patch } from '../dataset/patch.js';
import { imputeNearest } from '../metric/faithfulness/imputeNearest.js';
import { perturbationSteps } from '../metric/faithfulness/morf.js';
import { relevanceRanking } from '../metric/faithfulness/ranking.js';
import type { Panel } from './mapPanels.js';
import { paintPatch, trueColourStretch } from './patchPicture.js';

export interface MorfStripOptions {
  /** Name of the method. */
  readonly method: string;
  /** Score after each iteration, the whole image first. */
  readonly scores: readonly number[];
  /** Seed of the order among equally relevant pixels, that of the study. */
  readonly seed: number;
  readonly fraction?: number;
  /** Iterations to show; by default the first, the fifth, the middle one and the last. */
  readonly iterations?: readonly number[];
}

/** One row of panels for `mapPanels`. @param map relevance [height x width] */
export function morfStrip(
  patch: Patch,
  map: Float32Array,
  {
    method,
    scores,
    seed,
    fraction = 0.2,
    iterations = [1, 5, Math.round((scores.length - 1) / 2), scores.length - 1],
  }: MorfStripOptions,
): readonly Panel[] {
  const [, height, width] = patch.image.shape;
  const ranking = relevanceRanking(map, { seed, image: patch.name });
  const counts = [0, ...perturbationSteps(map.length, fraction)];
  const stretch = trueColourStretch(patch);
  const perturbed = iterations.map((iteration) => {
    const removed = new Uint8Array(map.length);
    for (const pixel of ranking.subarray(0, counts[iteration])) removed[pixel] = 1;
    return {
      title: `iteration ${iteration}, score ${scores[iteration].toFixed(2)}`,
      ...{ width, height },
      picture: paintPatch({ ...patch, image: imputeNearest(patch.image, removed) }, stretch).pixels,
    };
  });
  return [
    { title: method, width, height, map },
    {
      title: `image, score ${scores[0].toFixed(2)}`,
      ...{ width, height, picture: paintPatch(patch, stretch).pixels },
    },
    ...perturbed,
  ];
}
