/** Integrated Gradients + SmoothGrad with noise and path drawn together: each gradient has a point of the path of its own. */
import { shapeOf, substitute } from '../graph/graph.js';
import { input } from '../graph/node.js';
import { flatten } from '../graph/operators/arrangement.js';
import { add, multiply, subtract } from '../graph/operators/elementwise.js';
import { reduceSum } from '../graph/operators/reduction.js';
import type { Classifier } from '../model/classifier.js';
import { createRandom, requireSeed } from '../random.js';
import { rows, stack, type Tensor, zeros } from '../tensor.js';
import { createExplain, type Explain } from './attribution.js';
import { type Baseline, baselineImages, baselineText } from './baseline.js';
import { completenessGaps, endLogits } from './completeness.js';
import { checkedTargets, logitGradients, programKey } from './gradient.js';
import { combinations, deviationMatrix, deviationsOf, momentsGraph } from './moments.js';
import { createNoise } from './noise.js';
import {
  copiesPerUnit,
  type NoiseDesign,
  type Piece,
  planSampling,
  type SamplingOptions,
  sampleEach,
  sampleMean,
} from './sampling.js';

export interface SmoothIntegratedGradientsOptions extends SamplingOptions {
  /** Gradients per image, a multiple of four with pairs, of two without. Default: 96. */
  readonly samples?: number;
  /** The image x' that the path starts from, in network input units; a blur is that of the image without noise. */
  readonly baseline?: Baseline;
  /** Standard deviation of the Gaussian noise in network input units. */
  readonly deviation?: number;
  /** "antithetic": pairs x + e and x - e at the same point of the path. Default. */
  readonly noise?: NoiseDesign;
  /** Of noise and points; the same for every image. */
  readonly seed?: number;
}

/** Units in each stratum of the path: the fewest whose differences tell the error without bias. */
const perStratum = 2;

/**
 * The mean over noise e and a uniform point a of the path of (x + e - x') ∇f(x' + a (x + e - x')): what
 * `smoothGrad(integratedGradients(classifier))` comes to with ever more copies and steps, where that takes `steps` gradients
 * for each copy of the noise. Here [0, 1] is cut into equal strata, with two copies (or pairs) in each, every one with
 * noise and a uniform point of its own. That has no bias, nor has the standard error: the differences of the two within
 * their strata, at most n / 2 degrees of freedom of n copies (or pairs).
 *
 * The completeness gap is that from f(x) - f(x') without noise, so it holds what the noise does to f on average.
 * @returns attributions [n, bands, height, width] with the completeness gap and the uncertainty
 * @example const { values } = await smoothIntegratedGradients(classifier, { samples: 96, seed: 0 })(image, 'Pastures');
 */
export function smoothIntegratedGradients(
  classifier: Classifier,
  {
    baseline = 0,
    deviation = 0.15,
    noise = 'antithetic',
    seed = 0,
    ...sampling
  }: SmoothIntegratedGradientsOptions = {},
): Explain {
  const where = 'smoothIntegratedGradients';
  const design = { perUnit: copiesPerUnit[noise], perStratum };
  const { plan, parameters } = planSampling(sampling, { design, where, usual: 96 });
  requireSeed(seed, `${where}, seed`);
  const draw = createNoise({ deviation, design: noise, key: [seed, 'smooth-grad'], where });
  const method = 'Integrated Gradients + SmoothGrad';

  const build = () => {
    const { image, logits } = classifier;
    const shape = shapeOf(image).slice(1);
    const [end, start] = [input('end', [1, ...shape]), input('start', [1, ...shape])];
    const way = subtract(add(end, input('noise', ['N', ...shape])), start);
    const path = add(start, multiply(input('position', ['N', 1, 1, 1]), way));
    const [onPath] = substitute([logits], new Map([[image, path]]));
    const [gradient] = logitGradients({ logits: onPath }, [path]);
    const values = multiply(way, gradient);
    const deviations = deviationsOf(values);
    const flat = flatten(deviations);
    return { ...momentsGraph(values, deviations), lengths: reduceSum(multiply(flat, flat), [1], true) };
  };

  /** a = (stratum + u) / strata, the same for both of a pair; u is seeded by the number of the unit. */
  function positions({ first, copies, round }: Piece): Tensor {
    const strata = round.copies / (design.perUnit * perStratum);
    const result = zeros([copies, 1, 1, 1]);
    for (let copy = 0; copy < copies; copy++) {
      const unit = Math.floor((first + copy) / design.perUnit);
      const stratum = Math.floor((unit - round.first / design.perUnit) / perStratum);
      result.data[copy] = (stratum + createRandom(seed, 'path', unit).uniform()) / strata;
    }
    return result;
  }

  const facts = {
    method,
    parameters: {
      baseline: baselineText(baseline),
      path: 'one stratified point for each copy',
      ...parameters,
      ...{ deviation, noise, noiseSeed: seed },
    },
    units: 'logit',
    reduction: 'absolute',
  } as const;
  return createExplain(facts, async (images, targets) => {
    const target = checkedTargets(classifier, images, targets);
    const starts = baselineImages(images, baseline);
    const program = await classifier.program(programKey(method, { path: 'with noise' }), build);
    const sampled = await sampleEach(targets.length, where, (i) => {
      const shared = { end: rows(images, i), start: rows(starts, i) };
      return sampleMean(plan, program.batchSize, async (piece) => {
        const { first, copies } = piece;
        const { sum, squares, pixelSquares, lengths } = await program.run({
          ...shared,
          noise: draw(images.shape.slice(1), first, copies),
          position: positions(piece),
          target: stack(new Array<Tensor>(copies).fill(rows(target, i))),
          [combinations]: deviationMatrix(copies, design),
        });
        return { copies, evaluations: copies, sum, squares, pixelSquares, lengths: [...lengths.data] };
      });
    });
    const completenessGap = completenessGaps(
      sampled.values,
      await endLogits(classifier, images, starts),
      target,
    );
    return { ...sampled, completenessGap };
  });
}
