/** How good a classifier is on scored images. */
import {
  type ClassificationMetrics,
  classificationMetrics,
} from '../metric/classification/classification.js';
import { tensor } from '../tensor.js';
import type { ScoredImages } from './scoredImages.js';

export interface Evaluation {
  /** Those that both the classifier and the data set have, in the order of `metrics.perClass`. */
  readonly classes: readonly string[];
  readonly metrics: ClassificationMetrics;
}

/**
 * The measures of multi-label classification; classes that only the classifier or only the data set knows, and their
 * labels, do not count.
 * @example evaluate(await scoreImages(data, classifier)).metrics.macro.f1
 */
export function evaluate({ classes, shared, images }: ScoredImages): Evaluation {
  const scores = Float32Array.from(images.flatMap((image) => shared.map((c) => image.scores[c])));
  const labels = images.map((image) =>
    image.labels.map((label) => shared.indexOf(label)).filter((label) => label >= 0),
  );
  return {
    classes: shared.map((c) => classes[c]),
    metrics: classificationMetrics(tensor(scores, [images.length, shared.length]), labels),
  };
}
