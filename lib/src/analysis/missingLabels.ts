/** How often a classifier predicts what the image shows although its label was left out on purpose. */
import { mean } from 'simple-statistics';
import { isPredicted } from '../metric/classification/decision.js';
import { classesWithMissingLabels, type ScoredImage, type ScoredImages } from './scoredImages.js';

export interface MissingLabels {
  readonly missing: string;
  /** Images that show the class without its label. */
  readonly images: number;
  /** Share of these where it is predicted, 0 to 1; 0 where there are none. */
  readonly predicted: number;
  /** Mean score there. */
  readonly score: number;
  /** Images that do not show the class at all. */
  readonly imagesElsewhere: number;
  readonly predictedElsewhere: number;
  readonly scoreElsewhere: number;
}

const meanOf = (values: readonly number[]): number => (values.length === 0 ? 0 : mean(values));

/** One row per class whose labels the data set leaves out on purpose, if the classifier knows it. */
export function summariseMissingLabels({ classes, shared, images }: ScoredImages): MissingLabels[] {
  return shared
    .filter((target) => classesWithMissingLabels.includes(classes[target]))
    .map((target) => {
      const shown = images.filter(({ missing }) => missing.includes(target));
      const absent = images.filter(({ cover, labels }) => cover?.[target] === 0 && !labels.includes(target));
      const summarise = (chosen: readonly ScoredImage[]): { predicted: number; score: number } => {
        const scores = chosen.map((image) => image.scores[target]);
        return {
          predicted: meanOf(scores.map((score) => Number(isPredicted(score)))),
          score: meanOf(scores),
        };
      };
      const { predicted: predictedElsewhere, score: scoreElsewhere } = summarise(absent);
      return {
        missing: classes[target],
        images: shown.length,
        ...summarise(shown),
        imagesElsewhere: absent.length,
        ...{ predictedElsewhere, scoreElsewhere },
      };
    });
}
