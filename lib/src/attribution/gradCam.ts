/** Grad-CAM (Selvaraju et al., 2017): the last feature maps, weighed by their mean gradients. */
import { InputError } from '../error.js';
import { shapeOf, topologicalOrder } from '../graph/graph.js';
import type { Value } from '../graph/node.js';
import { relu } from '../graph/operators/activation.js';
import { multiply } from '../graph/operators/elementwise.js';
import { reduceMean, reduceSum } from '../graph/operators/reduction.js';
import { resize } from '../graph/operators/resize.js';
import { staticDimension } from '../graph/type.js';
import type { Classifier } from '../model/classifier.js';
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

/** The classifier's feature maps ['N', channels, height, width]; throws InputError where no such node exists. */
export function featureMaps(classifier: Classifier, layer = classifier.featureLayer): Value {
  const node = topologicalOrder([classifier.logits]).find(({ name }) => name !== '' && name === layer);
  if (node === undefined || shapeOf(node.outputs[0]).length !== 4) {
    throw new InputError({
      what: node ? 'this node has no feature maps' : 'Grad-CAM needs a feature layer',
      where: `layer "${layer ?? ''}" of ${classifier.name}`,
      expected: 'the name of a node with an output [N, channels, height, width]',
      todo: 'Name the last convolutional layer: option `layer`, or `featureLayer` of the classifier.',
    });
  }
  return node.outputs[0];
}

/** The map ['N', 1, height, width] at the size of the image. */
export function gradCamMap(
  classifier: Classifier,
  {
    layer,
    rectify = true,
    interpolation = 'linear',
    target = targetInput(classifier.logits),
  }: GradCamOptions & { readonly target?: Value } = {},
): Value {
  const maps = featureMaps(classifier, layer);
  const [gradient] = logitGradients(classifier, [maps], { target });
  // Equation 4: one weight per channel, the mean of its gradients.
  const weights = reduceMean(gradient, [2, 3], true);
  // Equation 5: the rectified weighted sum.
  const sum = reduceSum(multiply(weights, maps), [1], true);
  const map = rectify ? relu(sum) : sum;
  const scales = classifier.size.map(
    (length, i) => length / staticDimension(shapeOf(maps)[i + 2], 'Grad-CAM'),
  );
  return interpolation === 'linear'
    ? resize(map, [1, 1, ...scales])
    : resize(map, [1, 1, ...scales], { mode: 'nearest', coordinates: 'asymmetric' });
}

/** @returns attributions [n, 1, height, width]; Captum's `LayerGradCam` with `relu_attributions` and `interpolate` */
export function gradCam(
  classifier: Classifier,
  { layer = classifier.featureLayer, rectify = true, interpolation = 'linear' }: GradCamOptions = {},
): Explain {
  return explainByGraph(classifier, {
    method: 'Grad-CAM',
    parameters: { layer: layer ?? '', rectify, interpolation },
    units: 'logit per feature unit, times features',
    build: () => gradCamMap(classifier, { layer, rectify, interpolation }),
  });
}
