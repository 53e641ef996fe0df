/** One class of one image, explained by several methods, with how far each explanation can be trusted. */

import type { Method } from '../attribution/attribution.js';
import { explainTargets } from '../attribution/explain.js';
import type { Patch } from '../dataset/patch.js';
import type { Progress } from '../io/progress.js';
import { type Localisation, localisation } from '../metric/localisation/localisation.js';
import { maxSensitivity } from '../metric/robustness/maxSensitivity.js';
import { createRandom, requireSeed } from '../random.js';
import type { Tensor } from '../tensor.js';

/** A class of an image, and where it truly is. */
export interface ShownClass {
  /** Into the model's classes. */
  readonly index: number;
  readonly name: string;
  readonly score: number;
  /** True mask [height x width], where it is known and not empty. */
  readonly mask?: Uint8Array;
}

/** An image with the class that is explained in it. */
export interface ClassifiedImage {
  readonly patch: Patch;
  /** [1, bands, height, width], network input units */
  readonly input: Tensor;
  readonly shown: ShownClass;
}

export interface ExplainedClass {
  readonly image: ClassifiedImage;
  readonly explanations: readonly MeasuredMethod[];
}

export interface MeasuredMethod {
  readonly method: Method;
  /** Relevance [height x width], reduced over the bands as the paper shows the method. */
  readonly map: Float32Array;
  readonly maxSensitivity: number;
  /** Against the class's true mask, where it is known. */
  readonly localisation?: Localisation;
}

export interface ExplainClassOptions {
  /** Noisy copies of the image in Max-Sensitivity. */
  readonly draws?: number;
  /** Half width of their uniform noise, in network input units. */
  readonly radius?: number;
  readonly seed?: number;
  /** Counts one step per method, of the method's id. */
  readonly progress?: Pick<Progress, 'start' | 'done'>;
}

/** Explains the image's class; its Max-Sensitivity has the noise, and so the value, of the study. */
export async function explainClass(
  image: ClassifiedImage,
  methods: readonly Method[],
  { draws = 3, radius = 0.02, seed = 0, progress }: ExplainClassOptions = {},
): Promise<ExplainedClass> {
  const { input, patch, shown } = image;
  requireSeed(seed, 'explainClass, seed');
  const noise = { draws, radius, seed: createRandom(seed, 'study', patch.name).integer(2 ** 31) };
  const explanations: MeasuredMethod[] = [];
  for (const method of methods) {
    progress?.start(method.id, method.name);
    const [{ map, attribution }] = await explainTargets(method, input, [shown.index]);
    const known = { ...noise, original: attribution.values };
    const [sensitivity] = await maxSensitivity(method.explain, input, [shown.index], known);
    const inside = shown.mask && localisation(map.data, shown.mask);
    explanations.push({
      method,
      map: map.data,
      maxSensitivity: sensitivity,
      ...(inside && { localisation: inside }),
    });
    progress?.done();
  }
  return { image, explanations };
}
