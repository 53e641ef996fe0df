/** LIME (Ribeiro et al., 2016): a linear model of the output over the presence of superpixels. */

import { requireCount } from '../check.js';
import { runBatched } from '../engine/runBatched.js';
import { failAt, type InputError } from '../error.js';
import { apply, input, type Value } from '../graph/node.js';
import { reshape } from '../graph/operators/arrangement.js';
import { cast } from '../graph/operators/elementwise.js';
import type { Classifier } from '../model/classifier.js';
import { requireSeed } from '../random.js';
import { rows, stack, type Tensor, zeros } from '../tensor.js';
import { createExplain, type Explain } from './attribution.js';
import { drawSamples, effectiveSamples, type LimeDrawing, requireEffective } from './limeSamples.js';
import {
  baselinePerBand,
  explainDistinct,
  explainedQuantities,
  type PerturbationOptions,
  perturbedOutput,
  type Question,
  stackMaps,
} from './perturbation.js';
import { planSampling, type SamplingOptions } from './sampling.js';
import { maximumSegments, slic } from './slic.js';
import { relativeErrorOf } from './uncertainty.js';
import { fitWeighted, type LinearModel } from './weightedRegression.js';

export interface LimeOptions extends PerturbationOptions, LimeDrawing, SamplingOptions {
  /** About how many superpixels; the paper takes 64 for 120 x 120 pixels, 100 for 256 x 256. */
  readonly segments?: number;
  /** Compactness of the superpixels, see `slic`. */
  readonly compactness?: number;
  /** Perturbed images. Default: 6000, the paper's. */
  readonly samples?: number;
  /**
   * In place of `samples`: sampling goes on until `uncertainty.relativeError` is no larger, 0.1 for 10 %. It is looked at
   * after about four samples per superpixel, and whenever a quarter more have been drawn.
   */
  readonly tolerance?: number;
  /** With a tolerance, the most perturbed images. Default: 6000. `uncertainty.reached` says whether they were enough. */
  readonly limit?: number;
  /** Ridge penalty of the linear model; 0 for ordinary least squares. */
  readonly alpha?: number;
  /** Shows only so many segments with the highest positive weights, 0 elsewhere; all weights where undefined. */
  readonly shown?: number;
  /**
   * Of the samples, an integer from 0; equal images draw equal samples, and with paired bits all images of as many
   * superpixels do. Default: 0.
   */
  readonly seed?: number;
}

/** What LIME says of one image and one target. */
interface Answer {
  readonly map: Float32Array;
  readonly error: Float32Array;
  readonly relativeError: number;
  readonly degreesOfFreedom: number;
  readonly evaluations: number;
}

/**
 * Fits a weighted linear model to the outputs of perturbed images (equation 11); the value of a pixel is the weight
 * of its superpixel. Superpixels come from `slic` on the image in network input units, so every band counts alike.
 *
 * Defaults: the paper's segments and samples. Its kernel exp(-‖x - h(z)‖²_F) on unscaled images is 0 for nearly
 * every sample (norms of hundreds), so distances are relative here, and the default is Ribeiro's: cosine on bits,
 * width 0.25, ridge with alpha 1, which shrinks weights by some 0.1 % at 6000 samples. The paper's formula to the
 * letter is distance "squared", kernelWidth 1 / (√2 ‖x - x'‖_F), alpha 0, and ends in an error. Captum's default (Lasso) is not offered.
 * Equal images with equal seeds get equal samples. Paired bits are the same for all images, as SmoothGrad's noise is:
 * the errors of an image and of a neighbour that Max-Sensitivity compares with it cancel, where independent bits, which
 * differ from image to image, add theirs to what is measured.
 *
 * Errors: `uncertainty` is about the weights that ever more samples give for the same superpixels; how these were cut is
 * not in it. A standard error squared is the weight's variance over repeated draws (`sandwichErrors`; the two images of a
 * pair count as one) and the square of what alpha takes from it, about 8 alpha / samples: 3 % of a weight at 300 samples,
 * for large weights as much as chance does in pairs, so few samples are better fitted with alpha 0. Where `shown` hides a
 * segment, its error is 0 as well.
 * @returns attributions [n, 1, height, width]; equal images share their forward passes
 * @throws InputError for options out of range, or where nearly all samples weigh nothing
 * @example
 * const explain = lime(classifier, { bits: 'paired', alpha: 0, tolerance: 0.2, limit: 600 });
 * const { values, uncertainty } = await explain(image, 'Pastures');
 */
