/** DenseNet-121 (Huang et al., 2017) as torchvision builds it, for any number of bands and classes. */
import type { Value } from '../graph/node.js';
import { relu } from '../graph/operators/activation.js';
import { concat, flatten } from '../graph/operators/arrangement.js';
import { averagePool, maxPool } from '../graph/operators/pooling.js';
import { globalAveragePool } from '../graph/operators/reduction.js';
import type { Architecture } from './architecture.js';
import { convolution, type Layers, linear } from './layers.js';

const growth = 32;
const blocks = [6, 12, 24, 16];

/** BatchNormalization, ReLU, 1x1 convolution, and the same with 3x3: 32 new feature maps. */
function denseLayer(layers: Layers, x: Value, name: string): Value {
  const first = relu(layers.normalise(x, `${name}.norm1`), `${name}.relu1`);
  const bottleneck = convolution(layers, first, `${name}.conv1`, { outputs: 4 * growth, size: 1 });
  const second = relu(layers.normalise(bottleneck, `${name}.norm2`), `${name}.relu2`);
  return convolution(layers, second, `${name}.conv2`, { outputs: growth, size: 3, padding: 1 });
}

/** Every layer sees all maps before it. Concatenating step by step makes the backward pass one split and one sum a layer. */
function denseBlock(layers: Layers, x: Value, name: string, count: number): Value {
  let features = x;
  for (let i = 1; i <= count; i++) {
    features = concat([features, denseLayer(layers, features, `${name}.denselayer${i}`)]);
  }
  return features;
}

/** Halves the number of maps and the size of the image. */
function transition(layers: Layers, x: Value, name: string): Value {
  const activated = relu(layers.normalise(x, `${name}.norm`), `${name}.relu`);
  const outputs = Number(x.type.shape?.[1]) / 2;
  const reduced = convolution(layers, activated, `${name}.conv`, { outputs, size: 1 });
  return averagePool(reduced, { kernel: [2, 2] }, `${name}.pool`);
}

export const denseNet121: Architecture = {
  name: 'DenseNet-121',
  /** The output of the last norm, before its ReLU: torchvision's `features`. */
  featureLayer: 'features.norm5',
  build(layers, image, classes) {
    const stem = convolution(layers, image, 'features.conv0', {
      outputs: 2 * growth,
      size: 7,
      stride: 2,
      padding: 3,
    });
    let x = relu(layers.normalise(stem, 'features.norm0'), 'features.relu0');
    x = maxPool(x, { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }, 'features.pool0');
    for (const [i, count] of blocks.entries()) {
      x = denseBlock(layers, x, `features.denseblock${i + 1}`, count);
      if (i + 1 < blocks.length) x = transition(layers, x, `features.transition${i + 1}`);
    }
    const features = relu(layers.normalise(x, 'features.norm5'), 'features.relu5');
    return linear(layers, flatten(globalAveragePool(features)), 'classifier', classes);
  },
};
