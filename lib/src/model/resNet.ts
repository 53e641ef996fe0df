/** ResNet-50 (He et al., 2016) as torchvision builds it, for any number of bands and classes. */
import type { Value } from '../graph/node.js';
import { relu } from '../graph/operators/activation.js';
import { flatten } from '../graph/operators/arrangement.js';
import { add } from '../graph/operators/elementwise.js';
import { maxPool } from '../graph/operators/pooling.js';
import { globalAveragePool } from '../graph/operators/reduction.js';
import type { Architecture } from './architecture.js';
import { convolution, type Layers, linear } from './layers.js';

const blocks = [3, 4, 6, 3];
const expansion = 4;

/** 1x1, 3x3 (with the stride), 1x1 convolutions around a shortcut. */
function bottleneck(
  layers: Layers,
  x: Value,
  name: string,
  width: number,
  stride: number,
  first: boolean,
): Value {
  const step = (
    value: Value,
    i: number,
    options: { outputs: number; size: number; stride?: number; padding?: number },
  ) => layers.normalise(convolution(layers, value, `${name}.conv${i}`, options), `${name}.bn${i}`);
  const one = relu(step(x, 1, { outputs: width, size: 1 }), `${name}.relu1`);
  const two = relu(step(one, 2, { outputs: width, size: 3, stride, padding: 1 }), `${name}.relu2`);
  const three = step(two, 3, { outputs: width * expansion, size: 1 });
  const shortcut = first
    ? layers.normalise(
        convolution(layers, x, `${name}.downsample.0`, { outputs: width * expansion, size: 1, stride }),
        `${name}.downsample.1`,
      )
    : x;
  return relu(add(three, shortcut), `${name}.relu`);
}

export const resNet50: Architecture = {
  name: 'ResNet-50',
  /** The output of the last block, after its ReLU: torchvision's `layer4`. */
  featureLayer: 'layer4.2.relu',
  build(layers, image, classes) {
    const stem = convolution(layers, image, 'conv1', { outputs: 64, size: 7, stride: 2, padding: 3 });
    let x = relu(layers.normalise(stem, 'bn1'), 'relu');
    x = maxPool(x, { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }, 'maxpool');
    for (const [stage, count] of blocks.entries()) {
      for (let i = 0; i < count; i++) {
        const stride = stage > 0 && i === 0 ? 2 : 1;
        x = bottleneck(layers, x, `layer${stage + 1}.${i}`, 64 * 2 ** stage, stride, i === 0);
      }
    }
    return linear(layers, flatten(globalAveragePool(x)), 'fc', classes);
  },
};
