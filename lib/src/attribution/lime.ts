/** LIME (Ribeiro et al., 2016): a linear model of the output over the presence of superpixels. */

import { requireCount } from '../check.js';
import { runBatched } from '../engine/runBatched.js';
import { InputError } from '../error.js';
import { apply, input, type Value } from '../graph/node.js';
import { reshape } from '../graph/operators/arrangement.js';
import { cast } from '../graph/operators/elementwise.js';
import type { Classifier } from '../model/classifier.js';
import { createRandom, requireSeed } from '../random.js';
import { type Tensor, zeros } from '../tensor.js';
import { createExplain, type Explain } from './attribution.js';
import {
  baselinePerBand,
  explainDistinct,
  explainedQuantities,
  type PerturbationOptions,
  perturbedOutput,
  type Question,
} from './perturbation.js';
import { maximumSegments, type Segmentation, slic } from './slic.js';
import { fitWeighted } from './weightedRegression.js';

export interface LimeOptions extends PerturbationOptions {
  /** About how many superpixels; the paper takes 64 for 120 x 120 pixels, 100 for 256 x 256. */
  readonly segments?: number;
  /** Compactness of the superpixels, see `slic`. */
  readonly compactness?: number;
  /** Perturbed images, each showing every segment with probability 1/2. */
  readonly samples?: number;
  /**
   * The squared distance D of a perturbed image, from 0 (all shown) to 1 (nothing shown).
   * - "cosine": (1 - cos(bits, all ones))² = (1 - √(share of segments shown))², as in Ribeiro's `lime_image`.
   * - "squared": ‖x - h(z)‖²_F, the paper's, divided by its value with nothing shown.
   */
  readonly distance?: 'cosine' | 'squared';
  /** Width of the kernel exp(-D / (2 width²)). */
  readonly kernelWidth?: number;
  /** Ridge penalty of the linear model; 0 for ordinary least squares. */
  readonly alpha?: number;
  /** Shows only so many segments with the highest positive weights, 0 elsewhere; all weights where undefined. */
  readonly shown?: number;
  /** Of the samples, an integer from 0; equal images draw equal samples. Default: 0. */
  readonly seed?: number;
}

/**
 * Fits a weighted linear model to the outputs of perturbed images (equation 11); the value of a pixel is the weight
 * of its superpixel. Superpixels come from `slic` on the image in network input units, so every band counts alike.
 *
 * Defaults: the paper's segments and samples. Its kernel exp(-‖x - h(z)‖²_F) on unscaled images is 0 for nearly
 * every sample (norms of hundreds), so distances are relative here, and the default is Ribeiro's: cosine on bits,
 * width 0.25, ridge with alpha 1, which shrinks weights by some 0.1 % at 6000 samples. The paper's formula to the
 * letter is distance "squared", kernelWidth 1 / (√2 ‖x - x'‖_F), alpha 0, and ends in an error. Captum's default (Lasso) is not offered.
 * Equal images with equal seeds get equal samples.
 * @returns attributions [n, 1, height, width]; equal images share their forward passes
 * @throws InputError for options out of range, or where nearly all samples weigh nothing
 * @example const map = relevance(await lime(classifier, { segments: 64, samples: 300, seed: 0 })(image, 'Pastures'));
 */
export function lime(
  classifier: Classifier,
  {
    segments = 64,
    compactness = 0.3,
    samples = 6000,
    distance = 'cosine',
    kernelWidth = 0.25,
    alpha = 1,
    shown,
    seed = 0,
    baseline = 0,
    output = 'logit',
  }: LimeOptions = {},
): Explain {
  checkOptions({ samples, kernelWidth, alpha, shown });
  requireSeed(seed, 'lime, seed');
  const [height, width] = classifier.size;
  const slots = maximumSegments(classifier.size, segments);
  const absent = baselinePerBand(classifier, baseline);
  const build = () => ({
    output: perturbedOutput(classifier, shownPixels(slots, height, width), { baseline: absent, output }),
  });

  const answer = async ({ image, digest, weights }: Question): Promise<Float32Array[]> => {
    const [, bands] = image.shape;
    const segmentation = slic({ data: image.data, shape: [bands, height, width] }, { segments, compactness });
    const { labels, count } = segmentation;
    const bits = drawBits({ samples, count, key: [seed, 'lime', digest] });
    const distances =
      distance === 'cosine'
        ? cosineDistances(bits, count)
        : imageDistances(bits, segmentEnergies(image, segmentation, absent));
    const sampleWeights = distances.map((squared) => Math.exp(-squared / (2 * kernelWidth ** 2)));
    checkSampleWeights(sampleWeights, { count, distance, kernelWidth });

    const program = await classifier.program(`lime ${JSON.stringify({ slots, baseline, output })}`, build);
    const results = await runBatched(
      program,
      { bits: padded(bits, count, slots) },
      { original: image, labels: { data: Float32Array.from(labels), shape: [height * width] } },
    );
    return explainedQuantities(results.output, weights).map((responses) => {
      const model = fitWeighted({ features: bits, responses, weights: sampleWeights }, { alpha });
      const painted = shown === undefined ? model.coefficients : highestPositive(model.coefficients, shown);
      return Float32Array.from(labels, (label) => painted[label]);
    });
  };

  const facts = {
    method: 'LIME',
    parameters: {
      ...{ segments, compactness, samples, distance, kernelWidth, alpha },
      ...(shown === undefined ? {} : { shown }),
      ...{ seed, baseline, output },
    },
    units: `${output} by the presence of the superpixel`,
    reduction: 'sum',
  } as const;
  return createExplain(facts, async (images, targets) => ({
    values: await explainDistinct(classifier, images, targets, answer),
  }));
}

