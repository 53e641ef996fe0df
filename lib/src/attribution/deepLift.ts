/** DeepLift, Rescale rule (Shrikumar et al., 2017): contributions to f(x) - f(x') from differences between two passes. */
import { runBatched } from '../engine/runBatched.js';
import { differentiate } from '../graph/differentiate.js';
import { shapeOf, substitute } from '../graph/graph.js';
import { input, type Value } from '../graph/node.js';
import { multiply, subtract } from '../graph/operators/elementwise.js';
import { type DeepLiftOptions as DeepLiftRules, deepLift as deepLiftRules } from '../graph/rules/deepLift.js';
import type { Classifier } from '../model/classifier.js';
import { createExplain, type Explain } from './attribution.js';
import { type Baseline, baselineImages, baselineText } from './baseline.js';
import { completenessGaps } from './completeness.js';
import { checkedTargets, programKey, targetInput } from './gradient.js';

export interface DeepLiftOptions extends DeepLiftRules {
  /** The paper blurs the image and does not say how much; the default is a Gaussian with sigma 5 pixels (50 m). */
  readonly baseline?: Baseline;
}

/**
 * (x - x') times the multipliers of the Rescale rule, in one pass over the image and one over its baseline.
 *
 * These are the values of Captum's `DeepLift` on the logits for networks of linear layers and ReLU, leaky ReLU, ELU,
 * Sigmoid, Tanh and Softplus, each a module of its own. Elsewhere Captum mostly keeps the ordinary gradient, and its
 * contributions miss a part of f(x) - f(x'); here they add up to it, up to rounding:
 * - PReLU, SELU, CELU, SiLU, GELU, Mish, hard-swish, hard-sigmoid, ReLU6, Softsign and whatever else depends on one value
 *   alone, as one operator or written in parts, are rescaled as a whole.
 * - Products and quotients of two values (gates, attention, normalisation by an image's own statistics) share a difference
 *   halfway between both passes, as SHAP's DeepExplainer does; maxima and minima by Rescale of their difference.
 * - Softmax uses the logarithmic mean of both passes' probabilities. Captum rescales every score alone and takes off a
 *   mean over all images together, so that an explanation depends on what else is in the batch.
 * - Max pooling: see the options. What a pixel without a difference contributes to a maximum is lost, as in Captum.
 *
 * Not accounted for: powers of which base and exponent both change, Sign, and conditions other than a comparison.
 * @returns attributions [n, bands, height, width] with the completeness gap
 * @example const { values, completenessGap } = await deepLift(classifier, { baseline: { blur: 5 } })(image, 'Pastures');
 */
export function deepLift(
  classifier: Classifier,
  { baseline = { blur: 5 }, sharedMaximum = 'add', maxPool = 'rescale' }: DeepLiftOptions = {},
): Explain {
  const { image, logits } = classifier;
  const method = 'DeepLift';
  const build = () => {
    const start = input('baseline', shapeOf(image));
    const inReference = new Map<Value, Value>();
    const [from] = substitute([logits], new Map([[image, start]]), inReference);
    const [multiplier] = differentiate(logits, [image], targetInput(logits), {
      rules: deepLiftRules({ sharedMaximum, maxPool }),
      reference: (value) => inReference.get(value) ?? value,
    });
    return { values: multiply(subtract(image, start), multiplier), at: logits, from };
  };
  const parameters = { baseline: baselineText(baseline), sharedMaximum, maxPool };
  const facts = { method, parameters, units: 'logit', reduction: 'sum' } as const;
  return createExplain(facts, async (images, targets) => {
    const target = checkedTargets(classifier, images, targets);
    const baselines = baselineImages(images, baseline);
    const program = await classifier.program(programKey(method, { sharedMaximum, maxPool }), build);
    const { values, at, from } = await runBatched(program, {
      [image.node.name]: images,
      baseline: baselines,
      target,
    });
    const completenessGap = completenessGaps(values, { at, from }, target);
    return { values, completenessGap };
  });
}
