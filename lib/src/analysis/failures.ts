/** Where a classifier and the labels disagree: wrong predictions, missed classes, and labels that are missing. */

import { explainPatch, type MethodMap, shareByClass } from '../attribution/explainPatch.js';
import type { Dataset, Patch, Split } from '../dataset/patch.js';
import type { Progress } from '../io/progress.js';
import { decisionThreshold, isPredicted } from '../metric/classification/decision.js';
import type { Classifier } from '../model/classifier.js';
import { sharedClasses, translateClasses } from '../model/classMatch.js';
import type { StudiedMethod } from '../study/measure.js';
import { maskOf } from '../study/subject.js';
import { stack } from '../tensor.js';

/** The masks in `planted` of what an image truly shows although its label was left out on purpose, by class. */
const leftOut: ReadonlyMap<string, string> = new Map([
  ['Beaches, dunes, sands', 'unlabelledBeach'],
  ['Urban fabric', 'unlabelledUrban'],
]);

export interface ScoredImage {
  /** Position in its split. */
  readonly index: number;
  readonly name: string;
  /** Indices into the classifier's classes; labels that it does not know are left out. */
  readonly labels: readonly number[];
  /** One per class of the classifier, 0 to 1. */
  readonly scores: Float32Array;
  /** Share of the image that each class of the classifier truly covers, 0 to 1; where masks are known. */
  readonly cover?: readonly number[];
  /** The classes that the image truly shows and whose labels were left out on purpose. */
  readonly missing: readonly number[];
}

export interface ScoredSplit {
  /** Of the classifier. */
  readonly classes: readonly string[];
  /** Those of them that the data set has too: only these can be right or wrong. */
  readonly judged: readonly number[];
  readonly images: readonly ScoredImage[];
}

export interface ScoreOptions {
  /** The first so many test images; all unless told, or where there are fewer. */
  readonly images?: number;
  readonly createProgress?: (steps: readonly string[]) => Progress;
}

const batch = 16;

export async function scoreImages(
  dataset: Dataset,
  classifier: Pick<Classifier, 'classes' | 'prepare' | 'score'>,
  { images = Number.POSITIVE_INFINITY, createProgress }: ScoreOptions = {},
): Promise<ScoredSplit> {
  const { classes } = classifier;
  const count = Math.min(images, dataset.count('test'));
  const starts = Array.from({ length: Math.ceil(count / batch) }, (_, i) => i * batch);
  const progress = createProgress?.(starts.map(() => 'batch'));
  const scored: ScoredImage[] = [];
  try {
    for (const start of starts) {
      progress?.start('batch', `images from ${start} of ${count}`);
      const indices = Array.from({ length: Math.min(batch, count - start) }, (_, i) => start + i);
      scored.push(...(await scoreBatch(dataset, classifier, 'test', indices)));
      progress?.done();
    }
  } finally {
    progress?.finish();
  }
  const judged = sharedClasses(classifier, dataset);
  return { classes, judged, images: scored };
}

/** Reads and scores images of a split, all at once. */
export async function scoreBatch(
  dataset: Dataset,
  classifier: Pick<Classifier, 'classes' | 'prepare' | 'score'>,
  split: Split,
  indices: readonly number[],
): Promise<readonly ScoredImage[]> {
  const { classes } = classifier;
  const patches = await Promise.all(indices.map((index) => dataset.read(split, index)));
  const { data } = await classifier.score(stack(patches.map((patch) => classifier.prepare(patch))));
  return patches.map((patch, i) => ({
    index: indices[i],
    scores: data.slice(i * classes.length, (i + 1) * classes.length),
    ...describe(patch, dataset, classifier),
  }));
}

function describe(
  { name, labels, masks, planted = {}, image }: Patch,
  dataset: Dataset,
  classifier: Pick<Classifier, 'classes'>,
): Pick<ScoredImage, 'name' | 'labels' | 'cover' | 'missing'> {
  const { classes } = classifier;
  const area = image.shape[1] * image.shape[2];
  return {
    name,
    labels: translateClasses(labels, dataset, classifier),
    ...(masks && {
      cover: classes.map(
        (className) =>
          (maskOf({ masks, image }, className, dataset)?.reduce((sum, value) => sum + value, 0) ?? 0) / area,
      ),
    }),
    missing: [...classes.keys()].filter((c) => planted[leftOut.get(classes[c]) ?? ''] !== undefined),
  };
}

/** What a prediction that is not among the labels truly is; unknown where no masks tell. */
export const verdicts = ['label missing', 'too small for a label', 'not there', 'unknown'] as const;
export type Verdict = (typeof verdicts)[number];

/** A decision that the labels contradict. */
export interface Mistake {
  readonly image: ScoredImage;
  /** Index into the classifier's classes. */
  readonly target: number;
  readonly className: string;
  readonly score: number;
  /** Of a false positive. */
  readonly verdict?: Verdict;
}

function judge({ cover, missing }: ScoredImage, target: number): Verdict {
  if (missing.includes(target)) return 'label missing';
  if (cover === undefined) return 'unknown';
  return cover[target] > 0 ? 'too small for a label' : 'not there';
}

/** Classes predicted that are not among the labels, the most confident first. */
export function falsePositives({ classes, judged, images }: ScoredSplit): Mistake[] {
  const found = images.flatMap((image) =>
    judged
      .filter((target) => isPredicted(image.scores[target]) && !image.labels.includes(target))
      .map((target) => ({
        ...{ image, target, className: classes[target], score: image.scores[target] },
        verdict: judge(image, target),
      })),
  );
  return found.sort((a, b) => b.score - a.score);
}

