import { equal } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { affinePrefix } from '../../lib/src/graph/affinePrefix.js';
import { floats, input, scalar, type Value } from '../../lib/src/graph/node.js';
import { relu } from '../../lib/src/graph/operators/activation.js';
import { conv } from '../../lib/src/graph/operators/convolution.js';
import { add, multiply, subtract } from '../../lib/src/graph/operators/elementwise.js';
import { batchNormalization } from '../../lib/src/graph/operators/normalisation.js';
import { reduceSum } from '../../lib/src/graph/operators/reduction.js';

const image = input('image', ['N', 1, 3, 3]);
const vector = (value: number): Value => floats([value], [1]);
const stem = (x: Value): Value => conv(x, floats([1, 2, 3, 4], [1, 1, 2, 2]), {});
const normalised = (x: Value): Value =>
  batchNormalization(
    x,
    { scale: vector(2), bias: vector(1), mean: vector(0.5), variance: vector(1) },
    { epsilon: 1e-5 },
  );

describe('the affine beginning of a network', () => {
  it('reaches over the scaling of the input, the stem and its normalisation, up to the first ReLU', () => {
    const last = normalised(stem(multiply(subtract(image, scalar(3)), scalar(0.1))));
    equal(affinePrefix(image, relu(last)), last);
  });

  it('ends where two ways part', () => {
    const first = stem(image);
    equal(affinePrefix(image, add(relu(first), first)), first);
  });

  it('ends before a product of the image with itself, and before a weight that depends on the image', () => {
    equal(affinePrefix(image, multiply(image, image)), image);
    equal(affinePrefix(image, conv(image, reduceSum(relu(image), [0], true), {})), image);
  });

  it('ends where no map is left', () => {
    const maps = stem(image);
    equal(affinePrefix(image, reduceSum(maps, [2, 3], false)), maps);
  });

  it('is the image where the network begins with another operator', () => {
    equal(affinePrefix(image, relu(image)), image);
  });
});
