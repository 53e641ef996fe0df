import { ok } from 'node:assert/strict';
import { after, afterEach, describe, it } from 'mocha';
import type { Explain } from '../../lib/src/attribution/attribution.js';
import { deepLift } from '../../lib/src/attribution/deepLift.js';
import { gradCam } from '../../lib/src/attribution/gradCam.js';
import { deconvolution, guidedBackpropagation } from '../../lib/src/attribution/guidedBackpropagation.js';
import { guidedGradCam } from '../../lib/src/attribution/guidedGradCam.js';
import { inputXGradient } from '../../lib/src/attribution/inputXGradient.js';
import { integratedGradients } from '../../lib/src/attribution/integratedGradients.js';
import { occlusion } from '../../lib/src/attribution/occlusion.js';
import { saliency } from '../../lib/src/attribution/saliency.js';
import { smoothGrad } from '../../lib/src/attribution/smoothGrad.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { maxSensitivity } from '../../lib/src/metric/maxSensitivity.js';
import type { Classifier } from '../../lib/src/model/classifier.js';
import type { Tensor } from '../../lib/src/tensor.js';
import { readFixture } from '../fixture.js';
import { networks, normalisedPatch, seededClassifier, syntheticImage } from '../networks.js';
import { sharedFolder } from '../shared.js';

interface Facts {
  readonly target: number;
  /** Of Integrated Gradients. */
  readonly steps: number;
  /** Of the blurred baseline, pixels. */
  readonly sigma: number;
  readonly smooth: { readonly samples: number; readonly deviation: number; readonly seed: number };
  readonly sensitivity: { readonly draws: number; readonly radius: number; readonly seed: number };
  /** Every how many values of a map are stored, by its number of bands. */
  readonly stride: Readonly<Record<string, number>>;
  readonly patches: readonly string[];
  readonly statistics: { readonly mean: readonly number[]; readonly deviation: readonly number[] };
}

interface Case {
  /** As in the fixture. */
  readonly key: string;
  readonly explain: (classifier: Classifier, facts: Facts) => Explain;
  readonly network?: string;
  /** Many more passes, of the synthetic image: compared for the report alone. */
  readonly slowest?: boolean;
  /**
   * Over many copies of the image some ReLU input is 0 but for rounding, and single precision may flip it: the map
   * then moves by up to some percent of its largest value, as Captum's own does (by the stored share).
   */
  readonly rounds?: boolean;
  /** Many passes: real patches are compared for the report alone. */
  readonly slow?: boolean;
}

const cases: readonly Case[] = [
  { key: 'saliency', explain: (classifier) => saliency(classifier) },
  { key: 'inputXGradient', explain: inputXGradient },
  {
    key: 'integratedGradients',
    explain: (classifier, { steps }) => integratedGradients(classifier, { steps }),
    rounds: true,
    slow: true,
  },
  { key: 'guidedBackpropagation', explain: (classifier) => guidedBackpropagation(classifier) },
  {
    key: 'guidedBackpropagation except',
    explain: (classifier) => guidedBackpropagation(classifier, { except: ['features.relu5'] }),
    network: 'densenet121',
  },
  { key: 'deconvolution', explain: deconvolution },
  { key: 'gradCam', explain: (classifier) => gradCam(classifier) },
  { key: 'gradCam signed', explain: (classifier) => gradCam(classifier, { rectify: false }) },
  {
    key: 'guidedGradCam nearest',
    explain: (classifier) => guidedGradCam(classifier, { interpolation: 'nearest' }),
  },
  { key: 'guidedGradCam linear', explain: (classifier) => guidedGradCam(classifier) },
  {
    key: 'deepLift zero',
    explain: (classifier) => deepLift(classifier, { baseline: 0, maxPool: 'plain' }),
  },
  {
    key: 'deepLift blur',
    explain: (classifier, { sigma }) => deepLift(classifier, { baseline: { blur: sigma }, maxPool: 'plain' }),
  },
  {
    key: 'smoothGrad',
    explain: (classifier, { smooth }) => smoothGrad(saliency(classifier), smooth),
    rounds: true,
  },
  { key: 'occlusion 15', explain: (classifier) => occlusion(classifier, { stride: [15, 15] }), slow: true },
  { key: 'occlusion 5', explain: (classifier) => occlusion(classifier), slowest: true },
];

const reporting = Boolean(process.env.LANDLENS_REPORT);

