import { deepEqual, ok } from 'node:assert/strict';
import { after, describe, it } from 'mocha';
import type { Explain } from '../../lib/src/attribution/attribution.js';
import { deepLift } from '../../lib/src/attribution/deepLift.js';
import { gradCam } from '../../lib/src/attribution/gradCam.js';
import { checkedTargets, logitGradients, targetInput } from '../../lib/src/attribution/gradient.js';
import { deconvolution, guidedBackpropagation } from '../../lib/src/attribution/guidedBackpropagation.js';
import { guidedGradCam } from '../../lib/src/attribution/guidedGradCam.js';
import { inputXGradient } from '../../lib/src/attribution/inputXGradient.js';
import { integratedGradients } from '../../lib/src/attribution/integratedGradients.js';
import { occlusion } from '../../lib/src/attribution/occlusion.js';
import { saliency } from '../../lib/src/attribution/saliency.js';
import { smoothGrad } from '../../lib/src/attribution/smoothGrad.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { runBatched } from '../../lib/src/engine/runBatched.js';
import { topologicalOrder } from '../../lib/src/graph/graph.js';
import { scalar, type Value } from '../../lib/src/graph/node.js';
import { relu } from '../../lib/src/graph/operators/activation.js';
import { absolute, multiply } from '../../lib/src/graph/operators/elementwise.js';
import { reduceMean, reduceSum } from '../../lib/src/graph/operators/reduction.js';
import { resize } from '../../lib/src/graph/operators/resize.js';
import type { RuleTable } from '../../lib/src/graph/rule.js';
import { plain } from '../../lib/src/graph/rules/plain.js';
import { maxSensitivity } from '../../lib/src/metric/robustness/maxSensitivity.js';
import type { Classifier } from '../../lib/src/model/classifier.js';
import { featureMaps } from '../../lib/src/model/featureLayer.js';
import type { Tensor } from '../../lib/src/tensor.js';
import { createDoubleEngine } from '../engine/doubleEngine.js';
import { readDoubleFixture, readFixture } from '../fixture.js';
import {
  narrowNetworks,
  narrowSize,
  networks,
  normalisedPatch,
  seededClassifier,
  syntheticImage,
} from '../networks.js';
import { continuous, difference, differenceText, flippedNorm, withinFlips } from '../rounding.js';
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
}

interface LargeFacts extends Facts {
  readonly patches: readonly string[];
  readonly statistics: { readonly mean: readonly number[]; readonly deviation: readonly number[] };
}

/** The numbers of layers at which a gradient can jump. */
interface Kinks {
  readonly relus: number;
  /** Of the ReLUs, those behind the feature layer. */
  readonly behindFeatures: number;
  readonly maxPools: number;
}

interface Case {
  /** As in the fixture. */
  readonly key: string;
  readonly explain: (classifier: Classifier, facts: Facts) => Explain;
  /** Part of the names of the networks that it is for. */
  readonly network?: string;
  /** The layers that decide by the sign of rounded numbers what of the gradient passes (default: every kink). */
  readonly decides?: (kinks: Kinks) => number;
  /** Many passes: real patches are compared for the report alone. */
  readonly slow?: boolean;
}

/** The name of the last ReLU of a DenseNet, which is functional in torchvision, so that Captum leaves it plain. */
const lastRelu = ({ featureLayer = '' }: Classifier): string => featureLayer.replace('norm', 'relu');

