/** The gradient of batch normalisation, with stored or with computed statistics. */
import { axesButChannels, shapeOf } from '../graph.js';
import { floats, scalar } from '../node.js';
import { add, divide, multiply, squareRoot, subtract } from '../operators/elementwise.js';
import { batchNormalization } from '../operators/normalisation.js';
import { reduceSum } from '../operators/reduction.js';
import type { OperatorRules } from '../rule.js';
import { staticDimension } from '../type.js';

export const normalisation = {
  /**
   * With r = (variance + epsilon)^(-1/2), S1 = sum g, S2 = sum g x (over all but the channels):
   * dx = scale r g, dscale = r (S2 - mean S1), dbias = S1, dmean = -scale r S1, dvariance = -scale r^2 dscale / 2.
   * Where mean and variance are computed from x, their own gradients complete dx.
   */
  BatchNormalization({ node, gradient, wanted }) {
    const [x, scale, , mean, variance] = node.inputs;
    const { epsilon } = node.attributes;
    const channels = staticDimension(shapeOf(x)[1], 'BatchNormalization');
    const zero = floats(new Float32Array(channels), [channels]);
    const dx = batchNormalization(gradient, { scale, bias: zero, mean: zero, variance }, { epsilon });
    if (wanted.slice(1).every((flag) => !flag)) return [dx];

    const axes = axesButChannels(x);
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
  },
} satisfies Partial<OperatorRules>;
