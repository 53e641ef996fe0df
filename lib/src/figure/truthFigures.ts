/** Ground truth as figures take it: ratios by method and question, and the maps of the best and the worst method. */

import { questions, summariseTruth, type TruthRecord } from '../analysis/groundTruth.js';
import { explainPatch } from '../attribution/explainPatch.js';
import { scenes } from '../dataset/scenes.js';
import { indexOfClass } from '../model/classMatch.js';
import type { StudiedMethod } from '../study/measure.js';
import type { StudiedClassifier } from '../study/subject.js';
import type { CaseRow } from './casePanels.js';
import { mapTitle } from './caseRows.js';
import { paintMask } from './colour.js';
import { paintPatch } from './patchPicture.js';
import type { TruthDots } from './truthRatios.js';

const shortTitles: ReadonlyMap<string, string> = new Map([
  ['mask', 'The explained class itself'],
  ['sea', 'The sea, explaining beaches'],
  ['artefact', 'The sensor artefact, explaining permanent crops'],
]);

/** One column per question that was measured; methods in the order of the registry, the random baseline last. */
export function truthColumns(
  records: readonly TruthRecord[],
  methods: readonly Pick<StudiedMethod, 'id' | 'name'>[],
): TruthDots[] {
  const summary = summariseTruth(records, methods);
  const idOf = new Map(methods.map(({ id, name }) => [name, id]));
  return questions.flatMap(({ id: question }) => {
    const own = summary.filter((row) => row.question === question);
    if (own.length === 0) return [];
    return [
      {
        question: shortTitles.get(question) ?? question,
        methods: own.map(({ method, ratio }) => ({
          ...{ method, ratio },
          single: records
            .filter(
              (record) => record.question === question && record.method === (idOf.get(method) ?? 'random'),
            )
            .map(({ share, area }) => (share ?? 0) / area),
        })),
      },
    ];
  });
}

export interface ExtremesOptions {
  readonly classifier: StudiedClassifier;
  readonly methods: readonly StudiedMethod[];
  /** Of the data set. */
  readonly seed?: number;
}

/**
 * The first image of a question with its mask outlined, and the maps of the methods with the highest and the lowest
 * ratio; undefined where no image of the question was measured.
 */
export async function explainExtremes(
  question: string,
  records: readonly TruthRecord[],
  { classifier, methods, seed = 0 }: ExtremesOptions,
): Promise<CaseRow | undefined> {
  const first = records.find((record) => record.question === question);
  const ranked = summariseTruth(records, methods)
    .filter((row) => row.question === question)
    .sort((a, b) => b.ratio - a.ratio)
    .flatMap(({ method }) => methods.filter(({ name }) => name === method));
  if (first === undefined || ranked.length === 0) return undefined;
  const patch = await scenes({ seed, size: classifier.size[0] }).read('test', first.image);
  const mask = questions.find(({ id }) => id === question)?.ask(patch)?.mask;
  if (mask === undefined) return undefined;
  const target = indexOfClass(first.target, classifier);
  const maps = await explainPatch(classifier, [ranked[0], ranked[ranked.length - 1]], patch, target, mask);
  const [, height, width] = patch.image.shape;
  const area = (100 * mask.reduce((sum, value) => sum + value, 0)) / mask.length;
  return {
    ...{ width, height },
    pictures: [
      {
        title: `Test image ${first.image}: ${first.target}; outlined ${area.toFixed(1)}\u00a0%`,
        pixels: paintMask(paintPatch(patch).pixels, mask, width, { outside: 1 }),
      },
    ],
    maps: maps.map((entry, i) => ({
      title: `${i === 0 ? 'Highest' : 'Lowest'}: ${mapTitle(entry)}`,
      values: entry.map,
    })),
  };
}