const gradientCases: readonly Case[] = [
  { key: 'saliency', explain: (classifier) => saliency(classifier) },
  { key: 'inputXGradient', explain: inputXGradient },
  {
    key: 'integratedGradients',
    explain: (classifier, { steps }) => integratedGradients(classifier, { steps }),
    slow: true,
  },
  { key: 'guidedBackpropagation', explain: (classifier) => guidedBackpropagation(classifier) },
  {
    key: 'guidedBackpropagation except',
    explain: (classifier) => guidedBackpropagation(classifier, { except: [lastRelu(classifier)] }),
    network: 'densenet',
  },
  // Its ReLUs look at the gradient alone, of which max(g, 0) is continuous: the maxima are left.
  { key: 'deconvolution', explain: deconvolution, decides: ({ maxPools }) => maxPools },
  {
    key: 'gradCam',
    explain: (classifier) => gradCam(classifier),
    decides: ({ behindFeatures }) => behindFeatures,
  },
  {
    key: 'gradCam signed',
    explain: (classifier) => gradCam(classifier, { rectify: false }),
    decides: ({ behindFeatures }) => behindFeatures,
  },
  {
    key: 'guidedGradCam nearest',
    explain: (classifier) => guidedGradCam(classifier, { interpolation: 'nearest' }),
  },
  { key: 'guidedGradCam linear', explain: (classifier) => guidedGradCam(classifier) },
  // Rescale is continuous, but for a difference near 0 its quotient is one of roundings: as undecided as a ReLU.
  {
    key: 'deepLift zero',
    explain: (classifier) => deepLift(classifier, { baseline: 0, maxPool: 'plain' }),
  },
  {
    key: 'deepLift blur',
    explain: (classifier, { sigma }) => deepLift(classifier, { baseline: { blur: sigma }, maxPool: 'plain' }),
  },
  { key: 'smoothGrad', explain: (classifier, { smooth }) => smoothGrad(saliency(classifier), smooth) },
];

/** Integrated Gradients and SmoothGrad average gradients, and with them what flips: the share of the norm is no larger. */
const everyKink = ({ relus, maxPools }: Kinks): number => relus + maxPools;

function kinksOf({ logits, featureLayer }: Classifier): Kinks {
  const nodes = topologicalOrder([logits]);
  const feature = nodes.findIndex(({ name }) => name === featureLayer);
  const relus = nodes.flatMap(({ operator }, i) => (operator === 'Relu' ? [i] : []));
  return {
    relus: relus.length,
    behindFeatures: relus.filter((i) => i > feature).length,
    maxPools: nodes.filter(({ operator }) => operator === 'MaxPool').length,
  };
}

/** As the architectures are published. */
const publishedKinks: Readonly<Record<string, Kinks>> = {
  densenet121: { relus: 121, behindFeatures: 1, maxPools: 1 },
  resnet50: { relus: 49, behindFeatures: 0, maxPools: 1 },
};

/** An early layer and one in the middle of each network. */
const wrongLayers: Readonly<Record<string, readonly string[]>> = {
  densenet121: ['features.denseblock1.denselayer3.relu1', 'features.transition2.relu'],
  resnet50: ['layer1.0.relu', 'layer3.2.relu2'],
};

const reporting = Boolean(process.env.LANDLENS_REPORT);

/** The part of a map that the fixture holds. */
const stored = (data: ArrayLike<number>, stride: number): number[] =>
  Array.from({ length: Math.ceil(data.length / stride) }, (_, i) => data[i * stride]);

/** The largest logit of the image: what an output's rounding is a share of. */
async function largestLogit(classifier: Classifier, image: Tensor): Promise<number> {
  const program = await classifier.program('logits', () => ({ logits: classifier.logits }));
  const { logits } = await runBatched(program, { [classifier.image.node.name]: image });
  return logits.data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}

