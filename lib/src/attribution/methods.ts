/** The twelve methods of the paper's Table 3, with the parameters of each preset. */
import type { Classifier } from '../model/classifier.js';
import type { Explain, Reduction } from './attribution.js';
import { deepLift } from './deepLift.js';
import { gradCam } from './gradCam.js';
import { guidedBackpropagation } from './guidedBackpropagation.js';
import { guidedGradCam } from './guidedGradCam.js';
import { inputXGradient } from './inputXGradient.js';
import { integratedGradients } from './integratedGradients.js';
import { lime } from './lime.js';
import { occlusion, occlusionWindows } from './occlusion.js';
import { gradientPasses } from './passes.js';
import { saliency } from './saliency.js';
import { smoothGrad } from './smoothGrad.js';

/** "paper": section 2.4 to the letter, for 120 x 120 pixels. "quick": fewer samples, for a look within minutes. */
export type Preset = 'paper' | 'quick';

interface PresetParameters {
  readonly steps: number;
  readonly smoothSamples: number;
  readonly smoothSteps: number;
  readonly limeSamples: number;
  readonly occlusionStride: number;
}

const parametersOf: Readonly<Record<Preset, PresetParameters>> = {
  paper: { steps: 50, smoothSamples: 30, smoothSteps: 50, limeSamples: 6000, occlusionStride: 5 },
  quick: { steps: 20, smoothSamples: 8, smoothSteps: 4, limeSamples: 300, occlusionStride: 10 },
};

export interface MethodOptions {
  readonly preset: Preset;
  readonly seed: number;
}

export interface MethodDefinition {
  readonly id: string;
  /** The name in the paper's Table 3, written out. */
  readonly name: string;
  /** The paper's short form. */
  readonly abbreviation: string;
  /** How the paper shows its maps: absolute for Saliency, Input x Gradient and Integrated Gradients. */
  readonly reduction: Reduction;
  /** Network passes that one explanation takes, roughly: what estimates of time weigh the method by. */
  passes(classifier: Pick<Classifier, 'size'>, preset: Preset): number;
  create(classifier: Classifier, options: MethodOptions): Explain;
}

type Passes = (parameters: PresetParameters, size: Classifier['size']) => number;
type Create = (classifier: Classifier, parameters: PresetParameters, seed: number) => Explain;

const method = (
  id: string,
  name: string,
  abbreviation: string,
  reduction: Reduction,
  create: Create,
  passes: Passes = () => gradientPasses,
): MethodDefinition => ({
  id,
  name,
  abbreviation,
  reduction,
  passes: ({ size }, preset) => passes(parametersOf[preset], size),
  create: (classifier, { preset, seed }) => create(classifier, parametersOf[preset], seed),
});

const smoothPasses: Passes = ({ smoothSamples }) => smoothSamples * gradientPasses;

/** In the order of Table 3. */
export const methods: readonly MethodDefinition[] = [
  method('saliency', 'Saliency', 'Sal', 'absolute', (classifier) => saliency(classifier)),
  method(
    'saliency-sg',
    'Saliency + SmoothGrad',
    'Sal w. SG',
    'absolute',
    (classifier, { smoothSamples: samples }, seed) => smoothGrad(saliency(classifier), { samples, seed }),
    smoothPasses,
  ),
  method('input-x-gradient', 'Input x Gradient', 'InputXGrad', 'absolute', (classifier) =>
    inputXGradient(classifier),
  ),
  method(
    'input-x-gradient-sg',
    'Input x Gradient + SmoothGrad',
    'InputXGrad w. SG',
    'absolute',
    (classifier, { smoothSamples: samples }, seed) =>
      smoothGrad(inputXGradient(classifier), { samples, seed }),
    smoothPasses,
  ),
  method(
    'integrated-gradients',
    'Integrated Gradients',
    'IntGrad',
    'absolute',
    (classifier, { steps }) => integratedGradients(classifier, { steps }),
    ({ steps }) => steps * gradientPasses,
  ),
  method(
    'integrated-gradients-sg',
    'Integrated Gradients + SmoothGrad',
    'IntGrad w. SG',
    'absolute',
    (classifier, { smoothSamples: samples, smoothSteps: steps }, seed) =>
      smoothGrad(integratedGradients(classifier, { steps }), { samples, seed }),
    ({ smoothSamples, smoothSteps }) => smoothSamples * smoothSteps * gradientPasses,
  ),
  method('guided-backpropagation', 'Guided Backpropagation', 'Guided Backprop', 'sum', (classifier) =>
    guidedBackpropagation(classifier),
  ),
  method(
    'grad-cam',
    'Grad-CAM',
    'Grad-CAM',
    'positive',
    (classifier) => gradCam(classifier),
    // Forward, and back through the last layers alone.
    () => 1,
  ),
  method('guided-grad-cam', 'Guided Grad-CAM', 'Guided Grad-CAM', 'sum', (classifier) =>
    guidedGradCam(classifier),
  ),
  method(
    'deeplift',
    'DeepLift',
    'DeepLift',
    'sum',
    (classifier) => deepLift(classifier),
    // The image and its baseline.
    () => 2 * gradientPasses,
  ),
  method(
    'occlusion',
    'Occlusion',
    'Occlusion',
    'sum',
    (classifier, { occlusionStride: stride }) => occlusion(classifier, { stride: [stride, stride] }),
    ({ occlusionStride: stride }, size) => occlusionWindows(size, { stride: [stride, stride] }),
  ),
  method(
    'lime',
    'LIME',
    'Lime',
    'sum',
    (classifier, { limeSamples: samples }, seed) => lime(classifier, { samples, seed }),
    ({ limeSamples }) => limeSamples,
  ),
];
