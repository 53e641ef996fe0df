/** What the perturbation methods share: pixels replaced inside the graph, and forward passes shared by targets. */
import { createHash } from 'node:crypto';
import { requireFinite, requireShape } from '../check.js';
import { failAt } from '../error.js';
import { substitute } from '../graph/graph.js';
import { floats, input, scalar, type Value } from '../graph/node.js';
import { add, multiply, subtract } from '../graph/operators/elementwise.js';
import type { Classifier } from '../model/classifier.js';
import { withProgress } from '../progress.js';
import { rows, type Tensor, zeros } from '../tensor.js';
import type { Target } from './attribution.js';
import { targetWeights } from './target.js';

export interface PerturbationOptions {
  /**
   * What replaces a pixel, in network input units: one number, or one per band. The default 0 is the mean of
   * each band in the training data, not black.
   */
  readonly baseline?: number | readonly number[];
  /** The explained output: the logit, as for the gradient methods, or its sigmoid, the score in [0, 1]. */
  readonly output?: 'logit' | 'score';
}

/** The baseline as one number per band; throws InputError where it does not fit the classifier's bands. */
export function baselinePerBand(
  { bands }: Classifier,
  baseline: number | readonly number[],
): readonly number[] {
  const perBand = typeof baseline === 'number' ? bands.map(() => baseline) : baseline;
  if (perBand.length === bands.length && perBand.every(Number.isFinite)) return perBand;
  throw failAt('baseline')(
    'not a baseline for these bands',
    `one finite number, or ${bands.length}`,
    `[${perBand.join(', ')}]`,
  );
}

/**
 * The classifier's outputs ['N', classes] for one image, fed as "original" [1, bands, height, width], of which
 * only some pixels are shown.
 * @param shown ['N', 1, height, width]: 1 keeps a pixel, 0 replaces it by the baseline of its band
 */
export function perturbedOutput(
  classifier: Classifier,
  shown: Value,
  { baseline, output }: { readonly baseline: readonly number[]; readonly output: 'logit' | 'score' },
): Value {
  const bands = classifier.bands.length;
  const original = input('original', [1, bands, ...classifier.size]);
  const replacement = multiply(floats(baseline, [1, bands, 1, 1]), subtract(scalar(1), shown));
  const perturbed = add(multiply(original, shown), replacement);
  const explained = output === 'logit' ? classifier.logits : classifier.scores;
  return substitute([explained], new Map([[classifier.image, perturbed]]))[0];
}

/** One image and all that is asked about it. */
export interface Question {
  /** [1, bands, height, width] */
  readonly image: Tensor;
  /** A digest of the image's values: equal images draw equal random numbers, whatever their place in a batch. */
  readonly digest: string;
  /** The weight of each class in each explained quantity [targets, classes]. */
  readonly weights: Tensor;
}

/**
 * Explains every distinct image once for all of its targets.
 * @param images [n, bands, height, width], one per target
 * @param answer one answer per target of the question, in its order
 * @returns the answer for each target
 * @throws InputError for images of another shape or with values that are not finite, and for unknown classes
 */
export async function explainDistinct<Answer>(
  classifier: Classifier,
  images: Tensor,
  targets: readonly Target[],
  answer: (question: Question) => Promise<readonly Answer[]>,
): Promise<Answer[]> {
  requireShape(images.shape, [targets.length, classifier.bands.length, ...classifier.size], 'images');
  requireFinite(images.data, 'images');
  const weights = targetWeights(targets, classifier);
  const places = new Map<string, number[]>();
  for (let i = 0; i < targets.length; i++) {
    const { data } = rows(images, i);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const digest = createHash('sha256').update(bytes).digest('hex');
    places.set(digest, [...(places.get(digest) ?? []), i]);
  }
  const result = new Array<Answer>(targets.length);
  for (const [digest, indices] of withProgress('images', [...places])) {
    const asked = zeros([indices.length, classifier.classes.length]);
    for (const [row, i] of indices.entries()) rows(asked, row).data.set(rows(weights, i).data);
    const answers = await answer({ image: rows(images, indices[0]), digest, weights: asked });
    for (const [row, i] of indices.entries()) result[i] = answers[row];
  }
  return result;
}

/** Maps [height * width] as one tensor [maps, 1, height, width]. */
export function stackMaps(maps: readonly Float32Array[], [height, width]: Classifier['size']): Tensor {
  const result = zeros([maps.length, 1, height, width]);
  for (const [i, map] of maps.entries()) rows(result, i).data.set(map);
  return result;
}

/** Each explained quantity [targets][rows] from the outputs [rows, classes] and class weights [targets, classes]. */
export function explainedQuantities(outputs: Tensor, weights: Tensor): Float64Array[] {
  const [count, classes] = outputs.shape;
  return Array.from({ length: weights.shape[0] }, (_, target) => {
    const share = rows(weights, target).data;
    return Float64Array.from({ length: count }, (_, row) => {
      const output = outputs.data.subarray(row * classes, (row + 1) * classes);
      return output.reduce((sum, value, c) => (share[c] === 0 ? sum : sum + share[c] * value), 0);
    });
  });
}
