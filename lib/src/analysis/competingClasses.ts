/** Images that show several classes which the model predicts rightly, and how well methods tell the classes apart. */

import type { ClassMaps } from '../attribution/explainClasses.js';
import { superClassOf } from '../dataset/bigEarthNet/superClasses.js';
import { maskOf } from '../dataset/classMask.js';
import type { Dataset, Patch } from '../dataset/patch.js';
import { decisionThreshold, isPredicted } from '../metric/classification/decision.js';
import {
  type MapSimilarity,
  mapSimilarity,
  maskContrast,
  type Pair,
} from '../metric/localisation/classDiscrimination.js';
import { translateClasses } from '../model/classMatch.js';
import { chooseImages, type StudiedClassifier } from '../study/subject.js';
import type { Tensor } from '../tensor.js';

/** A class of an image that is both label and prediction. */
export interface ShownClass {
  /** Into the model's classes. */
  readonly index: number;
  readonly name: string;
  readonly score: number;
  /** True mask [height x width], where it is known and not empty. */
  readonly mask?: Uint8Array;
}

/** A test image with the classes that are explained in it. */
export interface ClassifiedImage {
  readonly patch: Patch;
  /** Position in the test split. */
  readonly imageIndex: number;
  /** [1, bands, height, width], network input units */
  readonly input: Tensor;
  readonly classes: readonly ShownClass[];
}

export interface FindOptions {
  /** At most so many images. */
  readonly images?: number;
  /** A class counts as predicted above this score; `decisionThreshold` unless told. */
  readonly threshold?: number;
  /** Decides the order in which test images are looked at: that of the study. */
  readonly seed?: number;
}

/** Chooses the classes to explain among those that an image shows, highest score first; undefined to pass it over. */
export type ChooseClasses = (shown: readonly ShownClass[]) => readonly ShownClass[] | undefined;

/** These classes, by name, where an image shows them all. */
export function theseClasses(...names: readonly string[]): ChooseClasses {
  return (shown) => {
    const found = names.flatMap((name) => shown.find((each) => each.name === name) ?? []);
    return found.length === names.length ? found : undefined;
  };
}

/** Leaves out classes whose true mask, where it is known, covers less or more of the image than these shares. */
export function ofSize(
  { least = 0, most = 1 }: { readonly least?: number; readonly most?: number },
  choose: ChooseClasses,
): ChooseClasses {
  return (shown) =>
    choose(
      shown.filter(({ mask }) => {
        if (mask === undefined) return true;
        const share = mask.reduce((sum, value) => sum + value, 0) / mask.length;
        return share >= least && share <= most;
      }),
    );
}

/**
 * The two classes of one super-class with the highest scores, and the class with the highest score of another
 * super-class: one pair within, two across, in the same image.
 */
export const twoAlikeAndOther: ChooseClasses = (shown) => {
  for (const [i, second] of shown.entries()) {
    const superClass = superClassOf(second.name);
    const first = shown.slice(0, i).find(({ name }) => superClassOf(name) === superClass);
    const other = shown.find(({ name }) => superClassOf(name) !== superClass);
    if (superClass !== undefined && first !== undefined && other !== undefined) return [first, second, other];
  }
  return undefined;
};

/** The first test images, in the study's order, for which `choose` finds classes; fewer where there are not so many. */
export async function findImages(
  dataset: Dataset,
  classifier: StudiedClassifier,
  choose: ChooseClasses,
  { images = 1, threshold = decisionThreshold, seed = 0 }: FindOptions = {},
): Promise<ClassifiedImage[]> {
  const found: ClassifiedImage[] = [];
  for (const imageIndex of chooseImages(dataset, dataset.count('test'), seed)) {
    if (found.length >= images) break;
    const patch = await dataset.read('test', imageIndex);
    // Without scores yet: whether the labels alone would do, which spares scoring most images.
    const labelled = shownClasses(patch, dataset, classifier, () => 1);
    if (choose(labelled) === undefined) continue;
    const input = classifier.prepare(patch);
    const scores = (await classifier.score(input)).data;
    const shown = shownClasses(patch, dataset, classifier, (index) => scores[index]);
    const classes = choose(shown.filter(({ score }) => isPredicted(score, threshold)));
    if (classes !== undefined) found.push({ patch, imageIndex, input, classes });
  }
  return found;
}

/** The labels that the model knows, matched by name, by falling score. */
function shownClasses(
  patch: Patch,
  dataset: Dataset,
  model: StudiedClassifier,
  scoreOf: (index: number) => number,
): ShownClass[] {
  const shown = translateClasses(patch.labels, dataset, model).map((index) => {
    const name = model.classes[index];
    const mask = maskOf(patch, name, dataset);
    return { index, name, score: scoreOf(index), ...(mask && { mask }) };
  });
  return shown.sort((a, b) => b.score - a.score || a.index - b.index);
}

/** One method's maps of two classes of one image, held against each other. */
export interface Discrimination {
  readonly method: string;
  readonly imageIndex: number;
  readonly classes: Pair<string>;
  /** Whether both classes belong to one super-class. */
  readonly sameSuperClass: boolean;
  /** Absent where a map is the same everywhere. */
  readonly similarity?: MapSimilarity;
  /** Absent where a map has no positive relevance or a mask is not known. */
  readonly contrast?: number;
}

/** Compares every two of an image's classes, for each method. `explained` holds the classes' maps in their order. */
export function discriminate(
  { imageIndex, classes }: Pick<ClassifiedImage, 'imageIndex' | 'classes'>,
  explained: readonly ClassMaps[],
): Discrimination[] {
  const pairs = classes.flatMap((_, i) => classes.slice(0, i).map((_, j): Pair<number> => [j, i]));
  return explained.flatMap(({ method, maps }) =>
    pairs.map(([i, j]) => {
      const [first, second] = [classes[i], classes[j]];
      const similarity = mapSimilarity([maps[i], maps[j]]);
      const contrast =
        first.mask && second.mask && maskContrast([maps[i], maps[j]], [first.mask, second.mask]);
      const superClass = superClassOf(first.name);
      return {
        method: method.name,
        imageIndex,
        classes: [first.name, second.name],
        sameSuperClass: superClass !== undefined && superClass === superClassOf(second.name),
        ...(similarity && { similarity }),
        ...(contrast !== undefined && { contrast }),
      };
    }),
  );
}

/** A method's means over pairs of classes; a mean over none is not a number. */
export interface DiscriminationMeans {
  readonly pairs: number;
  readonly pearson: number;
  readonly spearman: number;
  readonly contrast: number;
}

export function meanDiscrimination(results: readonly Discrimination[]): DiscriminationMeans {
  return {
    pairs: results.length,
    pearson: mean(results.map(({ similarity }) => similarity?.pearson)),
    spearman: mean(results.map(({ similarity }) => similarity?.spearman)),
    contrast: mean(results.map(({ contrast }) => contrast)),
  };
}

/** The mean of what is defined. */
function mean(values: readonly (number | undefined)[]): number {
  const defined = values.filter((value) => value !== undefined);
  return defined.reduce((sum, value) => sum + value, 0) / defined.length;
}
