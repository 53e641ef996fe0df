/** Which images a study explains: by split, class, and what the model makes of them. */

import { type ScoredImage, scoreBatch } from '../analysis/scoredImages.js';
import type { Dataset, Split } from '../dataset/patch.js';
import { failAt } from '../error.js';
import { decisionThreshold, isPredicted } from '../metric/classification/decision.js';
import { indexOfClass, sharedClasses } from '../model/classMatch.js';
import { chooseImages, type StudiedClassifier } from './subject.js';

/** What the model can make of a class, and how it is recognised. */
export const outcomes = {
  'true-positive': `a label that is predicted (score above ${decisionThreshold})`,
  'false-positive': 'a class that is predicted and no label',
  'false-negative': 'a label that is not predicted',
  'missing-label': 'a false positive that the image truly shows: its label was left out',
} as const;
export type Outcome = keyof typeof outcomes;
export const outcomeNames: readonly Outcome[] = [
  'true-positive',
  'false-positive',
  'false-negative',
  'missing-label',
];

export interface Selection {
  readonly split: Split;
  /** One of the data set's classes. */
  readonly className?: string;
  readonly outcome?: Outcome;
}

export const everyTestImage: Selection = { split: 'test' };

/** For example: validation images (false-positive, "Airports"). */
export function describeSelection({ split, className, outcome }: Selection, images: number): string {
  const kind = [outcome, className === undefined ? undefined : `"${className}"`].filter(
    (part) => part !== undefined,
  );
  const words = kind.length > 0 ? ` (${kind.join(', ')})` : '';
  return `${split} ${images === 1 ? 'image' : 'images'}${words}`;
}

/** An image of the split, and the class to explain where the selection decides it. */
export interface SelectedImage {
  readonly index: number;
  /** Index into the model's classes. */
  readonly target?: number;
}

export interface SelectOptions {
  readonly seed: number;
  /** Before each batch of the search: images looked at and found so far, and the batches of the whole split. */
  readonly onBatch?: (looked: number, found: number, batches: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * The first `count` images of the selection in an order that the seed alone decides, so that a larger study holds a
 * smaller one. Where an outcome is asked for without a class, the one with the highest score is explained.
 * @throws InputError where a class is unknown, the split holds no or too few such images, or the data set cannot tell
 *   which labels are missing; the signal's reason when stopped
 */
export async function selectImages(
  dataset: Dataset,
  classifier: StudiedClassifier,
  { split, className, outcome }: Selection,
  count: number,
  { seed, onBatch, signal }: SelectOptions,
): Promise<readonly SelectedImage[]> {
  const available = dataset.count(split);
  if (outcome === 'missing-label' && !dataset.rendered) {
    const todo = 'Choose --outcome false-positive and judge by eye whether the class is there.';
    throw failAt(`--outcome, ${dataset.name}`, todo)(
      'nothing tells which labels are missing',
      'the data set scenes, which leaves labels out on purpose',
    );
  }
  const target = className === undefined ? undefined : requireClass(className, dataset, classifier);
  const order = chooseImages(dataset, available, seed, split);
  if (target === undefined && outcome === undefined) {
    return chooseImages(dataset, count, seed, split).map((index) => ({ index }));
  }
  const found: SelectedImage[] = [];
  for (let start = 0; start < available && found.length < count; start += batch) {
    signal?.throwIfAborted();
    onBatch?.(start, found.length, Math.ceil(available / batch));
    const indices = await withLabels(
      dataset,
      split,
      order.slice(start, start + batch),
      className === undefined ? undefined : indexOfClass(className, dataset),
      outcome,
    );
    found.push(...(await matches(dataset, classifier, split, indices, target, outcome)));
  }
  if (found.length >= count) return found.slice(0, count);
  const what = `${outcome ?? 'labelled'}${className === undefined ? '' : ` with ${className}`}`;
  const [shortage, todo] =
    found.length === 0
      ? [`no image of the split is ${what}`, 'Choose another --class, --outcome or --split.']
      : [`too few images of the split are ${what}`, `Choose --images ${found.length}.`];
  const fail = failAt(`${split} split of ${dataset.name}`, todo);
  throw fail(shortage, `${count} (--images)`, `${found.length} of ${available}`);
}

const batch = 16;

/** Index into the model's classes. */
function requireClass(name: string, dataset: Dataset, classifier: StudiedClassifier): number {
  const both = sharedClasses(classifier, dataset).map((index) => classifier.classes[index]);
  if (both.includes(name)) return indexOfClass(name, classifier);
  throw failAt('--class')(
    dataset.classes.includes(name) ? 'the model does not know the class' : 'the data set has no such class',
    both.join('; '),
    `"${name}"`,
  );
}

/** The images that the labels alone do not rule out: reading labels is cheaper than reading and scoring images. */
async function withLabels(
  dataset: Dataset,
  split: Split,
  indices: readonly number[],
  label: number | undefined,
  outcome: Outcome | undefined,
): Promise<readonly number[]> {
  const { readLabels } = dataset;
  if (label === undefined || readLabels === undefined) return indices;
  const isLabelled = outcome === undefined || outcome === 'true-positive' || outcome === 'false-negative';
  const lists = await Promise.all(indices.map((index) => readLabels(split, index)));
  return indices.filter((_, i) => lists[i].includes(label) === isLabelled);
}

async function matches(
  dataset: Dataset,
  classifier: StudiedClassifier,
  split: Split,
  indices: readonly number[],
  wanted: number | undefined,
  outcome: Outcome | undefined,
): Promise<readonly SelectedImage[]> {
  if (indices.length === 0) return [];
  const images = await scoreBatch(dataset, classifier, split, indices);
  const known = sharedClasses(classifier, dataset);
  return images.flatMap((image) => {
    const targets = known
      .filter((c) => (wanted === undefined || c === wanted) && isOutcome(image, c, outcome))
      .sort((a, b) => image.scores[b] - image.scores[a]);
    return targets.length === 0 ? [] : [{ index: image.index, target: targets[0] }];
  });
}

function isOutcome(
  { scores, labels, missing }: ScoredImage,
  target: number,
  outcome: Outcome | undefined,
): boolean {
  const predicted = isPredicted(scores[target]);
  const isLabel = labels.includes(target);
  if (outcome === undefined) return isLabel;
  if (outcome === 'missing-label') return predicted && !isLabel && missing.includes(target);
  if (outcome === 'true-positive') return predicted && isLabel;
  return outcome === 'false-positive' ? predicted && !isLabel : !predicted && isLabel;
}
