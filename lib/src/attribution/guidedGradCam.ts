/** Guided Grad-CAM (Selvaraju et al., 2017): guided backpropagation times the enlarged Grad-CAM map (equation 6). */
import { multiply } from '../graph/operators/elementwise.js';
import { guided } from '../graph/rules/guided.js';
import type { Classifier } from '../model/classifier.js';
import type { Explain } from './attribution.js';
import { type GradCamOptions, gradCamMap } from './gradCam.js';
import { explainByGraph, logitGradients, targetInput } from './gradient.js';
import type { GuidedOptions } from './guidedBackpropagation.js';

/**
 * Guided backpropagation times the Grad-CAM map (equation 6).
 * @returns attributions [n, bands, height, width]; Captum's `GuidedGradCam`, which enlarges by nearest neighbour
 * @example const map = relevance(await guidedGradCam(classifier)(image, 'Pastures'));
 */
export function guidedGradCam(
  classifier: Classifier,
  {
    layer = classifier.featureLayer,
    interpolation = 'linear',
    except = [],
  }: Omit<GradCamOptions, 'rectify'> & GuidedOptions = {},
): Explain {
  return explainByGraph(classifier, {
    method: 'Guided Grad-CAM',
    parameters: { layer: layer ?? '', interpolation, except: except.join(' ') },
    units: 'guided logit per network input unit, times Grad-CAM',
    reduction: 'sum',
    build() {
      const target = targetInput(classifier.logits);
      const [gradient] = logitGradients(classifier, [classifier.image], {
        rules: guided({ except }),
        target,
      });
      return multiply(gradient, gradCamMap(classifier, { layer, interpolation, target }));
    },
  });
}
