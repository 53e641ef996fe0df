/** Batch normalisation with the statistics of the current batch, for training. */
import { axesButChannels, shapeOf } from '../graph/graph.js';
import { scalar, type Value } from '../graph/node.js';
import { relu } from '../graph/operators/activation.js';
import { concat, reshape } from '../graph/operators/arrangement.js';
import { multiply, subtract } from '../graph/operators/elementwise.js';
import { reduceMean } from '../graph/operators/reduction.js';
import type { RuleArguments, RuleTable } from '../graph/rule.js';
import { plain } from '../graph/rules/plain.js';

/** Per channel: mean of x and mean of x squared, each [channels]. */
interface Moments {
  readonly mean: Value;
  readonly square: Value;
}

/**
 * Mean and variance per channel of any value [batch, channels, height, width].
 * The moments of a concatenation are those of its parts, each computed once: in a DenseNet every map is
 * normalised by up to sixty layers.
 */
export function createBatchStatistics(): (x: Value) => { mean: Value; variance: Value } {
  const known = new Map<Value, Moments>();
  const momentsOf = (x: Value): Moments => {
    const found = known.get(x);
    if (found !== undefined) return found;
    const moments = x.node.operator === 'Concat' ? joined(x.node.inputs.map(momentsOf)) : measured(x);
    known.set(x, moments);
    return moments;
  };
  return (x) => {
    const { mean, square } = momentsOf(x);
    // Rounding must not make a variance negative.
    return { mean, variance: relu(subtract(square, multiply(mean, mean))) };
  };
}

function measured(x: Value): Moments {
  const axes = axesButChannels(x);
  return { mean: reduceMean(x, axes), square: reduceMean(multiply(x, x), axes) };
}

function joined(parts: readonly Moments[]): Moments {
  return {
    mean: concat(
      parts.map(({ mean }) => mean),
      0,
    ),
    square: concat(
      parts.map(({ square }) => square),
      0,
    ),
  };
}

/**
 * The mean's gradient as one number per channel: it is added to the gradient of the normalised maps, where
 * broadcasting spreads it at no cost.
 */
function broadcastMeanRule({ node, gradient }: RuleArguments<'ReduceMean'>) {
  const shape = shapeOf(node.inputs[0]);
  const reduced = node.attributes.axes;
  const count = reduced.reduce((product, axis) => product * Number(shape[axis]), 1);
  const kept = shape.map((dimension, axis) => (reduced.includes(axis) ? 1 : dimension));
  return [multiply(reshape(gradient, kept), scalar(1 / count))];
}

/** The ordinary gradient, with the means over a batch spread by broadcasting. */
export const trainingRules: RuleTable = { ...plain, ReduceMean: broadcastMeanRule };
