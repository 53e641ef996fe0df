/** A relevance map faded where sampling leaves its values unknown. */
import { requireShape } from '../check.js';
import type { Tensor } from '../tensor.js';

/**
 * The map with each value v of standard error s times max(0, 1 - s² / v²), the share of v² that is not sampling error
 * (positive-part shrinkage): what is well known stays as it is, and what is smaller than its error becomes 0, white.
 * @param error of the map's shape, as `relevanceError` gives it
 * @throws InputError where the shapes differ
 * @example
 * const attribution = await smoothGrad(saliency(classifier))(image, 'Pastures');
 * const map = relevance(attribution);
 * const known = fade(map, relevanceError(attribution) ?? zeros(map.shape));
 * await show(mapPanels([{ title: 'As sampled', map }, { title: 'What is known', map: known }]));
 */
export function fade(map: Tensor, error: Tensor): Tensor {
  requireShape(error.shape, map.shape, 'fade, error');
  const data = map.data.map((value, i) => {
    const known = value === 0 ? 0 : 1 - (error.data[i] / value) ** 2;
    return value * Math.max(0, known);
  });
  return { data, shape: map.shape };
}
