/** How an architecture gets its parameters: stored weights, fresh random ones, or the parameters of a training step. */
import { InputError } from '../error.js';
import { shapeOf } from '../graph/graph.js';
import { floats, type Value } from '../graph/node.js';
import { conv } from '../graph/operators/convolution.js';
import { gemm } from '../graph/operators/matMul.js';
import { batchNormalization } from '../graph/operators/normalisation.js';
import { staticDimension } from '../graph/type.js';
import { createRandom, requireSeed } from '../random.js';
import { sizeOf, type Tensor } from '../tensor.js';

/** Named parameters and buffers, with torchvision's names. */
export type Weights = ReadonlyMap<string, Tensor>;

export interface Layers {
  /** A trained parameter; `fan` is the number of inputs (or outputs) that its initial spread follows. */
  parameter(name: string, shape: readonly number[], kind: 'convolution' | 'linear' | 'zero'): Value;
  /** Batch normalisation over the channels of x. */
  normalise(x: Value, name: string): Value;
}

const channelsOf = (x: Value): number => staticDimension(shapeOf(x)[1], 'layer');

/** A square convolution without bias. */
export function convolution(
  layers: Layers,
  x: Value,
  name: string,
  {
    outputs,
    size,
    stride = 1,
    padding = 0,
  }: { outputs: number; size: number; stride?: number; padding?: number },
): Value {
  const weight = layers.parameter(`${name}.weight`, [outputs, channelsOf(x), size, size], 'convolution');
  return conv(x, weight, {
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
    name,
  });
}

/** x [N, inputs] times weight [outputs, inputs] transposed, plus bias. */
export function linear(layers: Layers, x: Value, name: string, outputs: number): Value {
  const weight = layers.parameter(`${name}.weight`, [outputs, channelsOf(x)], 'linear');
  const bias = layers.parameter(`${name}.bias`, [outputs], 'zero');
  return gemm(x, weight, bias, { transB: true });
}

/** Parameters and buffers of a batch normalisation, in the order scale, bias, mean, variance. */
export const normalisationNames = ['weight', 'bias', 'running_mean', 'running_var'] as const;

/** Layers for inference from stored weights; throws InputError naming a missing or misshapen parameter. */
export function storedLayers(weights: Weights): Layers {
  const read = (name: string, shape: readonly number[]): Value => {
    const stored = weights.get(name);
    if (stored === undefined || stored.shape.join() !== shape.join()) {
      throw new InputError({
        what: stored === undefined ? 'a parameter is missing' : 'a parameter has the wrong shape',
        where: `weights "${name}"`,
        expected: `[${shape.join(', ')}]`,
        got: stored === undefined ? 'nothing' : `[${stored.shape.join(', ')}]`,
      });
    }
    return floats(stored.data, stored.shape, name);
  };
  return {
    parameter: read,
    normalise(x, name) {
      const [scale, bias, mean, variance] = normalisationNames.map((part) =>
        read(`${name}.${part}`, [channelsOf(x)]),
      );
      return batchNormalization(x, { scale, bias, mean, variance }, {}, name);
    },
  };
}

/** Runs an architecture with layers that only record what it asks for. */
export function initialWeights(build: (layers: Layers) => unknown, seed: number): Weights {
  requireSeed(seed, 'initial weights, seed');
  const weights = new Map<string, Tensor>();
  const fill = (name: string, shape: readonly number[], value: number): Value => {
    const data = new Float32Array(sizeOf(shape)).fill(value);
    weights.set(name, { data, shape });
    return floats(data, shape, name);
  };
  build({
    /** Kaiming: normal with variance 2 / fan-in for convolutions, uniform within 1 / sqrt(fan-in) for linear layers. */
    parameter(name, shape, kind) {
      const value = fill(name, shape, 0);
      const tensor = weights.get(name);
      if (kind === 'zero' || tensor === undefined) return value;
      const random = createRandom(seed, 'weights', name);
      const inputs = sizeOf(shape.slice(1));
      const draw =
        kind === 'convolution'
          ? () => random.normal() * Math.sqrt(2 / inputs)
          : () => random.uniform(-1, 1) / Math.sqrt(inputs);
      for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = draw();
      return floats(tensor.data, shape, name);
    },
    normalise(x, name) {
      const shape = [channelsOf(x)];
      const [scale, bias, mean, variance] = normalisationNames.map((part) =>
        fill(`${name}.${part}`, shape, part === 'weight' || part === 'running_var' ? 1 : 0),
      );
      return batchNormalization(x, { scale, bias, mean, variance }, {}, name);
    },
  });
  return weights;
}
