/** SmoothGrad (Smilkov et al., 2017): the mean of any method's attributions over noisy copies of the image (equation 12). */

import { requireShape } from '../check.js';
import { requireSeed } from '../random.js';
import { rows, type Tensor, zeros } from '../tensor.js';
import {
  type Attribution,
  type Explain,
  type MethodFacts,
  type Target,
  targetPerImage,
} from './attribution.js';
import { momentsOf, squaresOfRows } from './moments.js';
import { createNoise } from './noise.js';
import {
  copiesPerUnit,
  type NoiseDesign,
  planSampling,
  type SamplingOptions,
  sampleEach,
  sampleMean,
} from './sampling.js';

export interface SmoothGradOptions extends SamplingOptions {
  /** Noisy copies per image. Default: 30, the paper's. */
  readonly samples?: number;
  /**
   * Standard deviation of the Gaussian noise in network input units, so in shares of each band's standard deviation
   * in the training data. The paper does not state it; Captum's `NoiseTunnel` defaults to 1.
   */
  readonly deviation?: number;
  /**
   * "independent" as in Captum, or "antithetic": an even number of copies in pairs x + e and x - e, each undoing what is
   * odd in the other's error. On the shipped network a fifth fewer gradients leave the same error in Saliency, and two
   * fifths fewer in the signed gradient.
   */
  readonly noise?: NoiseDesign;
  /** The same noise serves every image: the smoothed method is a function of the image alone. */
  readonly seed?: number;
}

/**
 * Wraps a method; with Saliency the absolute value is taken before the mean, as in Captum's `NoiseTunnel`.
 *
 * The standard error is that of the mean over the noise: s / √n of the copies, or of the pairs, n - 1 degrees of freedom.
 * What the wrapped method gets wrong for every copy alike and states, as Integrated Gradients does of its steps, is added,
 * since no number of copies makes it less. With a
 * tolerance, sampling ends when the estimated error is small enough, which makes the estimate a little too small; over
 * the values of an image that is nothing.
 * @example
 * const smooth = smoothGrad(saliency(classifier), { samples: 8, seed: 0 });
 * const map = relevance(await smooth(image, 'Pastures'));
 */
export function smoothGrad(
  explain: Explain,
  { deviation = 0.15, noise = 'independent', seed = 0, ...sampling }: SmoothGradOptions = {},
): Explain {
  const design = { perUnit: copiesPerUnit[noise] };
  const { plan, parameters } = planSampling(sampling, { design, where: 'smoothGrad', usual: 30 });
  requireSeed(seed, 'smoothGrad, seed');
  const draw = createNoise({ deviation, design: noise, key: [seed, 'smooth-grad'], where: 'smoothGrad' });
  const open = explain.overNoise ?? copiesOf(explain);
  const parametersWith = (own: Attribution['parameters']): Attribution['parameters'] => ({
    ...{ ...own, ...parameters, deviation },
    ...(noise === 'independent' ? {} : { noise }),
    noiseSeed: seed,
  });
  const smooth: Explain = async (images, given) => {
    const targets = targetPerImage(given, images.shape[0]);
    const size = images.shape.slice(1);
    requireShape(images.shape, [targets.length, ...size], 'images');
    const explainedBy: MethodFacts[] = [];
    const sampled = await sampleEach(targets.length, 'smoothGrad', async (i) => {
      const copies = await open(rows(images, i), targets[i]);
      return sampleMean(plan, copies.batchSize, async (piece) => {
        const evaluated = await copies.evaluate(draw(size, piece.first, piece.copies), design);
        explainedBy.push(evaluated.facts);
        return evaluated.moments;
      });
    });
    const [{ method, parameters: own, units, reduction }] = explainedBy;
    return {
      ...sampled,
      ...{ method: `${method} + SmoothGrad`, targets, units, reduction },
      parameters: parametersWith(own),
    };
  };
  return explain.parameters
    ? Object.assign(smooth, { parameters: parametersWith(explain.parameters) })
    : smooth;
}

/** Copies that methods get in one call which only explain images. */
const copiesPerCall = 32;

/** The noisy copies for methods that only explain images. */
const copiesOf =
  (explain: Explain): NonNullable<Explain['overNoise']> =>
  async (image, target) => ({
    batchSize: copiesPerCall,
    async evaluate(noise, design) {
      const [copies] = noise.shape;
      const explained = await explain(noisyCopies(image, noise), new Array<Target>(copies).fill(target));
      const { uncertainty } = explained;
      const counted = uncertainty?.evaluations ?? [copies];
      const evaluations = counted.reduce((sum, count) => sum + count, 0);
      const { method, parameters, units, reduction } = explained;
      return {
        moments: {
          ...momentsOf(explained.values, design),
          evaluations,
          ...(uncertainty?.systematic && {
            systematic: {
              squares: squaresOfRows(uncertainty.standardError),
              pixelSquares: squaresOfRows(uncertainty.pixelStandardError),
            },
          }),
        },
        facts: { method, parameters, units, reduction },
      };
    },
  });

function noisyCopies(image: Tensor, noise: Tensor): Tensor {
  const copies = zeros(noise.shape);
  for (let sample = 0; sample < noise.shape[0]; sample++) {
    const [copy, added] = [rows(copies, sample).data, rows(noise, sample).data];
    for (let i = 0; i < copy.length; i++) copy[i] = image.data[i] + added[i];
  }
  return copies;
}
