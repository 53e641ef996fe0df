/** SmoothGrad (Smilkov et al., 2017): the mean of any method's attributions over noisy copies of the image (equation 12). */
import { requireShape } from '../check.js';
import { InputError } from '../error.js';
import { createRandom } from '../random.js';
import { rows, type Tensor, zeros } from '../tensor.js';
import type { Explain, Target } from './attribution.js';

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

/** Wraps a method; with Saliency the absolute value is taken before the mean, as in Captum's `NoiseTunnel`. */
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
  return async (images, targets) => {
    const size = images.shape.slice(1);
    requireShape(images.shape, [targets.length, ...size], 'images');
    const maps: Tensor[] = [];
    let inner: Awaited<ReturnType<Explain>> | undefined;
    for (let i = 0; i < targets.length; i++) {
      const copies = noisyCopies(rows(images, i), { samples, deviation, seed });
      inner = await explain(copies, new Array<Target>(samples).fill(targets[i]));
      maps.push(meanOfRows(inner.values));
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
    };
  };
}

function noisyCopies(image: Tensor, { samples, deviation, seed }: Required<SmoothGradOptions>): Tensor {
  const copies = zeros([samples, ...image.shape.slice(1)]);
  for (let sample = 0; sample < samples; sample++) {
    const random = createRandom(seed, 'smooth-grad', sample);
    const copy = rows(copies, sample).data;
    for (const [i, value] of image.data.entries()) copy[i] = value + deviation * random.normal();
  }
  return copies;
}

function meanOfRows(source: Tensor): Tensor {
  const [count, ...rest] = source.shape;
  const mean = zeros([1, ...rest]);
  for (const [i, value] of source.data.entries()) mean.data[i % mean.data.length] += value / count;
  return mean;
}
