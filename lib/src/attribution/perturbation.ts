/** What the perturbation methods share: pixels replaced inside the graph, and forward passes shared by targets. */
import { createHash } from 'node:crypto';
import { InputError } from '../error.js';
import { substitute } from '../graph/graph.js';
import { floats, input, scalar, type Value } from '../graph/node.js';
import { add, multiply, subtract } from '../graph/operators/elementwise.js';
import type { Classifier } from '../model/classifier.js';
import { rows, sizeOf, type Tensor, zeros } from '../tensor.js';
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

/**
 * The classifier's outputs ['N', classes] for one image, fed as "original" [1, bands, height, width], of which
 * only some pixels are shown.
 * @param shown ['N', 1, height, width]: 1 keeps a pixel, 0 replaces it by the baseline
 */
export function perturbedOutput(
  classifier: Classifier,
  shown: Value,
  { baseline = 0, output = 'logit' }: PerturbationOptions,
): Value {
  const bands = classifier.bands.length;
  const perBand = typeof baseline === 'number' ? classifier.bands.map(() => baseline) : baseline;
  if (perBand.length !== bands || !perBand.every(Number.isFinite)) {
    throw new InputError({
      what: 'not a baseline for these bands',
      where: 'baseline',
      expected: `one finite number, or ${bands}`,
      got: `[${perBand.join(', ')}]`,
    });
  }
  const original = input('original', [1, bands, ...classifier.size]);
  const hidden = multiply(floats(perBand, [1, bands, 1, 1]), subtract(scalar(1), shown));
  const perturbed = add(multiply(original, shown), hidden);
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
 * @param answer one map [height * width] per target of the question, in its order
 * @returns [n, 1, height, width]
 */
export async function explainDistinct(
  classifier: Classifier,
  images: Tensor,
  targets: readonly Target[],
  answer: (question: Question) => Promise<readonly Float32Array[]>,
): Promise<Tensor> {
  checkImages(classifier, images, targets);
  const weights = targetWeights(targets, classifier.classes.length);
  const places = new Map<string, number[]>();
  for (let i = 0; i < targets.length; i++) {
    const { data } = rows(images, i);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const digest = createHash('sha256').update(bytes).digest('hex');
    places.set(digest, [...(places.get(digest) ?? []), i]);
  }
  const [height, width] = classifier.size;
  const values = zeros([targets.length, 1, height, width]);
  for (const [digest, indices] of places) {
    const asked = zeros([indices.length, classifier.classes.length]);
    for (const [row, i] of indices.entries()) rows(asked, row).data.set(rows(weights, i).data);
    const maps = await answer({ image: rows(images, indices[0]), digest, weights: asked });
    for (const [row, i] of indices.entries()) rows(values, i).data.set(maps[row]);
  }
  return values;
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

function checkImages(classifier: Classifier, images: Tensor, targets: readonly Target[]): void {
  const expected = [targets.length, classifier.bands.length, ...classifier.size];
  if (images.shape.join() === expected.join() && images.data.length === sizeOf(expected)) return;
  throw new InputError({
    what: 'these images do not fit the classifier and the targets',
    where: 'images',
    expected: `[${expected.join(', ')}]: one image per target`,
    got: `[${images.shape.join(', ')}]`,
  });
}
