/** The image x' that a method compares with: a constant, or a blurred version of the image itself. */
import { requireFinite } from '../check.js';
import { failAt } from '../error.js';
import { type Tensor, zeros } from '../tensor.js';
import { gaussianFilter } from './gaussianFilter.js';

/**
 * In network input units: one number (0 is the mean of each band in the training data, which Captum's default means
 * too), one number per band, or a Gaussian blur of the image with a standard deviation in pixels.
 */
export type Baseline = number | readonly number[] | { readonly blur: number };

/** One baseline per image [n, bands, height, width]; throws InputError for a baseline that does not fit. */
export function baselineImages(images: Tensor, baseline: Baseline): Tensor {
  if (typeof baseline === 'object' && 'blur' in baseline) {
    if (!(baseline.blur >= 0 && Number.isFinite(baseline.blur))) {
      throw failAt('baseline.blur')('not a standard deviation', 'pixels, from 0', String(baseline.blur));
    }
    return gaussianFilter(images, baseline.blur);
  }
  const [count, bands, height, width] = images.shape;
  const perBand = typeof baseline === 'number' ? new Array<number>(bands).fill(baseline) : baseline;
  if (perBand.length !== bands) {
    throw failAt('baseline')(
      'not a baseline for these bands',
      `one number, or ${bands}`,
      `${perBand.length} numbers`,
    );
  }
  requireFinite(perBand, 'baseline');
  const result = zeros(images.shape);
  const area = height * width;
  for (let plane = 0; plane < count * bands; plane++) {
    result.data.fill(perBand[plane % bands], plane * area, (plane + 1) * area);
  }
  return result;
}

/** How records name a baseline. */
export function baselineText(baseline: Baseline): string {
  if (typeof baseline === 'number') return String(baseline);
  return 'blur' in baseline ? `Gaussian blur, sigma ${baseline.blur} pixels` : `[${baseline.join(', ')}]`;
}
