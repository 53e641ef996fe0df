/** Does a larger map go with a more sensitive one? File size against Max-Sensitivity, over methods and image by image. */

import type { StudyRecord } from '../study/records.js';
import type { ScoreColumn } from './comparison.js';
import { type Correlation, fisherInterval, pearson } from './correlation.js';

export interface MethodPoint {
  readonly id: string;
  /** KB. */
  readonly fileSize: number;
  readonly maxSensitivity: number;
}

export interface CorrelationInterval extends Correlation {
  /** Ends of the 95 % interval. */
  readonly low: number;
  readonly high: number;
  /** Pairs. */
  readonly count: number;
}

/** What the paper states below its Table 3, over the twelve methods. */
export const statedCorrelation = { bigEarthNet: 0.69, sen12ms: 0.82 } as const;

/** The methods whose maps consist of few, large patches: upsampled cells, windows, superpixels. */
export const coarseMethods: readonly string[] = ['grad-cam', 'occlusion', 'lime'];

/** The methods of which both measures are known. */
export function sizeAndSensitivity({ scores }: Pick<ScoreColumn, 'scores'>): readonly MethodPoint[] {
  return Object.entries(scores).flatMap(([id, { fileSize, maxSensitivity }]) =>
    fileSize === undefined || maxSensitivity === undefined ? [] : [{ id, fileSize, maxSensitivity }],
  );
}

/** Pearson's correlation with its 95 % interval; undefined for fewer than 4 methods or where one measure is constant. */
export function correlateSizes(points: readonly MethodPoint[]): CorrelationInterval | undefined {
  const [sizes, sensitivities] = [
    points.map(({ fileSize }) => fileSize),
    points.map(({ maxSensitivity }) => maxSensitivity),
  ];
  const varies = [sizes, sensitivities].every((series) => new Set(series).size > 1);
  if (points.length < 4 || !varies) return undefined;
  const correlation = pearson(sizes, sensitivities);
  return { ...correlation, ...fisherInterval(correlation.r, points.length), count: points.length };
}

/** The methods' points on each image, in the order of the records. */
export function pointsPerImage(records: readonly StudyRecord[]): ReadonlyMap<string, readonly MethodPoint[]> {
  const images = [...new Set(records.map(({ image }) => image))];
  return new Map(
    images.map((image) => {
      const ofImage = records.filter((record) => record.image === image);
      return [
        image,
        sizeAndSensitivity({
          scores: Object.fromEntries(ofImage.map(({ method, metrics }) => [method, metrics])),
        }),
      ];
    }),
  );
}
