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
import { smoothIntegratedGradients } from './smoothIntegratedGradients.js';

/**
 * "paper": section 2.4 to the letter, for 120 x 120 pixels. "efficient": the error and the Max-Sensitivity that the paper's
 * counts leave, by fewer evaluations. "quick": fewer samples, for a look within minutes.
 */
export type Preset = 'paper' | 'efficient' | 'quick';

interface PresetParameters {
  /** Integrated Gradients. */
  readonly path: { readonly steps: number; readonly quadrature?: 'midpoint' };
  /** SmoothGrad. */
  readonly noise: { readonly samples: number; readonly noise?: 'antithetic' };
  /** Integrated Gradients + SmoothGrad: steps for each noisy copy, or gradients with a noise and a point of their own. */
  readonly noisyPath: { readonly steps: number } | { readonly samples: number };
  readonly lime: { readonly samples: number; readonly bits?: 'paired'; readonly alpha?: number };
  readonly occlusion: { readonly stride: readonly [number, number] };
}

const parametersOf: Readonly<Record<Preset, PresetParameters>> = {
  paper: {
    path: { steps: 50 },
    noise: { samples: 30 },
    noisyPath: { steps: 50 },
    lime: { samples: 6000 },
    occlusion: { stride: [5, 5] },
  },
  efficient: {
    path: { steps: 32, quadrature: 'midpoint' },
    // Fewer would leave the paper's error too, but a rougher map, whose Max-Sensitivity is higher.
    noise: { samples: 30, noise: 'antithetic' },
    noisyPath: { samples: 192 },
    lime: { samples: 1536, bits: 'paired', alpha: 0 },
    occlusion: { stride: [5, 5] },
  },
  quick: {
    path: { steps: 20 },
    noise: { samples: 8 },
    noisyPath: { samples: 48 },
    lime: { samples: 320, bits: 'paired', alpha: 0 },
    occlusion: { stride: [10, 10] },
  },
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

const smoothPasses: Passes = ({ noise }) => noise.samples * gradientPasses;

/** In the order of Table 3. */
export const methods: readonly MethodDefinition[] = [
  method('saliency', 'Saliency', 'Sal', 'absolute', (classifier) => saliency(classifier)),
  method(
    'saliency-sg',
    'Saliency + SmoothGrad',
    'Sal w. SG',
    'absolute',
    (classifier, { noise }, seed) => smoothGrad(saliency(classifier), { ...noise, seed }),
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
    (classifier, { noise }, seed) => smoothGrad(inputXGradient(classifier), { ...noise, seed }),
    smoothPasses,
  ),
  method(
    'integrated-gradients',
    'Integrated Gradients',
    'IntGrad',
    'absolute',
    (classifier, { path }) => integratedGradients(classifier, path),
    ({ path }) => path.steps * gradientPasses,
  ),
  method(
    'integrated-gradients-sg',
    'Integrated Gradients + SmoothGrad',
    'IntGrad w. SG',
    'absolute',
    (classifier, { noise, noisyPath }, seed) =>
      'samples' in noisyPath
        ? smoothIntegratedGradients(classifier, { ...noisyPath, seed })
        : smoothGrad(integratedGradients(classifier, noisyPath), { ...noise, seed }),
    ({ noise, noisyPath }) =>
      ('samples' in noisyPath ? noisyPath.samples : noise.samples * noisyPath.steps) * gradientPasses,
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
    (classifier, options) => occlusion(classifier, options.occlusion),
    (options, size) => occlusionWindows(size, options.occlusion),
  ),
  method(
    'lime',
    'LIME',
    'Lime',
    'sum',
    (classifier, options, seed) => lime(classifier, { ...options.lime, seed }),
    (options) => options.lime.samples,
  ),
];
