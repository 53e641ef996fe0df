/** Input x Gradient (Shrikumar et al., 2016): x df/dx (equation 2). */
import { multiply } from '../graph/operators/elementwise.js';
import type { Classifier } from '../model/classifier.js';
import type { Explain } from './attribution.js';
import { explainByGraph, logitGradients } from './gradient.js';

/**
 * The image times the gradient of a logit towards it (equation 2).
 * @returns attributions [n, bands, height, width]; Captum's `InputXGradient` on the logits
 * @example const map = relevance(await inputXGradient(classifier)(image, 'Pastures'));
 */
export function inputXGradient(classifier: Classifier): Explain {
  return explainByGraph(classifier, {
    method: 'Input x Gradient',
    parameters: {},
    units: 'logit',
    reduction: 'absolute',
    build() {
      const [gradient] = logitGradients(classifier, [classifier.image]);
      return multiply(classifier.image, gradient);
    },
  });
}
