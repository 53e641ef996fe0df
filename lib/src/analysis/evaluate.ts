/** How good a classifier is on a scored split. */
import {
  type ClassificationMetrics,
  classificationMetrics,
} from '../metric/classification/classification.js';
import { tensor } from '../tensor.js';
import type { ScoredSplit } from './failures.js';

export interface Judgement {
  /** Those that both the classifier and the data set have, in the order of `metrics.perClass`. */
  readonly classes: readonly string[];
  readonly metrics: ClassificationMetrics;
}

/** Classes that only one of classifier and data set knows, and their labels, do not count. */
export function judgeSplit({ classes, judged, images }: ScoredSplit): Judgement {
  const scores = Float32Array.from(images.flatMap((image) => judged.map((c) => image.scores[c])));
  const labels = images.map((image) =>
    image.labels.map((label) => judged.indexOf(label)).filter((label) => label >= 0),
  );
  return {
    classes: judged.map((c) => classes[c]),
    metrics: classificationMetrics(tensor(scores, [images.length, judged.length]), labels),
  };
}
