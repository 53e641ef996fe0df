/** From values per band to one relevance per pixel: the sum over bands, then its sign kept, dropped or cut. */
import { type Tensor, zeros } from '../tensor.js';
import type { Attribution, Reduction } from './attribution.js';

const finish: Readonly<Record<Reduction, (value: number) => number>> = {
  sum: (value) => value,
  absolute: Math.abs,
  positive: (value) => Math.max(value, 0),
};

/**
 * Relevance maps [images, height, width] from an attribution's [images, bands, height, width].
 * @param reduction how bands are reduced; default: as the paper shows the method
 * @example const map = relevance(await gradCam(classifier)(image, 'Marine waters'));
 */
export function relevance(
  { values, reduction: shown }: Pick<Attribution, 'values'> & Partial<Pick<Attribution, 'reduction'>>,
  reduction: Reduction = shown ?? 'sum',
): Tensor {
  const [images, bands, height, width] = values.shape;
  const area = height * width;
  const result = zeros([images, height, width]);
  for (let n = 0; n < images; n++) {
    for (let i = 0; i < area; i++) {
      let sum = 0;
      for (let band = 0; band < bands; band++) sum += values.data[(n * bands + band) * area + i];
      result.data[n * area + i] = finish[reduction](sum);
    }
  }
  return result;
}

/**
 * Standard errors [images, height, width] of the maps that `relevance` makes, under every reduction: the absolute value
 * and the positive part move no further than the sum does, so theirs are at most these.
 * @returns undefined where the method states no error
 * @example
 * const attribution = await smoothGrad(saliency(classifier), { samples: 30 })(image, 'Pastures');
 * const [map, error] = [relevance(attribution), relevanceError(attribution)];
 */
export function relevanceError({ uncertainty }: Pick<Attribution, 'uncertainty'>): Tensor | undefined {
  if (uncertainty === undefined) return undefined;
  const { data, shape } = uncertainty.pixelStandardError;
  const [images, , height, width] = shape;
  return { data, shape: [images, height, width] };
}
