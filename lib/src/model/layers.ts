/** How an architecture gets its parameters: stored weights, fresh random ones, or the parameters of a training step. */
import { failAt } from '../error.js';
import { shapeOf } from '../graph/graph.js';
import { floats, type Value } from '../graph/node.js';
import { relu } from '../graph/operators/activation.js';
import { conv } from '../graph/operators/convolution.js';
import { gemm } from '../graph/operators/matMul.js';
import { batchNormalization } from '../graph/operators/normalisation.js';
import { maxPool } from '../graph/operators/pooling.js';
import { staticDimension } from '../graph/type.js';
import { createRandom, requireSeed } from '../random.js';
import { sizeOf, type Tensor } from '../tensor.js';

/** Named parameters and buffers, with torchvision's names. */
export type Weights = ReadonlyMap<string, Tensor>;

export interface Layers {
  /** A parameter or buffer; its kind says how it is filled at first: as such a weight, or with zeros or ones. */
  parameter(name: string, shape: readonly number[], kind: 'convolution' | 'linear' | 'zero' | 'one'): Value;
  /** Batch normalisation over the channels of x. */
  normalise(x: Value, name: string): Value;
}

const channelsOf = (x: Value): number => staticDimension(shapeOf(x)[1], 'layer');

export interface ConvolutionSize {
  readonly outputs: number;
  readonly size: number;
  readonly stride?: number;
  readonly padding?: number;
}

/** A square convolution without bias. */
export function convolution(
  layers: Layers,
  x: Value,
  name: string,
  { outputs, size, stride = 1, padding = 0 }: ConvolutionSize,
): Value {
  const weight = layers.parameter(`${name}.weight`, [outputs, channelsOf(x), size, size], 'convolution');
  const pads = [padding, padding, padding, padding];
  return conv(x, weight, { strides: [stride, stride], pads, name });
}

/** How ResNet and DenseNet begin: a 7x7 convolution, normalised, and a maximum, each of which halves the image. */
export function stem(
  layers: Layers,
  image: Value,
  outputs: number,
  names: { readonly conv: string; readonly norm: string; readonly relu: string; readonly pool: string },
): Value {
  const first = convolution(layers, image, names.conv, { outputs, size: 7, stride: 2, padding: 3 });
  const active = relu(layers.normalise(first, names.norm), names.relu);
  return maxPool(active, { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }, names.pool);
}

/** x [N, inputs] times weight [outputs, inputs] transposed, plus bias. */
export function linear(layers: Layers, x: Value, name: string, outputs: number): Value {
  const weight = layers.parameter(`${name}.weight`, [outputs, channelsOf(x)], 'linear');
  const bias = layers.parameter(`${name}.bias`, [outputs], 'zero');
  return gemm(x, weight, bias, { transB: true });
}

/** Parameters and buffers of a batch normalisation, in the order scale, bias, mean, variance. */
export const normalisationNames = ['weight', 'bias', 'running_mean', 'running_var'] as const;

/** Layers that normalise by the mean and variance of training, given how parameters and buffers are had. */
export function inferenceLayers(parameter: Layers['parameter']): Layers {
  return {
    parameter,
    normalise(x, name) {
      const [scale, bias, mean, variance] = normalisationNames.map((part) =>
        parameter(`${name}.${part}`, [channelsOf(x)], /weight|var/.test(part) ? 'one' : 'zero'),
      );
      return batchNormalization(x, { scale, bias, mean, variance }, {}, name);
    },
  };
}

/** Layers for inference from stored weights; throws InputError naming a missing or misshapen parameter. */
export const storedLayers = (weights: Weights): Layers =>
  inferenceLayers((name, shape) => {
    const stored = weights.get(name);
    if (stored?.shape.join() === shape.join()) return floats(stored.data, stored.shape, name);
    throw failAt(`weights "${name}"`)(
      stored ? 'a parameter has the wrong shape' : 'a parameter is missing',
      `[${shape.join(', ')}]`,
      stored ? `[${stored.shape.join(', ')}]` : 'nothing',
    );
  });

/** Runs an architecture with layers that only record what it asks for. */
export function initialWeights(build: (layers: Layers) => unknown, seed: number): Weights {
  requireSeed(seed, 'initial weights, seed');
  const weights = new Map<string, Tensor>();
  const layers = inferenceLayers((name, shape, kind) => {
    const data = new Float32Array(sizeOf(shape)).fill(kind === 'one' ? 1 : 0);
    const random = createRandom(seed, 'weights', name);
    const inputs = sizeOf(shape.slice(1));
    // Kaiming: normal with variance 2 / fan-in for convolutions, uniform within 1 / sqrt(fan-in) for linear layers.
    if (kind === 'convolution')
      for (let i = 0; i < data.length; i++) data[i] = random.normal() * Math.sqrt(2 / inputs);
    if (kind === 'linear')
      for (let i = 0; i < data.length; i++) data[i] = random.uniform(-1, 1) / Math.sqrt(inputs);
    weights.set(name, { data, shape });
    return floats(data, shape, name);
  });
  build(layers);
  return weights;
}
