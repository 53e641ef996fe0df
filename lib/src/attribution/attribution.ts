/** What every attribution method takes and returns. */
import type { Tensor } from '../tensor.js';

/**
 * What to explain: a class index, a set of classes (their sum; at least one, each once), or one weight per class.
 * The explained quantity is the weighted sum of the classifier's outputs.
 */
export type Target = number | readonly number[] | { readonly weights: readonly number[] };

export type ParameterValue = string | number | boolean | readonly number[];

export interface Attribution {
  /** [images, bands, height, width], or [images, 1, height, width] where a method has no bands; raw, signed values. */
  readonly values: Tensor;
  /** Captum's name of the method, for example "Integrated Gradients + SmoothGrad". */
  readonly method: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly targets: readonly Target[];
  /** What one value means, for example "output per input unit". */
  readonly units: string;
  /** Per image: sum of attributions minus (f(x) - f(x')), relative to f(x) - f(x'); where the method promises completeness. */
  readonly completenessGap?: readonly number[];
}

/** A method bound to its parameters and classifier: images [n, bands, height, width] in network input units. */
export interface Explain {
  (images: Tensor, targets: readonly Target[]): Promise<Attribution>;
  /**
   * The mean attribution of one image [1, bands, height, width] over noise [samples, bands, height, width] added to it,
   * where the method's graph can take it: neither the noisy images nor their attributions leave the engine.
   */
  readonly meanOverNoise?: (image: Tensor, noise: Tensor, target: Target) => Promise<Attribution>;
}