describe('derived graphs in double precision are Captum’s to 1e-9 of the maximum', () => {
  const engine = createDoubleEngine();
  const image = syntheticImage(narrowSize);
  for (const [name, architecture] of Object.entries(narrowNetworks)) {
    describe(`a narrow ${name}`, () => {
      const { facts, tensor } = readDoubleFixture<Facts>(`captum-${name}`);
      const classifier = seededClassifier(architecture, engine, narrowSize);

      for (const { key, explain, network = name } of gradientCases) {
        if (!name.includes(network)) continue;
        it(key, async () => {
          const { values } = await explain(classifier, facts)(image, [facts.target]);
          // SmoothGrad's graph gives the sum over its samples.
          const [output, samples] = key === 'smoothGrad' ? ['sum', facts.smooth.samples] : ['values', 1];
          const { data } = engine.exact(output);
          const exact = data.map((value) => value / samples);
          const [maximum] = tensor(`synthetic/${key}/maximum`).data;
          ok(maximum > 0);
          const stride = facts.stride[values.shape[1]];
          const { largest } = difference(stored(exact, stride), tensor(`synthetic/${key}`).data, maximum);
          if (reporting) console.log(`      ${largest.toExponential(1)} of the maximum`);
          ok(largest <= 1e-9, `differs by ${largest} of the maximum`);
          // What the caller gets is that, rounded to float32.
          ok(difference(values.data, exact).largest <= 2 ** -23);
        });
      }

      it('occlusion 5', async () => {
        const explain = occlusion(classifier, { window: [8, 8], stride: [5, 5] });
        const { values } = await explain(image, [facts.target]);
        // Logits leave the engine as float32: a drop is off by at most half a unit in the last place of two of them.
        const rounding = 2 ** -23 * (await largestLogit(classifier, image));
        const expected = tensor('synthetic/occlusion 5').data;
        const map = stored(values.data, facts.stride['1']);
        ok(map.every((value, i) => Math.abs(value - expected[i]) <= 2 * rounding));
        ok(tensor('synthetic/occlusion 5/maximum').data[0] > 1e4 * rounding);
      });

      it('Max-Sensitivity of Saliency', async () => {
        const [sensitivity] = await maxSensitivity(
          saliency(classifier),
          image,
          [facts.target],
          facts.sensitivity,
        );
        const [expected] = tensor('synthetic/maxSensitivity').data;
        // Every map leaves the engine as float32, so that the norm of a difference is off by 2^-24 of two norms.
        const rounding = 2 ** -23 * (2 + expected);
        ok(Math.abs(sensitivity - expected) <= rounding, `${sensitivity} instead of ${expected}`);
      });
    });
  }
});

/** The named images: the synthetic one, and the real patches where they are at hand. */
async function readImages({ patches, statistics }: LargeFacts): Promise<ReadonlyMap<string, Tensor>> {
  const images = new Map([['synthetic', syntheticImage()]]);
  const folder = sharedFolder();
  if (folder === undefined) console.log('      without real patches: ../shared/realdata is missing');
  else for (const patch of patches) images.set(patch, await normalisedPatch(folder, patch, statistics));
  return images;
}