export function lime(
  classifier: Classifier,
  {
    segments = 64,
    compactness = 0.3,
    samples,
    tolerance,
    limit,
    bits = 'independent',
    distance = 'cosine',
    kernelWidth = 0.25,
    alpha = 1,
    shown,
    seed = 0,
    baseline = 0,
    output = 'logit',
  }: LimeOptions = {},
): Explain {
  const design = { perUnit: bits === 'paired' ? 2 : 1 } as const;
  const { plan, parameters: sampled } = planSampling(
    { samples, tolerance, limit },
    { design, where: 'lime', usual: 6000, usualLimit: 6000 },
  );
  const { most } = plan;
  const drawing = { bits, distance, kernelWidth };
  checkOptions({ kernelWidth, alpha, shown });
  requireSeed(seed, 'lime, seed');
  const [height, width] = classifier.size;
  const slots = maximumSegments(classifier.size, segments);
  const absent = baselinePerBand(classifier, baseline);
  const reaches = ({ relativeError }: Answer) => tolerance !== undefined && relativeError <= tolerance;
  const build = () => ({
    output: perturbedOutput(classifier, shownPixels(slots, height, width), { baseline: absent, output }),
  });

  const answer = async ({ image, digest, weights }: Question): Promise<Answer[]> => {
    const [, bands] = image.shape;
    const segmentation = slic({ data: image.data, shape: [bands, height, width] }, { segments, compactness });
    const { labels, count } = segmentation;
    const key = bits === 'paired' ? [seed, 'lime'] : [seed, 'lime', digest];
    const drawn = drawSamples(image, segmentation, { ...drawing, samples: most, absent, key });
    const program = await classifier.program(`lime ${JSON.stringify({ slots, baseline, output })}`, build);
    const fed = padded(drawn.bits, count, slots);
    const shared = { original: image, labels: { data: Float32Array.from(labels), shape: [height * width] } };
    const explained = (responses: Float64Array): Answer => {
      const samples = responses.length;
      const features = drawn.bits.subarray(0, samples * count);
      const taken = { features, responses, weights: drawn.weights.subarray(0, samples) };
      const model = fitWeighted(taken, { alpha, cluster: design.perUnit });
      return paint(model, { labels, shown, evaluations: samples });
    };

    const answers = new Map<number, Answer>();
    const outputs: Tensor[] = [];
    let evaluated = 0;
    for (const total of tolerance === undefined ? [most] : stops(count, most)) {
      const { output } = await runBatched(program, { bits: rows(fed, evaluated, total) }, shared);
      outputs.push(output);
      evaluated = total;
      const effective = effectiveSamples(drawn.weights.subarray(0, total), bits);
      if (effective <= count + 1 && total < most) continue;
      requireEffective(effective, { ...drawing, count });
      for (const [target, responses] of explainedQuantities(stack(outputs), weights).entries()) {
        // Each target stops by itself: its bits do not depend on what else is asked.
        if (answers.has(target)) continue;
        const found = explained(responses);
        if (total === most || reaches(found)) answers.set(target, found);
      }
      if (answers.size === weights.shape[0]) break;
    }
    return [...answers].sort(([a], [b]) => a - b).map(([, found]) => found);
  };

  const facts = {
    method: 'LIME',
    parameters: {
      ...{ segments, compactness },
      ...sampled,
      ...(bits === 'paired' ? { bits } : {}),
      ...{ distance, kernelWidth, alpha },
      ...(shown === undefined ? {} : { shown }),
      ...{ seed, baseline, output },
    },
    units: `${output} by the presence of the superpixel`,
    reduction: 'sum',
  } as const;
  return createExplain(facts, async (images, targets) => {
    const answers = await explainDistinct(classifier, images, targets, answer);
    const maps = (name: 'map' | 'error') =>
      stackMaps(
        answers.map((found) => found[name]),
        classifier.size,
      );
    const standardError = maps('error');
    return {
      values: maps('map'),
      uncertainty: {
        standardError,
        pixelStandardError: standardError,
        degreesOfFreedom: answers.map(({ degreesOfFreedom }) => degreesOfFreedom),
        relativeError: answers.map(({ relativeError }) => relativeError),
        evaluations: answers.map(({ evaluations }) => evaluations),
        ...(tolerance !== undefined && { reached: answers.map(reaches) }),
      },
    };
  });
}