/** The mask ['N', 1, height, width] of the pixels whose segment is on, from fed bits and labels. */
function shownPixels(slots: number, height: number, width: number): Value {
  const labels = cast(input('labels', [height * width]), 'int32');
  const shown = apply('Gather', [input('bits', ['N', slots]), labels], { axis: 1 });
  return reshape(shown, ['N', 1, height, width]);
}

/** Fair coin flips [samples * count]. */
function drawBits(wanted: {
  readonly samples: number;
  readonly count: number;
  readonly key: readonly (string | number)[];
}): Uint8Array {
  const random = createRandom(...wanted.key);
  return Uint8Array.from({ length: wanted.samples * wanted.count }, () => (random.chance(0.5) ? 1 : 0));
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

/** The sum of some values per segment over the segments of each sample that are absent. */
function absentSums(bits: Uint8Array, perSegment: ArrayLike<number>): Float64Array {
  const count = perSegment.length;
  const sums = new Float64Array(bits.length / count);
  for (let i = 0; i < bits.length; i++) {
    if (bits[i] === 0) sums[Math.floor(i / count)] += perSegment[i % count];
  }
  return sums;
}

function cosineDistances(bits: Uint8Array, count: number): Float64Array {
  const absent = absentSums(bits, new Uint8Array(count).fill(1));
  return absent.map((segments) => (1 - Math.sqrt(1 - segments / count)) ** 2);
}

function imageDistances(bits: Uint8Array, energies: Float64Array): Float64Array {
  const total = energies.reduce((sum, energy) => sum + energy, 0);
  return absentSums(bits, energies).map((energy) => (total === 0 ? 0 : energy / total));
}

/** Σ (x - baseline)² over the pixels and bands of each segment. */
function segmentEnergies(
  image: Tensor,
  { labels, count }: Segmentation,
  absent: readonly number[],
): Float64Array {
  const energies = new Float64Array(count);
  for (let i = 0; i < image.data.length; i++) {
    const band = Math.floor(i / labels.length);
    energies[labels[i % labels.length]] += (image.data[i] - absent[band]) ** 2;
  }
  return energies;
}

/** The highest positive coefficients, 0 for the others. */
function highestPositive(coefficients: Float64Array, shown: number): Float64Array {
  const order = [...coefficients.keys()].sort((a, b) => coefficients[b] - coefficients[a]);
  const chosen = new Set(order.slice(0, shown));
  return coefficients.map((value, i) => (chosen.has(i) ? Math.max(value, 0) : 0));
}

function checkOptions(options: {
  readonly samples: number;
  readonly kernelWidth: number;
  readonly alpha: number;
  readonly shown: number | undefined;
}): void {
  const { samples, kernelWidth, alpha, shown } = options;
  requireCount(samples, 'lime: samples');
  if (shown !== undefined) requireCount(shown, 'lime: shown');
  if (!(kernelWidth > 0)) throw unusable('kernelWidth', 'a positive number', kernelWidth);
  if (!(alpha >= 0 && Number.isFinite(alpha))) throw unusable('alpha', 'a number from 0', alpha);
}

function unusable(option: string, expected: string, got: number): InputError {
  return new InputError({ what: 'not a usable value', where: `lime: ${option}`, expected, got: String(got) });
}

/** Refuses a fit that would rest on fewer samples than it has coefficients. */
function checkSampleWeights(
  weights: Float64Array,
  fit: { readonly count: number; readonly distance: string; readonly kernelWidth: number },
): void {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const squares = weights.reduce((total, weight) => total + weight * weight, 0);
  // Kish's effective number of samples: n where all weigh alike, 1 where one outweighs the rest.
  const effective = squares === 0 ? 0 : (sum * sum) / squares;
  if (effective > fit.count) return;
  throw new InputError({
    what: 'too few samples carry weight',
    where: `lime: distance "${fit.distance}", kernelWidth ${fit.kernelWidth}`,
    expected: `more than ${fit.count} effective samples, one per superpixel`,
    got: effective.toPrecision(3),
    todo: 'Take more samples or a wider kernel.',
  });
}
