/** Input x Gradient (Shrikumar et al., 2016): x df/dx (equation 2). */
import { multiply } from '../graph/operators/elementwise.js';
import type { Classifier } from '../model/classifier.js';
import type { Explain } from './attribution.js';
import { explainByGraph, logitGradients } from './gradient.js';

/** @returns attributions [n, bands, height, width]; Captum's `InputXGradient` on the logits */
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
