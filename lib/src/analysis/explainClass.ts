/** One class of one image, explained by several methods, with how far each explanation can be trusted. */
import { relevance } from '../attribution/reduce.js';
import type { Progress } from '../io/progress.js';
import { type Localisation, localisation } from '../metric/localisation/localisation.js';
import { maxSensitivity } from '../metric/robustness/maxSensitivity.js';
import { createRandom, requireSeed } from '../random.js';
import type { StudiedMethod } from '../study/measure.js';
import type { ClassifiedImage, ShownClass } from './competingClasses.js';

export interface ExplainedClass {
  readonly image: ClassifiedImage;
  readonly shown: ShownClass;
  readonly explanations: readonly MeasuredMethod[];
}

export interface MeasuredMethod {
  readonly method: StudiedMethod;
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

/** Explains the first of the image's classes; its Max-Sensitivity has the noise, and so the value, of the study. */
export async function explainClass(
  image: ClassifiedImage,
  methods: readonly StudiedMethod[],
  { draws = 3, radius = 0.02, seed = 0, progress }: ExplainClassOptions = {},
): Promise<ExplainedClass> {
  const { input, patch, classes } = image;
  const [shown] = classes;
  requireSeed(seed, 'explainClass, seed');
  const noise = { draws, radius, seed: createRandom(seed, 'study', patch.name).integer(2 ** 31) };
  const explanations: MeasuredMethod[] = [];
  for (const method of methods) {
    progress?.start(method.id, method.name);
    const attribution = await method.explain(input, [shown.index]);
    const known = { ...noise, original: attribution.values };
    const [sensitivity] = await maxSensitivity(method.explain, input, [shown.index], known);
    const map = relevance(attribution, method.reduction).data;
    const inside = shown.mask && localisation(map, shown.mask);
    explanations.push({
      method,
      map,
      maxSensitivity: sensitivity,
      ...(inside && { localisation: inside }),
    });
    progress?.done();
  }
  return { image, shown, explanations };
}
