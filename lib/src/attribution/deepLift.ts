/** DeepLift, Rescale rule (Shrikumar et al., 2017): contributions to f(x) - f(x') from differences between two passes. */
import { runBatched } from '../engine/runBatched.js';
import { differentiate } from '../graph/differentiate.js';
import { shapeOf, substitute } from '../graph/graph.js';
import { input, type Value } from '../graph/node.js';
import { multiply, subtract } from '../graph/operators/elementwise.js';
import { type DeepLiftOptions as DeepLiftRules, deepLift as deepLiftRules } from '../graph/rules/deepLift.js';
import type { Classifier } from '../model/classifier.js';
import type { Explain } from './attribution.js';
import { type Baseline, baselineImages, baselineText } from './baseline.js';
import { completenessGaps } from './completeness.js';
import { checkedTargets, programKey, targetInput } from './gradient.js';

export interface DeepLiftOptions extends DeepLiftRules {
  /** The paper blurs the image and does not say how much; the default is a Gaussian with sigma 5 pixels (50 m). */
  readonly baseline?: Baseline;
}

/**
 * (x - x') times the multipliers of the Rescale rule, in one pass over the image and one over its baseline.
 * @returns attributions [n, bands, height, width] with the completeness gap; Captum's `DeepLift` on
 * the logits, apart from max pooling: see the options
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
  return async (images, targets) => {
    const target = checkedTargets(classifier, images, targets);
    const baselines = baselineImages(images, baseline);
    const program = await classifier.program(programKey(method, { sharedMaximum, maxPool }), build);
    const { values, at, from } = await runBatched(program, {
      [image.node.name]: images,
      baseline: baselines,
      target,
    });
    const completenessGap = completenessGaps(values, { at, from }, target);
    const parameters = { baseline: baselineText(baseline), sharedMaximum, maxPool };
    return { values, method, parameters, targets, units: 'logit', completenessGap };
  };
}