/**
 * Numbers of samples at which the error is looked at: from four a coefficient on, as fewer say little of it, each a quarter
 * above the last; multiples of 64, so that batches have few different sizes.
 */
function stops(segments: number, most: number): number[] {
  const result: number[] = [];
  for (let next = 4 * (segments + 1); next < most; next *= 1.25) {
    next = 64 * Math.ceil(next / 64);
    if (next < most) result.push(next);
  }
  return [...result, most];
}

/** The model's weights and their errors as maps. */
function paint(
  { coefficients, standardErrors, penaltyBias, degreesOfFreedom }: LinearModel,
  {
    labels,
    shown,
    evaluations,
  }: Pick<LimeOptions, 'shown'> & {
    readonly labels: Int32Array;
    readonly evaluations: number;
  },
): Answer {
  const hidden = shown === undefined ? new Set<number>() : allButHighestPositive(coefficients, shown);
  const painted = (perSegment: Float64Array) =>
    Float32Array.from(labels, (label) => (hidden.has(label) ? 0 : perSegment[label]));
  const map = painted(coefficients);
  const error = painted(standardErrors.map((value, i) => Math.hypot(value, penaltyBias[i])));
  return { map, error, relativeError: relativeErrorOf(error, map), degreesOfFreedom, evaluations };
}

/** The segments that are not among so many of highest positive coefficient. */
function allButHighestPositive(coefficients: Float64Array, shown: number): Set<number> {
  const order = [...coefficients.keys()].sort((a, b) => coefficients[b] - coefficients[a]);
  return new Set(order.filter((segment, rank) => rank >= shown || !(coefficients[segment] > 0)));
}

/** The mask ['N', 1, height, width] of the pixels whose segment is on, from fed bits and labels. */
function shownPixels(slots: number, height: number, width: number): Value {
  const labels = cast(input('labels', [height * width]), 'int32');
  const shown = apply('Gather', [input('bits', ['N', slots]), labels], { axis: 1 });
  return reshape(shown, ['N', 1, height, width]);
}

/** The bits with columns for all slots, as the graph takes them. */
function padded(bits: Uint8Array, count: number, slots: number): Tensor {
  const samples = bits.length / count;
  const result = zeros([samples, slots]);
  for (let i = 0; i < samples; i++) {
    result.data.set(bits.subarray(i * count, (i + 1) * count), i * slots);
  }
  return result;
}

function checkOptions(options: {
  readonly kernelWidth: number;
  readonly alpha: number;
  readonly shown: number | undefined;
}): void {
  const { kernelWidth, alpha, shown } = options;
  if (shown !== undefined) requireCount(shown, 'lime: shown');
  if (!(kernelWidth > 0)) throw unusable('kernelWidth', 'a positive number', kernelWidth);
  if (!(alpha >= 0 && Number.isFinite(alpha))) throw unusable('alpha', 'a number from 0', alpha);
}

function unusable(option: string, expected: string, got: number): InputError {
  return failAt(`lime: ${option}`)('not a usable value', expected, String(got));
}
