/** What is explained: a test image and one class that the model predicts for it. */
import { maskOf } from '../dataset/classMask.js';
import type { Dataset, Patch, Split } from '../dataset/patch.js';
import { failAt } from '../error.js';
import { isPredicted } from '../metric/classification/decision.js';
import type { Classifier } from '../model/classifier.js';
import { sharedClasses, translateClasses } from '../model/classMatch.js';
import { createRandom, requireSeed } from '../random.js';
import type { Tensor } from '../tensor.js';
import { identify } from './manifest.js';
import type { StudyTarget } from './records.js';

/** What a study needs of a classifier; the methods hold the rest. */
export type StudiedClassifier = Pick<
  Classifier,
  'name' | 'bands' | 'classes' | 'size' | 'hash' | 'prepare' | 'score'
> & { readonly engine: Pick<Classifier['engine'], 'name' | 'threads' | 'accelerator'> } & Partial<
    Pick<
      Classifier,
      | 'networkBands'
      | 'clip'
      | 'resampling'
      | 'normalisation'
      | 'layout'
      | 'activation'
      | 'featureLayer'
      | 'featureGrid'
    >
  >;

/** Of what the JSON beside a network, or its user, says of it: with another description it gives other results. */
export function describedAs(classifier: StudiedClassifier): string {
  const { bands, classes, size, networkBands, clip, normalisation } = classifier;
  const { resampling, layout, activation, featureLayer, featureGrid } = classifier;
  return identify([
    ...[bands, classes, size, networkBands, clip, normalisation],
    ...[layout, activation, featureLayer, featureGrid],
    ...(resampling === undefined ? [] : [resampling]),
  ]);
}

export interface Subject {
  readonly patch: Patch;
  /** Position in its split. */
  readonly imageIndex: number;
  /** [1, bands, height, width], network input units */
  readonly input: Tensor;
  /** One per class of the model, in [0, 1]. */
  readonly scores: Float32Array;
  readonly target: StudyTarget;
  /** True mask of the target class [height x width], where it is known and not empty. */
  readonly mask?: Uint8Array;
}

/** InputError unless the classifier reads the data set's images and knows at least one of its classes. */
export function requireCompatible(dataset: Dataset, classifier: StudiedClassifier): void {
  const fail = failAt(
    `${classifier.name} on ${dataset.name}`,
    'Choose a --model that was trained for these images.',
  );
  const compare = (what: string, expected: string, got: string): void => {
    if (expected !== got) throw fail(`the model's ${what} are not those of the data set`, expected, got);
  };
  compare('bands', dataset.bands.join(' '), classifier.bands.join(' '));
  compare('image sizes', `${dataset.size} x ${dataset.size} pixels`, `${classifier.size.join(' x ')} pixels`);
  if (sharedClasses(dataset, classifier).length === 0) {
    compare('classes', `some of ${dataset.classes.join('; ')}`, classifier.classes.join('; '));
  }
}

/** The first `count` images of a split in an order that the seed alone decides, so that a larger study holds a smaller one. */
export function chooseImages(
  dataset: Dataset,
  count: number,
  seed: number,
  split: Split = 'test',
): readonly number[] {
  requireSeed(seed, 'choice of images, seed');
  const available = dataset.count(split);
  if (available === 0) {
    const todo =
      'Put the lists of the splits into the folder of the data set, see docs/data.md, or choose another --split.';
    throw failAt(dataset.name, todo)(`no images in the ${split} split`);
  }
  if (count > available) {
    throw failAt('--images')(`more images than the ${split} split holds`, `at most ${available}`, `${count}`);
  }
  const indices = Array.from({ length: available }, (_, i) => i);
  return createRandom(seed, 'study', dataset.name, ...(split === 'test' ? [] : [split]))
    .shuffle(indices)
    .slice(0, count);
}

/**
 * The class to explain: the label with the highest score among those predicted (`isPredicted`), as the paper explains
 * correct predictions; where no label is predicted, the class with the highest score.
 * @param labels indices into the model's classes
 */
export function chooseTarget(
  scores: ArrayLike<number>,
  labels: readonly number[],
  classes: readonly string[],
): StudyTarget {
  const best = (candidates: readonly number[]): number =>
    candidates.reduce((a, b) => (scores[b] > scores[a] ? b : a));
  const predicted = labels.filter((label) => isPredicted(scores[label]));
  const index = best(predicted.length > 0 ? predicted : classes.map((_, i) => i));
  return describeTarget(index, scores, labels, classes);
}

function describeTarget(
  index: number,
  scores: ArrayLike<number>,
  labels: readonly number[],
  classes: readonly string[],
): StudyTarget {
  const truePositive = labels.includes(index) && isPredicted(scores[index]);
  return { index, name: classes[index], score: scores[index], truePositive };
}

/**
 * Reads the image and scores it.
 * @param chosen the target that an earlier run explained, or the class to explain as an index into the model's classes
 */
export async function readSubject(
  dataset: Dataset,
  classifier: StudiedClassifier,
  imageIndex: number,
  chosen?: StudyTarget | number,
  split: Split = 'test',
): Promise<Subject> {
  const patch = await dataset.read(split, imageIndex);
  const input = classifier.prepare(patch);
  const scores = (await classifier.score(input)).data;
  // Labels that the model does not know cannot be explained.
  const labels = translateClasses(patch.labels, dataset, classifier);
  const target =
    typeof chosen === 'number'
      ? describeTarget(chosen, scores, labels, classifier.classes)
      : (chosen ?? chooseTarget(scores, labels, classifier.classes));
  const mask = maskOf(patch, target.name, dataset);
  return { patch, imageIndex, input, scores, target, ...(mask && { mask }) };
}
