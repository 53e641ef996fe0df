/** What a network learned of mosaics that is no land cover: the planted pair, and the seams. */
import { mean } from 'simple-statistics';
import { type MosaicsOptions, mosaics, type PlantedPair, usualPair } from '../dataset/mosaics.js';
import type { Dataset, Patch } from '../dataset/patch.js';
import { isPredicted } from '../metric/classification/decision.js';
import type { Classifier } from '../model/classifier.js';
import type { Comparison } from './plantedBiases.js';
import { scoreImages } from './scoredImages.js';

/**
 * What `measureBiases` compares for a network of mosaics: the planted class beside its label in every image and in none.
 * All other chips are the same.
 * @param chips see `mosaics`
 */
export async function mosaicComparisons(
  chips: Dataset,
  { planted = usualPair, ...options }: Pick<MosaicsOptions, 'seed'> & { readonly planted?: PlantedPair } = {},
): Promise<readonly Comparison[]> {
  const { label, beside } = planted;
  const [dataset, without, withPair] = await Promise.all(
    [planted.rate, 0, 1].map((rate) => mosaics(chips, { ...options, planted: { ...planted, rate } })),
  );
  const comparison = {
    ...{ bias: `${beside} beside ${label}`, classes: [label], among: `images labelled ${label}` },
    isTaken: ({ labels }: Pick<Patch, 'labels'>) => labels.includes(chips.classes.indexOf(label)),
  };
  return [{ ...comparison, dataset, without, with: withPair }];
}

/** What a network says of four chips of one class, where seams are all that a mosaic adds. */
export interface SeamEffect {
  readonly images: number;
  /** Mean number of classes that are predicted; 1 is right. */
  readonly predicted: number;
  /** Share of the images in which the class itself is predicted. */
  readonly recall: number;
  /** Share of the images in which another class is. */
  readonly wrong: number;
}

/**
 * The control for seams: mosaics of four chips of one class. A network that took seams for a sign of several classes would
 * predict more than one.
 * @param images test mosaics that are scored; default: 200
 */
export async function measureSeams(
  classifier: Pick<Classifier, 'classes' | 'prepare' | 'score'>,
  chips: Dataset,
  { images = 200, seed = 0 }: { readonly images?: number; readonly seed?: number } = {},
): Promise<SeamEffect> {
  const control = await mosaics(chips, { seed, classes: 'one', planted: 'nothing' });
  const scored = await scoreImages(control, classifier, { images });
  const answers = scored.images.map(({ scores, labels: [label] }) => {
    const predicted = [...scores.keys()].filter((k) => isPredicted(scores[k]));
    return { predicted, label };
  });
  return {
    images: answers.length,
    predicted: mean(answers.map(({ predicted }) => predicted.length)),
    recall: mean(answers.map(({ predicted, label }) => Number(predicted.includes(label)))),
    wrong: mean(answers.map(({ predicted, label }) => Number(predicted.some((k) => k !== label)))),
  };
}
