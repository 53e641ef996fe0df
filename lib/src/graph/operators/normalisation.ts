/** Batch normalisation and its gradients, with stored or with computed statistics; layer normalisation. */
import type { OperatorAttributes } from '../attributes.js';
import { shapeOf } from '../graph.js';
import { apply, floats, scalar, type Value } from '../node.js';
import type { RuleArguments } from '../rule.js';
import { staticDimension } from '../type.js';
import { add, divide, multiply, squareRoot, subtract } from './elementwise.js';
import { reduceMean, reduceSum } from './reduction.js';

/** y = (x - mean) / sqrt(variance + epsilon) scale + bias, per channel (axis 1). */
export function batchNormalization(
  x: Value,
  { scale, bias, mean, variance }: { scale: Value; bias: Value; mean: Value; variance: Value },
  { epsilon = 1e-5 }: Partial<OperatorAttributes['BatchNormalization']> = {},
  name?: string,
): Value {
  return apply('BatchNormalization', [x, scale, bias, mean, variance], { epsilon }, name);
}

/**
 * With r = (variance + epsilon)^(-1/2), S1 = sum g, S2 = sum g x (over all but the channels):
 * dx = scale r g, dscale = r (S2 - mean S1), dbias = S1, dmean = -scale r S1, dvariance = -scale r^2 dscale / 2.
 * Where mean and variance are computed from x, their own gradients complete dx.
 */
export function batchNormalizationRule({ node, gradient, wanted }: RuleArguments<'BatchNormalization'>) {
  const [x, scale, , mean, variance] = node.inputs;
  const { epsilon } = node.attributes;
  const channels = staticDimension(shapeOf(x)[1], 'BatchNormalization');
  const zero = floats(new Float32Array(channels), [channels]);
  const dx = batchNormalization(gradient, { scale, bias: zero, mean: zero, variance }, { epsilon });
  if (wanted.slice(1).every((flag) => !flag)) return [dx];

  const axes = shapeOf(x).flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const s1 = reduceSum(gradient, axes);
  const s2 = reduceSum(multiply(gradient, x), axes);
  const r = divide(scalar(1), squareRoot(add(variance, scalar(epsilon))));
  const dScale = multiply(r, subtract(s2, multiply(mean, s1)));
  const scaled = multiply(scale, r);
  return [
    wanted[0] ? dx : undefined,
    dScale,
    s1,
    wanted[3] ? multiply(scalar(-1), multiply(scaled, s1)) : undefined,
    wanted[4] ? multiply(scalar(-0.5), multiply(multiply(scaled, r), dScale)) : undefined,
  ];
}

/** y = (x - mean) / sqrt(variance + epsilon) scale + bias, with mean and variance over the axes of each image. */
export function layerNormalization(
  x: Value,
  { scale, bias }: { scale: Value; bias: Value | undefined },
  { axes, epsilon }: { axes: readonly number[]; epsilon: number },
  name?: string,
): Value {
  const difference = subtract(x, reduceMean(x, axes, true));
  const variance = reduceMean(multiply(difference, difference), axes, true);
  const normal = divide(difference, squareRoot(add(variance, scalar(epsilon))));
  return bias
    ? apply('Add', [multiply(normal, scale), bias], {}, name)
    : apply('Mul', [normal, scale], {}, name);
}
