/** What every attribution method takes and returns. */
import type { Tensor } from '../tensor.js';
import type { Design, Moments } from './moments.js';
import type { Uncertainty } from './uncertainty.js';

/**
 * What to explain: a class by its index or its name, a set of class indices (their sum; at least one, each once), or one
 * weight per class. The explained quantity is the weighted sum of the classifier's outputs.
 */
export type Target = number | string | readonly number[] | { readonly weights: readonly number[] };

/**
 * The targets of several images: one that holds for every image, or an array with one per image. An array is always one
 * per image: a set of classes for a single image is `[[1, 2]]`.
 */
export type Targets = number | string | { readonly weights: readonly number[] } | readonly Target[];

export type ParameterValue = string | number | boolean | readonly number[];

/**
 * How values per band become one relevance per pixel, as the paper shows the method: the sum over the bands; its absolute
 * value (Saliency, Input x Gradient, Integrated Gradients); or its positive part (Grad-CAM).
 */
export type Reduction = 'sum' | 'absolute' | 'positive';

export interface Attribution {
  /** [images, bands, height, width], or [images, 1, height, width] where a method has no bands; raw, signed values. */
  readonly values: Tensor;
  /** Captum's name of the method, for example "Integrated Gradients + SmoothGrad". */
  readonly method: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly targets: readonly Target[];
  /** What one value means, for example "output per input unit". */
  readonly units: string;
  /** How the paper shows the method's maps: what `relevance` does by default. */
  readonly reduction: Reduction;
  /** Per image: sum of attributions minus (f(x) - f(x')), relative to f(x) - f(x'); where the method promises completeness. */
  readonly completenessGap?: readonly number[];
  /** The error that sampling leaves; where the method samples or approximates, and says so. */
  readonly uncertainty?: Uncertainty;
}

/** A method bound to its parameters and classifier: images [n, bands, height, width] in network input units. */
export interface Explain {
  (images: Tensor, targets: Targets): Promise<Attribution>;
  /** The parameters of its attributions, where they are known before any is made. */
  readonly parameters?: Attribution['parameters'];
  /**
   * Noisy copies of one image [1, bands, height, width], where the method's graph can take the noise: neither the copies
   * nor their attributions leave the engine.
   */
  readonly overNoise?: (image: Tensor, target: Target) => Promise<NoisyCopies>;
}

/** Copies of one image with noise added, of whose attributions only sums are kept. */
export interface NoisyCopies {
  /** Copies that fit into one run. */
  readonly batchSize: number;
  /** Sums over the attributions of the copies with this noise [copies, bands, height, width]. */
  readonly evaluate: (noise: Tensor, design: Design) => Promise<EvaluatedCopies>;
}

export interface EvaluatedCopies {
  readonly moments: Moments;
  /** Of the method that explained them. */
  readonly facts: MethodFacts;
}

/** An explanation method with the name it has in records, tables and figures: one of `methods`, or your own. */
export interface Method {
  /** Letters, digits and hyphens; one per method of a study. */
  readonly id: string;
  readonly name: string;
  /** Short form for figures. Default: the name. */
  readonly abbreviation?: string;
  /** How its maps are shown, ranked and compressed. Default: that of its attributions. */
  readonly reduction?: Reduction;
  /** Network passes that one explanation of one image takes, roughly: what estimates of time weigh it by. Default: 3, a gradient. */
  readonly passes?: number;
  readonly explain: Explain;
}

/** What all attributions of a method have in common. */
export type MethodFacts = Pick<Attribution, 'method' | 'parameters' | 'units' | 'reduction'>;

/** One target per image, from one for all or one for each. */
export function targetPerImage(targets: Targets, images: number): readonly Target[] {
  if (typeof targets === 'object' && !('weights' in targets)) return targets;
  return new Array<Target>(images).fill(targets);
}

/**
 * A method of your own from a function that explains images [n, bands, height, width], one target each.
 * @param compute returns values [n, bands, height, width] or [n, 1, height, width]
 * @example
 * const brightness = createExplain({ method: 'Brightness' }, async (images) => ({ values: images }));
 * const [{ map }] = await explain(classifier, patch, 0, { methods: [{ id: 'brightness', name: 'Brightness', explain: brightness }] });
 */
export function createExplain(
  {
    method,
    parameters = {},
    units = 'of the method',
    reduction = 'sum',
  }: Pick<MethodFacts, 'method'> & Partial<MethodFacts>,
  compute: (
    images: Tensor,
    targets: readonly Target[],
  ) => Promise<Pick<Attribution, 'values' | 'completenessGap' | 'uncertainty'>>,
): Explain {
  const explain: Explain = async (images, given) => {
    const targets = targetPerImage(given, images.shape[0]);
    return { ...(await compute(images, targets)), method, parameters, targets, units, reduction };
  };
  return Object.assign(explain, { parameters });
}
