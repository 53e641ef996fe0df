/** A tiny task to train on: 8 x 8 pixels, three bands, two classes that a small network learns in seconds. */
import { type Dataset, defaultUnits } from '../../lib/src/dataset/patch.js';
import { relu } from '../../lib/src/graph/operators/activation.js';
import { concat, flatten } from '../../lib/src/graph/operators/arrangement.js';
import { globalAveragePool } from '../../lib/src/graph/operators/reduction.js';
import type { Architecture } from '../../lib/src/model/architecture.js';
import { convolution, linear } from '../../lib/src/model/layers.js';
import { createRandom } from '../../lib/src/random.js';
import { tensor } from '../../lib/src/tensor.js';

/** A dense block of one layer: convolution, concatenated with what batch norm, ReLU and a convolution make of it. */
export const tinyArchitecture: Architecture = {
  name: 'Tiny',
  featureLayer: 'norm2',
  build(layers, image, classes) {
    const stem = convolution(layers, image, 'conv1', { outputs: 3, size: 3, padding: 1 });
    const activated = relu(layers.normalise(stem, 'norm1'), 'relu1');
    const grown = concat([stem, convolution(layers, activated, 'conv2', { outputs: 2, size: 1 })]);
    const features = relu(layers.normalise(grown, 'norm2'), 'relu2');
    return linear(layers, flatten(globalAveragePool(features)), 'classifier', classes);
  },
};

/** Class 0: band b0 is bright. Class 1: b1 is. Each is there in every second image. */
export function tinyDataset(size = 8): Dataset {
  const area = size * size;
  return {
    name: 'tiny',
    bands: ['b0', 'b1', 'b2'],
    classes: ['first', 'second'],
    rendered: true,
    size,
    units: defaultUnits,
    statistics: { mean: [1000, 1000, 1000], deviation: [500, 500, 500] },
    count: (split) => (split === 'train' ? 50 : 24),
    nameOf: (split, index) => `${split} ${index}`,
    find: () => undefined,
    async read(split, index) {
      const random = createRandom('tiny', split, index);
      const present = [random.chance(0.5), random.chance(0.5)];
      const data = Float32Array.from({ length: 3 * area }, (_, i) => {
        const bright = present[Math.floor(i / area)] ?? false;
        return random.uniform(500, 1500) + (bright ? 500 : 0);
      });
      return {
        name: `${split} ${index}`,
        image: tensor(data, [3, size, size]),
        bands: ['b0', 'b1', 'b2'],
        labels: [0, 1].filter((label) => present[label]),
      };
    },
  };
}
