/** Grad-CAM (Selvaraju et al., 2017): the last feature maps, weighed by their mean gradients. */
import type { Value } from '../graph/node.js';
import { relu } from '../graph/operators/activation.js';
import { multiply } from '../graph/operators/elementwise.js';
import { reduceMean, reduceSum } from '../graph/operators/reduction.js';
import { resize } from '../graph/operators/resize.js';
import type { Classifier } from '../model/classifier.js';
import { featureMaps } from '../model/featureLayer.js';
import type { Explain } from './attribution.js';
import { explainByGraph, logitGradients, targetInput } from './gradient.js';

export interface GradCamOptions {
  /** Name of the node whose output is weighed; by default the classifier's feature layer. */
  readonly layer?: string;
  /** Drops negative values, as equation 5 does; Captum's `LayerGradCam` keeps them by default. */
  readonly rectify?: boolean;
  /** How the map is enlarged to the image: bilinear with half-pixel centres, or as Captum's Guided Grad-CAM does. */
  readonly interpolation?: 'linear' | 'nearest';
}

/** The map ['N', 1, height, width] at the size of the image. */
export function gradCamMap(
  classifier: Classifier,
  {
    layer = classifier.featureLayer,
    rectify = true,
    interpolation = 'linear',
    target = targetInput(classifier.logits),
  }: GradCamOptions & { readonly target?: Value } = {},
): Value {
  const { value, arrange } = featureMaps(
    classifier.logits,
    { layer, grid: classifier.featureGrid },
    classifier.name,
  );
  const [towards] = logitGradients(classifier, [value], { target });
  const [maps, gradient] = [arrange(value), arrange(towards)];
  // Equation 4: one weight per channel, the mean of its gradients.
  const weights = reduceMean(gradient, [2, 3], true);
  // Equation 5: the rectified weighted sum.
  const sum = reduceSum(multiply(weights, maps), [1], true);
  const map = rectify ? relu(sum) : sum;
  const to = { sizes: classifier.size };
  return interpolation === 'linear'
    ? resize(map, to)
    : resize(map, to, { mode: 'nearest', coordinates: 'asymmetric' });
}

/**
 * The feature maps weighed by their mean gradients, rectified and enlarged to the image (equations 4 and 5).
 * @returns attributions [n, 1, height, width]; Captum's `LayerGradCam` with `relu_attributions` and `interpolate`
 * @example
 * const map = relevance(await gradCam(classifier)(image, 'Marine waters'));
 * const signed = relevance(await gradCam(classifier, { rectify: false })(image, 'Marine waters'), 'sum');
 */
export function gradCam(
  classifier: Classifier,
  { layer = classifier.featureLayer, rectify = true, interpolation = 'linear' }: GradCamOptions = {},
): Explain {
  return explainByGraph(classifier, {
    method: 'Grad-CAM',
    parameters: { layer: layer ?? '', rectify, interpolation },
    units: 'logit per feature unit, times features',
    reduction: 'positive',
    build: () => gradCamMap(classifier, { layer, rectify, interpolation }),
  });
}
