/** Localisation: does the relevance lie where the class lies? For images whose class mask is known. */
import { requireFinite, requireLength } from '../../check.js';
import { failAt } from '../../error.js';
import { type MapValues, valuesOf } from '../../tensor.js';

export interface Localisation {
  /** Share of the positive relevance that lies inside the mask, 0 to 1; undefined where a map has none. */
  readonly share: number | undefined;
  /** Share of the pixels that lie inside the mask: what relevance spread evenly would get. */
  readonly area: number;
  /** share / area: 1 is no better than an even spread. */
  readonly ratio: number | undefined;
  /**
   * The pointing game: 1 where the most relevant pixel lies inside the mask, else 0. Where several pixels share the
   * maximum (LIME's superpixels), the share of them inside: what picking one at random would get on average.
   * 0 where no relevance is positive. No tolerance around the mask.
   */
  readonly hit: number;
}

/**
 * Attribution localisation (Kohlbrenner et al., 2020; Quantus' AttributionLocalisation) and the pointing game
 * (Zhang et al., 2018). Negative relevance counts as none.
 * @param relevance one value per pixel
 * @param mask one value per pixel, not 0 where the class is; InputError where it is empty
 * @example
 * const mask = maskOf(patch, data.classes[patch.labels[0]], data);
 * const { share, ratio, hit } = localisation(map, mask ?? new Uint8Array(map.data.length).fill(1));
 */
export function localisation(relevance: MapValues, mask: ArrayLike<number>): Localisation {
  const map = valuesOf(relevance);
  requireLength(mask, map.length, 'localisation, mask');
  requireFinite(map, 'localisation, map');
  let total = 0;
  let inside = 0;
  let maskSize = 0;
  let maximum = 0;
  let maxima = 0;
  let maximaInside = 0;
  for (let i = 0; i < map.length; i++) {
    const isInside = mask[i] !== 0;
    const value = Math.max(0, map[i]);
    total += value;
    if (isInside) {
      inside += value;
      maskSize++;
    }
    if (value > maximum) {
      maximum = value;
      maxima = 0;
      maximaInside = 0;
    }
    if (value === maximum) {
      maxima++;
      if (isInside) maximaInside++;
    }
  }
  if (maskSize === 0) {
    const fail = failAt('localisation', 'Measure localisation only on images that show the class.');
    throw fail('the mask is empty');
  }
  const area = maskSize / map.length;
  const share = total > 0 ? inside / total : undefined;
  return {
    share,
    area,
    ratio: share === undefined ? undefined : share / area,
    hit: maximum > 0 ? maximaInside / maxima : 0,
  };
}
