/** Saliency (Simonyan et al., 2014): how strongly the output reacts to each input value, |df/dx| (equation 1). */
import { absolute as magnitude } from '../graph/operators/elementwise.js';
import type { Classifier } from '../model/classifier.js';
import type { Explain } from './attribution.js';
import { explainByGraph, logitGradients } from './gradient.js';

export interface SaliencyOptions {
  /** The magnitude of the gradient, as in the paper and in Captum; false keeps its sign. */
  readonly absolute?: boolean;
}

/**
 * The magnitude of the gradient of a logit towards the image (equation 1).
 * @returns attributions [n, bands, height, width]; Captum's `Saliency` on the logits
 * @example const map = relevance(await saliency(classifier)(image, 'Pastures'));
 */
export function saliency(classifier: Classifier, { absolute = true }: SaliencyOptions = {}): Explain {
  return explainByGraph(classifier, {
    method: 'Saliency',
    parameters: { absolute },
    units: 'logit per network input unit',
    reduction: 'absolute',
    build() {
      const [gradient] = logitGradients(classifier, [classifier.image]);
      return absolute ? magnitude(gradient) : gradient;
    },
  });
}
