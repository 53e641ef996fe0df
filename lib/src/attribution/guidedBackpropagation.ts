/** Guided backpropagation and deconvnet: gradients that only pass where they are positive. */
import { deconvnet, guided } from '../graph/rules/guided.js';
import type { Classifier } from '../model/classifier.js';
import type { Explain } from './attribution.js';
import { explainByGraph, logitGradients } from './gradient.js';

export interface GuidedOptions {
  /** Names of ReLU nodes with the ordinary gradient. Captum guides modules only: for torchvision's DenseNet, ['features.relu5']. */
  readonly except?: readonly string[];
}

/**
 * Springenberg et al., 2015.
 * @returns attributions [n, bands, height, width]; Captum's `GuidedBackprop` on the logits
 * @example const map = relevance(await guidedBackpropagation(classifier)(image, 'Pastures'));
 */
export function guidedBackpropagation(classifier: Classifier, { except = [] }: GuidedOptions = {}): Explain {
  return explainByGraph(classifier, {
    method: 'Guided Backpropagation',
    parameters: { except: except.join(' ') },
    units: 'guided logit per network input unit',
    reduction: 'sum',
    build: () => logitGradients(classifier, [classifier.image], { rules: guided({ except }) })[0],
  });
}

/**
 * Zeiler and Fergus, 2014.
 * @returns attributions [n, bands, height, width]; Captum's `Deconvolution` on the logits
 * @example const map = relevance(await deconvolution(classifier)(image, 'Pastures'));
 */
export function deconvolution(classifier: Classifier): Explain {
  return explainByGraph(classifier, {
    method: 'Deconvolution',
    parameters: {},
    units: 'rectified logit per network input unit',
    reduction: 'sum',
    build: () => logitGradients(classifier, [classifier.image], { rules: deconvnet })[0],
  });
}