/** The largest difference between a map and the stored part of another, as a share of the other's largest value (if any). */
function difference(actual: Tensor, expected: Tensor, maximum: number, stride: number): number {
  ok(expected.data.length === Math.ceil(actual.data.length / stride), 'the maps have the same size');
  const differences = expected.data.map((value, i) => Math.abs(actual.data[i * stride] - value));
  return differences.reduce((largest, value) => Math.max(largest, value)) / (maximum || 1);
}

/** The norm of the difference as a share of the norm, over the stored part. */
function normShare(actual: Tensor, expected: Tensor, stride: number): number {
  const error = expected.data.map((value, i) => actual.data[i * stride] - value);
  return Math.hypot(...error) / Math.hypot(...expected.data);
}

/** The named images: the synthetic one, and the real patches where they are at hand. */
async function readImages({ patches, statistics }: Facts): Promise<ReadonlyMap<string, Tensor>> {
  const images = new Map([['synthetic', syntheticImage()]]);
  const folder = sharedFolder();
  if (folder === undefined) console.log('      without real patches: ../shared/realdata is missing');
  else for (const patch of patches) images.set(patch, await normalisedPatch(folder, patch, statistics));
  return images;
}

describe('attributions agree with Captum', () => {
  const engine = createEngine({ threads: 2 });
  after(() => engine.dispose());

  for (const [name, architecture] of Object.entries(networks)) {
    describe(name, () => {
      const { facts, tensor } = readFixture<Facts>(`captum-${name}`);
      const classifier = seededClassifier(architecture, engine);
      const images = readImages(facts);
      const rows: Record<string, string | number>[] = [];
      const gaps: Record<string, string | number>[] = [];
      afterEach(() => classifier.dispose());
      after(() => {
        if (reporting) console.table(rows);
        if (reporting) console.table(gaps);
      });

      for (const { key, explain, network = name, slowest = false, rounds = false, slow = false } of cases) {
        if (network !== name || (slowest && !reporting)) continue;
        it(key, async () => {
          const method = explain(classifier, facts);
          for (const [image, values] of await images) {
            if (image !== 'synthetic' && (slowest || (slow && !reporting))) continue;
            const attribution = await method(values, [facts.target]);
            const [maximum] = tensor(`${image}/${key}/maximum`).data;
            const stride = facts.stride[attribution.values.shape[1]];
            const share = difference(attribution.values, tensor(`${image}/${key}`), maximum, stride);
            const [own] = rounds ? tensor(`${image}/${key}/float32`).data : [0];
            rows.push({
              method: key,
              image,
              difference: share.toExponential(1),
              ...(rounds ? { 'Captum in float32': own.toExponential(1) } : {}),
            });
            const norm = rounds ? normShare(attribution.values, tensor(`${image}/${key}`), stride) : Infinity;
            ok(
              share <= 1e-4 || norm <= 0.01,
              `${image}: differs by ${share} of the largest value, ${norm} of the norm`,
            );
          }
        });
      }

      it('DeepLift adds up to f(x) - f(x0)', async () => {
        for (const baseline of [0, { blur: facts.sigma }]) {
          const methods = [
            { explain: deepLift(classifier, { baseline }), limit: 1e-3 },
            { explain: integratedGradients(classifier, { steps: facts.steps, baseline }), limit: Infinity },
            { explain: deepLift(classifier, { baseline, maxPool: 'plain' }), limit: Infinity },
          ];
          for (const { explain, limit } of reporting ? methods : methods.slice(0, 1)) {
            for (const [image, values] of await images) {
              if (image !== 'synthetic' && !reporting) continue;
              const { completenessGap, method, parameters } = await explain(values, [facts.target]);
              const [gap] = completenessGap ?? [Number.NaN];
              gaps.push({ method, ...parameters, image, gap: gap.toExponential(1) });
              ok(Math.abs(gap) <= limit, `${method} of ${image}: a gap of ${gap}`);
            }
          }
        }
      });

      it('Max-Sensitivity of Saliency', async () => {
        for (const [image, values] of await images) {
          const [sensitivity] = await maxSensitivity(
            saliency(classifier),
            values,
            [facts.target],
            facts.sensitivity,
          );
          const [expected] = tensor(`${image}/maxSensitivity`).data;
          const share = Math.abs(sensitivity - expected) / expected;
          rows.push({ method: 'Max-Sensitivity', image, difference: share.toExponential(1) });
          ok(share <= 1e-4, `${image}: ${sensitivity} instead of ${expected}`);
        }
      });
    });
  }
});
