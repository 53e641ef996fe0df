/** SmoothGrad (Smilkov et al., 2017): the mean of any method's attributions over noisy copies of the image (equation 12). */

import { requireShape } from '../check.js';
import { InputError } from '../error.js';
import { withProgress } from '../progress.js';
import { createRandom, requireSeed } from '../random.js';
import { meanOfRows, rows, type Tensor, zeros } from '../tensor.js';
import { type Attribution, type Explain, type Target, targetPerImage } from './attribution.js';

export interface SmoothGradOptions {
  /** Noisy copies per image. */
  readonly samples?: number;
  /**
   * Standard deviation of the Gaussian noise in network input units, so in shares of each band's standard deviation
   * in the training data. The paper does not state it; Captum's `NoiseTunnel` defaults to 1.
   */
  readonly deviation?: number;
  /** The same noise serves every image: the smoothed method is a function of the image alone. */
  readonly seed?: number;
}

/**
 * Wraps a method; with Saliency the absolute value is taken before the mean, as in Captum's `NoiseTunnel`.
 * @example
 * const smooth = smoothGrad(saliency(classifier), { samples: 8, seed: 0 });
 * const map = relevance(await smooth(image, 'Pastures'));
 */
export function smoothGrad(
  explain: Explain,
  { samples = 30, deviation = 0.15, seed = 0 }: SmoothGradOptions = {},
): Explain {
  if (!Number.isInteger(samples) || samples < 1 || !(deviation >= 0 && Number.isFinite(deviation))) {
    throw new InputError({
      what: 'not usable values',
      where: 'smoothGrad',
      expected: 'samples: a whole number from 1; deviation: a number from 0',
      got: `samples ${samples}, deviation ${deviation}`,
    });
  }
  requireSeed(seed, 'smoothGrad, seed');
  const meanOverNoise = explain.meanOverNoise ?? meanOfCopies(explain);
  /** Of the last size of image: it serves all images alike. */
  let noise: Tensor | undefined;
  return async (images, given) => {
    const targets = targetPerImage(given, images.shape[0]);
    const size = images.shape.slice(1);
    requireShape(images.shape, [targets.length, ...size], 'images');
    const maps: Tensor[] = [];
    let inner: Attribution | undefined;
    for (const i of withProgress('images', [...targets.keys()])) {
      if (noise?.shape.slice(1).join() !== size.join()) noise = drawNoise(size, { samples, deviation, seed });
      inner = await meanOverNoise(rows(images, i), noise, targets[i]);
      maps.push(inner.values);
    }
    if (inner === undefined) {
      throw new InputError({
        what: 'nothing to explain',
        where: 'smoothGrad',
        expected: `images [n, ${size}]`,
      });
    }
    const values = zeros([targets.length, ...inner.values.shape.slice(1)]);
    for (const [i, map] of maps.entries()) rows(values, i).data.set(map.data);
    return {
      values,
      method: `${inner.method} + SmoothGrad`,
      parameters: { ...inner.parameters, samples, deviation, noiseSeed: seed },
      targets,
      units: inner.units,
      reduction: inner.reduction,
    };
  };
}

function drawNoise(
  size: readonly number[],
  { samples, deviation, seed }: Required<SmoothGradOptions>,
): Tensor {
  const noise = zeros([samples, ...size]);
  for (let sample = 0; sample < samples; sample++) {
    const random = createRandom(seed, 'smooth-grad', sample);
    const { data } = rows(noise, sample);
    for (let i = 0; i < data.length; i++) data[i] = deviation * random.normal();
  }
  return noise;
}

/** The mean attribution of noisy copies, for methods that only explain images. */
const meanOfCopies =
  (explain: Explain): NonNullable<Explain['meanOverNoise']> =>
  async (image, noise, target) => {
    const copies = noisyCopies(image, noise);
    const explained = await explain(copies, new Array<Target>(noise.shape[0]).fill(target));
    return { ...explained, values: meanOfRows(explained.values) };
  };

function noisyCopies(image: Tensor, noise: Tensor): Tensor {
  const copies = zeros(noise.shape);
  for (let sample = 0; sample < noise.shape[0]; sample++) {
    const [copy, added] = [rows(copies, sample).data, rows(noise, sample).data];
    for (let i = 0; i < copy.length; i++) copy[i] = image.data[i] + added[i];
  }
  return copies;
}