/** Labels that are not predicted, the most confidently denied first. */
export function falseNegatives({ classes, judged, images }: ScoredSplit): Mistake[] {
  const found = images.flatMap((image) =>
    judged
      .filter((target) => !isPredicted(image.scores[target]) && image.labels.includes(target))
      .map((target) => ({ image, target, className: classes[target], score: image.scores[target] })),
  );
  return found.sort((a, b) => a.score - b.score);
}

/** The first mistake of each class, at most `count`: a few cases that are not all alike. */
export function firstOfEachClass(mistakes: readonly Mistake[], count: number): Mistake[] {
  const isFirst = ({ target }: Mistake, i: number): boolean =>
    mistakes.findIndex((other) => other.target === target) === i;
  return mistakes.filter(isFirst).slice(0, count);
}

/** How many mistakes of each verdict have a score in (from, to]. */
export interface ScoreBin {
  readonly from: number;
  readonly to: number;
  readonly counts: Readonly<Record<Verdict, number>>;
}

/** False positives by confidence: five bins of the scores above the threshold, and of what they truly are. */
export function countByScore(mistakes: readonly Mistake[]): ScoreBin[] {
  return [decisionThreshold, 0.6, 0.7, 0.8, 0.9].map((from) => {
    const to = Math.round(10 * from + 1) / 10;
    const inside = mistakes.filter(({ score }) => score > from && score <= to);
    return { from, to, counts: countVerdicts(inside) };
  });
}

/** How often the classifier finds what the labels leave out, against how often it sees it where there is nothing. */
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

/** One row per class whose labels the data set leaves out on purpose, if the classifier knows it. */
export function summariseMissingLabels({ classes, judged, images }: ScoredSplit): MissingLabels[] {
  return judged
    .filter((target) => leftOut.has(classes[target]))
    .map((target) => {
      const shown = images.filter(({ missing }) => missing.includes(target));
      const absent = images.filter(({ cover, labels }) => cover?.[target] === 0 && !labels.includes(target));
      const summarise = (chosen: readonly ScoredImage[]): { predicted: number; score: number } => {
        const scores = chosen.map((image) => image.scores[target]);
        return { predicted: mean(scores.map((s) => (isPredicted(s) ? 1 : 0))), score: mean(scores) };
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

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** A mistake with what several methods say of it. */
export interface ExplainedMistake {
  readonly mistake: Mistake;
  readonly patch: Patch;
  /** Where the class truly is (a missing label: where it was left out) [height x width]; if it is anywhere. */
  readonly mask?: Uint8Array;
  readonly maps: readonly MethodMap[];
}

export interface ExplainOptions {
  readonly data: Dataset;
  readonly classifier: Pick<Classifier, 'prepare'>;
  readonly methods: readonly StudiedMethod[];
}

/** Explains the score of each mistake's class. */
export async function explainMistakes(
  mistakes: readonly Mistake[],
  { data, classifier, methods }: ExplainOptions,
): Promise<ExplainedMistake[]> {
  const explained: ExplainedMistake[] = [];
  for (const mistake of mistakes) {
    const patch = await data.read('test', mistake.image.index);
    const mask = truthOf(mistake, patch, data);
    const maps = await explainPatch(classifier, methods, patch, mistake.target, mask);
    explained.push({ mistake, patch, ...(mask && { mask }), maps });
  }
  return explained;
}

function truthOf({ className, verdict }: Mistake, patch: Patch, data: Dataset): Uint8Array | undefined {
  const { planted = {} } = patch;
  if (verdict === 'label missing') return planted[leftOut.get(className) ?? ''];
  return maskOf(patch, className, data);
}

/** The class that the relevance is drawn to: where its share exceeds the class's share of the image most. */
export interface LookedAt {
  readonly className: string;
  /** Of the positive relevance, 0 to 1. */
  readonly share: number;
  /** Of the image. */
  readonly area: number;
}

/** Undefined where the patch has no masks or no relevance is positive. */
export function lookedAt(
  map: ArrayLike<number>,
  { masks }: Pick<Patch, 'masks'>,
  classes: readonly string[],
): LookedAt | undefined {
  if (masks === undefined) return undefined;
  const shares = shareByClass(map, masks, classes.length);
  if (shares.every((share) => share === 0)) return undefined;
  const areas = shareByClass(new Uint8Array(map.length).fill(1), masks, classes.length);
  const best = [...classes.keys()].reduce((a, b) => (shares[b] - areas[b] > shares[a] - areas[a] ? b : a));
  return { className: classes[best], share: shares[best], area: areas[best] };
}

/** How often each class is wrongly predicted, by what is truly there, and how often its label is missed. */
export interface ClassMistakes {
  readonly className: string;
  readonly falseNegatives: number;
  readonly falsePositives: Readonly<Record<Verdict, number>>;
}

/** One row per judged class, in the order of the classifier. */
export function countByClass(scored: ScoredSplit): ClassMistakes[] {
  const [wrong, missed] = [falsePositives(scored), falseNegatives(scored)];
  return scored.judged.map((target) => ({
    className: scored.classes[target],
    falseNegatives: missed.filter((mistake) => mistake.target === target).length,
    falsePositives: countVerdicts(wrong.filter((mistake) => mistake.target === target)),
  }));
}

function countVerdicts(mistakes: readonly Mistake[]): Record<Verdict, number> {
  const count = (verdict: Verdict): number =>
    mistakes.filter((mistake) => mistake.verdict === verdict).length;
  return {
    'label missing': count('label missing'),
    'too small for a label': count('too small for a label'),
    'not there': count('not there'),
    unknown: count('unknown'),
  };
}
