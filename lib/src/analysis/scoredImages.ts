/** The scores of many images beside their labels: what evaluation, lists of wrong predictions and selections start from. */

import { maskOf, maskShare } from '../dataset/classMask.js';
import type { Dataset, Patch, Split } from '../dataset/patch.js';
import type { Progress } from '../io/progress.js';
import type { Classifier } from '../model/classifier.js';
import { sharedClasses, translateClasses } from '../model/classMatch.js';
import { piecesOf, withProgress } from '../progress.js';
import { stack } from '../tensor.js';

/** The names in `planted` of what an image truly shows although its label was left out on purpose, by class. */
const leftOut: ReadonlyMap<string, string> = new Map([
  ['Beaches, dunes, sands', 'unlabelledBeach'],
  ['Urban fabric', 'unlabelledUrban'],
]);

/** The classes whose labels `scenes` leaves out in some images. */
export const classesWithMissingLabels: readonly string[] = [...leftOut.keys()];

/** All class indices are those of the classifier. */
export interface ScoredImage {
  /** Position in its split. */
  readonly index: number;
  readonly name: string;
  /** Labels that the classifier does not know are left out. */
  readonly labels: readonly number[];
  /** One per class, 0 to 1. */
  readonly scores: Float32Array;
  /** Share of the image that each class truly covers, 0 to 1; where masks are known. */
  readonly cover?: readonly number[];
  /** The classes that the image truly shows and whose labels were left out on purpose. */
  readonly missing: readonly number[];
}

export interface ScoredImages {
  /** Of the classifier. */
  readonly classes: readonly string[];
  /** The classes that the data set has too, as indices: only these can be right or wrong. */
  readonly shared: readonly number[];
  readonly images: readonly ScoredImage[];
}

export interface ScoreOptions {
  /** Number of test images, from the first (default: all). */
  readonly images?: number;
  readonly createProgress?: (steps: readonly string[]) => Progress;
}

type Scorer = Pick<Classifier, 'classes' | 'prepare' | 'score'>;

const batch = 16;

/**
 * Scores the first test images, and matches labels, masks and classes by name.
 * @example const { images } = await scoreImages(data, classifier, { images: 100 });
 */
export async function scoreImages(
  dataset: Dataset,
  classifier: Scorer,
  { images = Number.POSITIVE_INFINITY, createProgress }: ScoreOptions = {},
): Promise<ScoredImages> {
  const count = Math.min(images, dataset.count('test'));
  const starts = piecesOf(count, batch);
  const progress = createProgress?.(starts.map(() => 'batch'));
  const scored: ScoredImage[] = [];
  try {
    for (const start of withProgress('batches', starts)) {
      progress?.start('batch', `images from ${start} of ${count}`);
      const indices = Array.from({ length: Math.min(batch, count - start) }, (_, i) => start + i);
      scored.push(...(await scoreBatch(dataset, classifier, 'test', indices)));
      progress?.done();
    }
  } finally {
    progress?.finish();
  }
  return { classes: classifier.classes, shared: sharedClasses(classifier, dataset), images: scored };
}

/** Reads and scores images of a split, all at once. */
export async function scoreBatch(
  dataset: Dataset,
  classifier: Scorer,
  split: Split,
  indices: readonly number[],
): Promise<readonly ScoredImage[]> {
  const width = classifier.classes.length;
  const patches = await Promise.all(indices.map((index) => dataset.read(split, index)));
  const { data } = await classifier.score(stack(patches.map((patch) => classifier.prepare(patch))));
  return patches.map((patch, i) => ({
    index: indices[i],
    scores: data.slice(i * width, (i + 1) * width),
    ...truthOf(patch, dataset, classifier),
  }));
}

function truthOf(
  patch: Patch,
  dataset: Dataset,
  { classes }: Pick<Classifier, 'classes'>,
): Pick<ScoredImage, 'name' | 'labels' | 'cover' | 'missing'> {
  const { name, labels, masks, planted = {} } = patch;
  const coverOf = (className: string): number => {
    const mask = maskOf(patch, className, dataset);
    return mask === undefined ? 0 : maskShare(mask);
  };
  return {
    name,
    labels: translateClasses(labels, dataset, { classes }),
    ...(masks && { cover: classes.map(coverOf) }),
    missing: [...classes.keys()].filter((c) => planted[leftOut.get(classes[c]) ?? ''] !== undefined),
  };
}