describe('attributions of full-size networks agree with Captum, but for flips by rounding', () => {
  const engine = createEngine({ threads: 1 });
  after(() => engine.dispose());

  for (const [name, architecture] of Object.entries(networks)) {
    describe(name, () => {
      const { facts, tensor } = readFixture<LargeFacts>(`captum-${name}`);
      const classifier = seededClassifier(architecture, engine);
      const kinks = kinksOf(classifier);
      const images = readImages(facts);
      const rows: Record<string, string | number>[] = [];
      const gaps: Record<string, string | number>[] = [];
      // Once for all, as several cases share a program.
      after(async () => {
        await classifier.dispose();
        if (reporting) console.table(rows);
        if (reporting) console.table(gaps);
      });
      const differenceOf = ({ data, shape }: Tensor, image: string, key: string) => {
        const [maximum] = tensor(`${image}/${key}/maximum`).data;
        const found = difference(
          stored(data, facts.stride[shape[1]]),
          tensor(`${image}/${key}`).data,
          maximum,
        );
        rows.push({ method: key, image, difference: differenceText(found) });
        return { ...found, maximum };
      };

      it('has as many layers that may flip as published', () => deepEqual(kinks, publishedKinks[name]));

      for (const { key, explain, network = name, decides = everyKink, slow = false } of gradientCases) {
        if (!name.includes(network)) continue;
        it(key, async () => {
          const method = explain(classifier, facts);
          for (const [image, values] of await images) {
            if (image !== 'synthetic' && slow && !reporting) continue;
            const attribution = await method(values, [facts.target]);
            const found = differenceOf(attribution.values, image, key);
            const limit = flippedNorm(decides(kinks));
            ok(withinFlips(found, limit), `${image}: differs by ${differenceText(found)}, limit ${limit}`);
          }
        });
      }

      for (const stride of reporting ? [15, 5] : [15]) {
        it(`occlusion ${stride}`, async () => {
          const method = occlusion(classifier, { stride: [stride, stride] });
          for (const [image, values] of await images) {
            if (image !== 'synthetic' && (stride === 5 || !reporting)) continue;
            const attribution = await method(values, [facts.target]);
            const { largest, maximum } = differenceOf(attribution.values, image, `occlusion ${stride}`);
            // A difference of two logits is as far off as these, however small it is itself.
            const limit = continuous * (await largestLogit(classifier, values));
            ok(largest * maximum <= limit, `${image}: off by ${largest * maximum}, not ${limit}`);
          }
        });
      }

      it('DeepLift adds up to f(x) - f(x0)', async () => {
        for (const baseline of [0, { blur: facts.sigma }]) {
          const methods = [
            { explain: deepLift(classifier, { baseline }), complete: true },
            { explain: integratedGradients(classifier, { steps: facts.steps, baseline }), complete: false },
            { explain: deepLift(classifier, { baseline, maxPool: 'plain' }), complete: false },
          ];
          for (const { explain, complete } of reporting ? methods : methods.slice(0, 1)) {
            for (const [image, pixels] of await images) {
              if (image !== 'synthetic' && !reporting) continue;
              const { values, completenessGap, method, parameters } = await explain(pixels, [facts.target]);
              const [gap] = completenessGap ?? [Number.NaN];
              gaps.push({ method, ...parameters, image, gap: gap.toExponential(1) });
              // The gap is a share of the sum, and rounding a share of what the sum is made of.
              const sum = values.data.reduce((total, value) => total + value, 0);
              const size = values.data.reduce((total, value) => total + Math.abs(value), 0);
              const limit = complete ? (continuous * size) / Math.abs(sum) : Infinity;
              ok(Math.abs(gap) <= limit, `${method} of ${image}: a gap of ${gap}, not ${limit}`);
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
          rows.push({
            method: 'Max-Sensitivity',
            image,
            difference: `${sensitivity} instead of ${expected}`,
          });
          // The norm of a difference of two maps, each of which may be off by a share of its norm.
          const limit = flippedNorm(everyKink(kinks)) * (2 + expected);
          ok(Math.abs(sensitivity - expected) <= limit, `${image}: ${sensitivity} instead of ${expected}`);
        }
      });

      it('and wrong rules do not', async () => {
        const { logits, image, featureLayer: layer, featureGrid: grid, size } = classifier;
        const target = targetInput(logits);
        const gradientBy = (rules: Partial<RuleTable>, towards = image): Value =>
          logitGradients(classifier, [towards], { rules: { ...plain, ...rules }, target })[0];
        const passing = (relu: string): Value =>
          absolute(
            gradientBy({
              Relu: (rule) => (rule.node.name === relu ? [rule.gradient] : plain.Relu(rule)),
            }),
          );
        const forgetful: RuleTable['AveragePool'] = (rule) =>
          rule.node.name === 'features.transition2.pool'
            ? plain.AveragePool({ ...rule, gradient: multiply(rule.gradient, scalar(4)) })
            : plain.AveragePool(rule);
        const feature = featureMaps(logits, { layer, grid }, name).value;
        const weights = reduceMean(absolute(gradientBy({}, feature)), [2, 3], true);
        const cam = relu(reduceSum(multiply(weights, feature), [1], true));
        /** What a map by other rules is compared with: what, key of the stored map, map. */
        const wrong: readonly (readonly [string, string, Value])[] = [
          ['plain ReLUs in guided backpropagation', 'guidedBackpropagation', gradientBy({})],
          ...(wrongLayers[name] ?? []).map((at) => {
            return [`a gradient of 1 everywhere at ${at}`, 'saliency', passing(at)] as const;
          }),
          ...(name === 'densenet121'
            ? ([
                [
                  'no division in one average pooling',
                  'saliency',
                  absolute(gradientBy({ AveragePool: forgetful })),
                ],
              ] as const)
            : []),
          ['Grad-CAM with the size of the gradients for their mean', 'gradCam', resize(cam, { sizes: size })],
        ];
        const outputs = Object.fromEntries(wrong.map(([what, , map]) => [what, map]));
        const program = await classifier.program('wrong rules', () => outputs);
        const maps = await runBatched(program, {
          [image.node.name]: syntheticImage(),
          target: checkedTargets(classifier, syntheticImage(), [facts.target]),
        });
        for (const [what, key] of wrong) {
          const found = differenceOf(maps[what], 'synthetic', key);
          if (reporting) console.log(`      ${what}: ${differenceText(found)}`);
          const limit = flippedNorm(everyKink(kinks));
          ok(!withinFlips(found, limit), `${what} differs by only ${differenceText(found)}`);
        }
      });
    });
  }
});
