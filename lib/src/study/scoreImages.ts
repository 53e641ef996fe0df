/** Scores of many test images, with the labels that the model knows. */
import type { Dataset } from '../dataset/patch.js';
import type { Classifier } from '../model/classifier.js';
import { stack, type Tensor } from '../tensor.js';
import type { Progress } from './progress.js';

export interface ScoredImages {
  /** [images, classes of the model], 0 to 1 */
  readonly scores: Tensor;
  /** Indices into the classes of the model, by image. */
  readonly labels: readonly (readonly number[])[];
  /** Labels of the images that the model does not know; they do not count. */
  readonly unknownLabels: number;
}

export interface ScoreOptions {
  /** Images to score, at most; all unless told. */
  readonly images?: number;
  readonly createProgress?: (steps: readonly string[]) => Progress;
}

const batch = 16;

/** Scores the first images of the test split. Classes are matched by name. */
export async function scoreImages(
  dataset: Dataset,
  classifier: Pick<Classifier, 'classes' | 'prepare' | 'score'>,
  { images = dataset.count('test'), createProgress }: ScoreOptions = {},
): Promise<ScoredImages> {
  const count = Math.min(images, dataset.count('test'));
  const ownIndex = dataset.classes.map((name) => classifier.classes.indexOf(name));
  const parts: Tensor[] = [];
  const labels: (readonly number[])[] = [];
  let unknownLabels = 0;
  const progress = createProgress?.(Array.from({ length: Math.ceil(count / batch) }, () => 'scores'));
  try {
    for (let start = 0; start < count; start += batch) {
      progress?.start('scores', `image ${start} of ${count}`);
      const patches = await Promise.all(
        Array.from({ length: Math.min(batch, count - start) }, (_, i) => dataset.read('test', start + i)),
      );
      for (const patch of patches) {
        const known = patch.labels.map((label) => ownIndex[label]).filter((label) => label >= 0);
        unknownLabels += patch.labels.length - known.length;
        labels.push(known);
      }
      parts.push(await classifier.score(stack(patches.map((patch) => classifier.prepare(patch)))));
      progress?.done();
    }
  } finally {
    progress?.finish();
  }
  return { scores: stack(parts), labels, unknownLabels };
}
