/** DeepLift (Rescale): multipliers from the differences between two passes, over the input and over a baseline. */
import { scalar, type Value } from '../node.js';
import {
  absolute,
  add,
  divide,
  greater,
  maximum,
  multiply,
  subtract,
  where,
} from '../operators/elementwise.js';
import { maximumIndices, unpool } from '../operators/pooling.js';
import type { Rule, RuleArguments, RuleTable } from '../rule.js';
import { plain } from './plain.js';

/** Below this difference of the inputs the ordinary gradient is used, as in Captum. */
const epsilon = 1e-10;

type Nonlinear = 'LeakyRelu' | 'Elu' | 'Sigmoid' | 'Tanh' | 'Softplus';

/** m_in = m_out (y - y') / (x - x'), where x and x' differ. */
function rescale<Op extends Nonlinear>(ordinary: Rule<Op>): Rule<Op> {
  return (rule) => {
    const [x] = rule.node.inputs;
    const [y] = rule.node.outputs;
    const [fallback = rule.gradient] = ordinary(rule);
    const inputs = subtract(x, rule.reference(x));
    const outputs = subtract(y, rule.reference(y));
    return [orElse(inputs, divide(multiply(rule.gradient, outputs), inputs), fallback)];
  };
}

const orElse = (difference: Value, multiplier: Value, fallback: Value): Value =>
  where(greater(absolute(difference), scalar(epsilon)), multiplier, fallback);

/** Keeps 0 / 0 at 0. */
const tiny = 1e-30;

/**
 * (relu(x) - relu(x')) / (x - x') = (relu(x) + relu(x')) / (|x| + |x'|): the share that is positive. Without a
 * difference there is nothing to lose, and where both are equal it is the ordinary gradient.
 */
const rescaleRelu: Rule<'Relu'> = ({ node, gradient, reference }) => {
  const [x] = node.inputs;
  const [y] = node.outputs;
  const positive = add(y, reference(y));
  // |x| = 2 relu(x) - x.
  const size = subtract(add(positive, positive), add(x, reference(x)));
  return [multiply(gradient, divide(positive, maximum(size, scalar(tiny))))];
};

export interface DeepLiftOptions {
  /**
   * Where two windows have their maximum at the same pixel: 'add' their contributions, so that they sum up to
   * f(x) - f(x'); or let the later one 'overwrite' the earlier, as Captum's use of max_unpool does.
   */
  readonly sharedMaximum?: 'add' | 'overwrite';
  /**
   * 'plain' keeps the ordinary gradient at max pooling, and with it loses completeness. Captum does so where the
   * pooling directly follows a ReLU, as in ResNet and DenseNet: the ReLU's hook reads the gradient before the
   * pooling's hook replaces it.
   */
  readonly maxPool?: 'rescale' | 'plain';
}

/**
 * The output difference of a window, cut at the larger of both maxima: the part above the baseline's output belongs to
 * the input's own maximum, the rest to the baseline's.
 */
function rescaleMaxPool(reduction: 'add' | 'none'): Rule<'MaxPool'> {
  return (rule: RuleArguments<'MaxPool'>) => {
    const { node, gradient, reference } = rule;
    const [x] = node.inputs;
    const [y] = node.outputs;
    const [x0, y0] = [reference(x), reference(y)];
    const larger = maximum(y, y0);
    const share = (difference: Value, of: Value): Value =>
      unpool(multiply(gradient, difference), maximumIndices(of, node.attributes), of, reduction);
    const contributions = add(share(subtract(larger, y0), x), share(subtract(y, larger), x0));
    const inputs = subtract(x, x0);
    const [fallback = gradient] = plain.MaxPool(rule);
    return [orElse(inputs, divide(contributions, inputs), fallback)];
  };
}

/** Linear operators keep the ordinary gradient; the other rows compare with the baseline pass. */
export function deepLift({ sharedMaximum = 'add', maxPool = 'rescale' }: DeepLiftOptions = {}): RuleTable {
  return {
    ...plain,
    Relu: rescaleRelu,
    LeakyRelu: rescale(plain.LeakyRelu),
    Elu: rescale(plain.Elu),
    Sigmoid: rescale(plain.Sigmoid),
    Tanh: rescale(plain.Tanh),
    Softplus: rescale(plain.Softplus),
    MaxPool: maxPool === 'plain' ? plain.MaxPool : rescaleMaxPool(sharedMaximum === 'add' ? 'add' : 'none'),
  };
}
