/**
 * How many evaluations, gradients or LIME's forward passes, each way of sampling needs for one error: the relative L2 error of
 * all values of a map against that of many more samples, on rendered scenes and the shipped network. They are counted, so a
 * busy machine changes nothing.
 *
 *   node --import ./test/typescript.mjs bench/precision/evaluations.ts --images 0,1 --reference 1024 --only Saliency
 */
import { parseArgs } from 'node:util';
import type { Explain } from 'landlens/attribution/attribution';
import { inputXGradient } from 'landlens/attribution/inputXGradient';
import { integratedGradients } from 'landlens/attribution/integratedGradients';
import { type LimeOptions, lime } from 'landlens/attribution/lime';
import { saliency } from 'landlens/attribution/saliency';
import { type SmoothGradOptions, smoothGrad } from 'landlens/attribution/smoothGrad';
import { smoothIntegratedGradients } from 'landlens/attribution/smoothIntegratedGradients';
import { scenes } from 'landlens/dataset/scenes';
import { type Classifier, openClassifier } from 'landlens/model';
import type { Tensor } from 'landlens/tensor';
import { errorAgainstReference } from './intervals.js';

interface Way {
  readonly name: string;
  /** What the paper takes: other ways are measured by its error. */
  readonly isPaper?: boolean;
  readonly explain: Explain;
  /** The error falls as evaluations^-rate. */
  readonly rate: number;
}

interface Comparison {
  readonly method: string;
  readonly reference: Explain;
  readonly ways: readonly Way[];
}

/** The seed of references: no way's own. */
const apart = 4242;

function comparisons(classifier: Classifier, reference: number, nestedSteps: number): readonly Comparison[] {
  const noisy = (method: string, explain: Explain): Comparison => {
    const smooth = (options: SmoothGradOptions) => smoothGrad(explain, options);
    return {
      method: `${method} + SmoothGrad`,
      reference: smooth({ samples: reference, noise: 'antithetic', seed: apart }),
      ways: [
        { name: 'independent copies', isPaper: true, explain: smooth({ samples: 30 }), rate: 0.5 },
        { name: 'pairs', explain: smooth({ samples: 32, noise: 'antithetic' }), rate: 0.5 },
      ],
    };
  };
  const together = (samples: number, noise: 'independent' | 'antithetic', seed = 0) =>
    smoothIntegratedGradients(classifier, { samples, noise, seed });
  const path = (steps: number, quadrature: 'gauss-legendre' | 'midpoint') =>
    integratedGradients(classifier, { steps, quadrature });
  const superpixels = (options: LimeOptions) => lime(classifier, options);
  return [
    noisy('Saliency', saliency(classifier)),
    noisy('Input x Gradient', inputXGradient(classifier)),
    {
      method: 'Integrated Gradients',
      reference: path(Math.ceil(reference / 2), 'midpoint'),
      ways: [
        { name: 'Gauss-Legendre', isPaper: true, explain: path(50, 'gauss-legendre'), rate: 1.1 },
        { name: 'midpoint', explain: path(32, 'midpoint'), rate: 1.1 },
      ],
    },
    {
      method: 'Integrated Gradients + SmoothGrad',
      reference: together(reference, 'antithetic', apart),
      ways: [
        {
          name: `30 copies x ${nestedSteps} steps`,
          isPaper: true,
          explain: smoothGrad(path(nestedSteps, 'gauss-legendre'), { samples: 30 }),
          rate: 0.5,
        },
        { name: 'together, independent', explain: together(96, 'independent'), rate: 0.5 },
        { name: 'together, pairs', explain: together(96, 'antithetic'), rate: 0.5 },
      ],
    },
    {
      method: 'LIME',
      reference: superpixels({ samples: 8 * reference, bits: 'paired', alpha: 0, seed: apart }),
      ways: [
        { name: 'independent bits', isPaper: true, explain: superpixels({ samples: 6000 }), rate: 0.5 },
        { name: 'independent bits', explain: superpixels({ samples: 600 }), rate: 0.5 },
        { name: 'the same, alpha 0', explain: superpixels({ samples: 600, alpha: 0 }), rate: 0.5 },
        { name: 'pairs', explain: superpixels({ samples: 600, bits: 'paired' }), rate: 0.5 },
        {
          name: 'pairs, alpha 0',
          explain: superpixels({ samples: 600, bits: 'paired', alpha: 0 }),
          rate: 0.5,
        },
      ],
    },
  ];
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

async function compare(
  { method, reference, ways }: Comparison,
  image: Tensor,
  target: number,
): Promise<void> {
  const truth = await reference(image, [target]);
  const standardErrors = truth.uncertainty?.standardError.data ?? new Float32Array();
  const [degreesOfFreedom] = truth.uncertainty?.degreesOfFreedom ?? [1];
  const known = { values: truth.values.data, standardErrors, degreesOfFreedom };
  let paper: number | undefined;
  for (const { name, isPaper, explain, rate } of ways) {
    const { values, uncertainty } = await explain(image, [target]);
    if (uncertainty === undefined) throw new Error(`${method}, ${name}: no uncertainty`);
    const error = errorAgainstReference(values.data, known);
    if (isPaper) paper = error;
    const [used] = uncertainty.evaluations;
    const needed = paper === undefined ? Number.NaN : used * (error / paper) ** (1 / rate);
    const shares = [error, uncertainty.relativeError[0]].map(percent);
    const cells = [method, name, used, ...shares, Math.round(needed)];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

const { values: given } = parseArgs({
  options: {
    images: { type: 'string', default: '0,1' },
    reference: { type: 'string', default: '1024' },
    /** Only methods whose name begins so. */
    only: { type: 'string', default: '' },
    'nested-steps': { type: 'string', default: '50' },
  },
});
const classifier = await openClassifier();
const dataset = scenes({ size: 120 });
for (const index of given.images.split(',').map(Number)) {
  const image = classifier.prepare(await dataset.read('test', index));
  const { data: scores } = await classifier.score(image);
  const target = scores.indexOf(Math.max(...scores));
  console.log(`\nRendered scene ${index} of the test set, ${classifier.classes[target]}\n`);
  console.log('| Method | Way | Evaluations | Error | Stated | For the error of the first way |');
  console.log('| --- | --- | ---: | ---: | ---: | ---: |');
  const all = comparisons(classifier, Number(given.reference), Number(given['nested-steps']));
  for (const comparison of all.filter(({ method }) => method.startsWith(given.only))) {
    await compare(comparison, image, target);
  }
}
await classifier.dispose();
