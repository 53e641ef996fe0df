/** The methods that sample or approximate, each way of doing so with the counts that are looked at, and what they are compared with. */
import type { Explain } from 'landlens/attribution/attribution';
import { inputXGradient } from 'landlens/attribution/inputXGradient';
import { integratedGradients } from 'landlens/attribution/integratedGradients';
import { lime } from 'landlens/attribution/lime';
import { gradientPasses } from 'landlens/attribution/passes';
import { saliency } from 'landlens/attribution/saliency';
import { smoothGrad } from 'landlens/attribution/smoothGrad';
import { smoothIntegratedGradients } from 'landlens/attribution/smoothIntegratedGradients';
import type { Classifier } from 'landlens/model/classifier';

type Create = (classifier: Classifier, count: number, seed: number) => Explain;

/** What all its variants approach with ever more samples. */
export interface Limit {
  readonly id: string;
  readonly name: string;
  /** Samples of the reference: at least 20 times those of the variants. */
  readonly count: number;
  readonly create: Create;
  /** Of a sample, in forward passes. */
  readonly passes: number;
}

export interface Variant {
  readonly id: string;
  readonly name: string;
  readonly limit: Limit;
  /** Copies of the noise, points of the path or perturbed images; near those of the presets. */
  readonly counts: readonly number[];
  readonly create: Create;
  /** Measured only where it is asked for. */
  readonly dear?: true;
}

const paired = { noise: 'antithetic' } as const;

const ofSaliency: Limit = {
  ...{ id: 'saliency-sg', name: 'Saliency + SmoothGrad', count: 600, passes: gradientPasses },
  create: (classifier, samples, seed) => smoothGrad(saliency(classifier), { samples, seed, ...paired }),
};

const ofProduct: Limit = {
  ...{ id: 'input-x-gradient-sg', name: 'Input x Gradient + SmoothGrad', count: 600, passes: gradientPasses },
  create: (classifier, samples, seed) => smoothGrad(inputXGradient(classifier), { samples, seed, ...paired }),
};

const ofPath: Limit = {
  ...{ id: 'integrated-gradients', name: 'Integrated Gradients', count: 1000, passes: gradientPasses },
  create: (classifier, steps) => integratedGradients(classifier, { steps, quadrature: 'midpoint' }),
};

const ofSmoothPath: Limit = {
  ...{ id: 'integrated-gradients-sg', name: 'Integrated Gradients + SmoothGrad', count: 1920 },
  ...{ passes: gradientPasses },
  create: (classifier, samples, seed) => smoothIntegratedGradients(classifier, { samples, seed }),
};

const ofLime: Limit = {
  ...{ id: 'lime', name: 'LIME', count: 6400, passes: 1 },
  create: (classifier, samples, seed) => lime(classifier, { samples, seed, bits: 'paired', alpha: 0 }),
};

/** Steps of each copy of the noise in the nested variant. */
const nestedSteps = 50;

export const variants: readonly Variant[] = [
  {
    ...{ id: 'saliency-sg', name: 'Saliency + SmoothGrad', limit: ofSaliency, counts: [8, 30] },
    create: (classifier, samples, seed) => smoothGrad(saliency(classifier), { samples, seed }),
  },
  {
    ...{ id: 'saliency-sg-paired', name: 'Saliency + SmoothGrad, pairs', limit: ofSaliency },
    ...{ counts: [24], create: ofSaliency.create },
  },
  {
    ...{ id: 'input-x-gradient-sg', name: 'Input x Gradient + SmoothGrad', limit: ofProduct },
    counts: [8, 30],
    create: (classifier, samples, seed) => smoothGrad(inputXGradient(classifier), { samples, seed }),
  },
  {
    ...{ id: 'input-x-gradient-sg-paired', name: 'Input x Gradient + SmoothGrad, pairs', limit: ofProduct },
    ...{ counts: [24], create: ofProduct.create },
  },
  {
    ...{ id: 'integrated-gradients', name: 'Integrated Gradients, Gauss-Legendre', limit: ofPath },
    counts: [20, 50],
    create: (classifier, steps) => integratedGradients(classifier, { steps }),
  },
  {
    ...{ id: 'integrated-gradients-midpoint', name: 'Integrated Gradients, midpoint', limit: ofPath },
    ...{ counts: [32, 50], create: ofPath.create },
  },
  {
    ...{ id: 'integrated-gradients-sg', name: 'Integrated Gradients + SmoothGrad, drawn together' },
    ...{ limit: ofSmoothPath, counts: [48, 96], create: ofSmoothPath.create },
  },
  {
    ...{
      id: 'integrated-gradients-sg-nested',
      name: `Integrated Gradients of ${nestedSteps} steps + SmoothGrad`,
    },
    ...{ limit: ofSmoothPath, counts: [30], dear: true },
    create: (classifier, samples, seed) =>
      smoothGrad(integratedGradients(classifier, { steps: nestedSteps }), { samples, seed }),
  },
  {
    ...{ id: 'lime', name: 'LIME', limit: ofLime, counts: [320] },
    create: (classifier, samples, seed) => lime(classifier, { samples, seed }),
  },
  {
    ...{ id: 'lime-paired', name: 'LIME, pairs, alpha 0', limit: ofLime, counts: [320] },
    create: ofLime.create,
  },
];

/** What a sample of a variant costs, in forward passes. */
export const passesOf = ({ limit, dear }: Variant): number => limit.passes * (dear ? nestedSteps : 1);
