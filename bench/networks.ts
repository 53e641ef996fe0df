/** The two networks, their weights (the shipped DenseNet-121's, random ones from a seed for ResNet-50) and their work. */
import { sentinel2Bands } from 'landlens/dataset/patch';
import { createGraph, type Graph, topologicalOrder } from 'landlens/graph/graph';
import { input, type Node, type Value } from 'landlens/graph/node';
import { loadOnnx, readOnnx } from 'landlens/graph/onnx/read';
// Their attributes.
import type {} from 'landlens/graph/operators/convolution';
import { perImage } from 'landlens/graph/type';
import type { Architecture } from 'landlens/model/architecture';
import { defaultModel } from 'landlens/model/defaultModel';
import { denseNet, denseNet121 } from 'landlens/model/denseNet';
import { initialWeights, storedLayers, type Weights } from 'landlens/model/layers';
import { resNet50 } from 'landlens/model/resNet';
import { createRandom } from 'landlens/random';
import type { Tensor } from 'landlens/tensor';
import type { NetworkName } from './task.js';

export const bands = sentinel2Bands.length;
/** Those of the shipped classifier. */
export const classes = 14;

export const architectures: Readonly<Record<NetworkName, Architecture>> = {
  densenet121: denseNet121,
  resnet50: resNet50,
  // For a trial of the benchmark itself.
  small: denseNet({ blocks: [2, 2], growth: 4, bottleneck: 8, stem: 8 }),
};

const imageOf = (size: number) => input('image', ['N', bands, size, size]);

/** The logits of a network of stored weights. */
export function networkGraph(network: NetworkName, weights: Weights, size: number): Graph {
  const logits = architectures[network].build(storedLayers(weights), imageOf(size), classes);
  return createGraph({ logits });
}

/** The weights of the shipped classifier, by torchvision's names. */
async function shippedWeights(): Promise<Weights> {
  const { graph } = await readOnnx(await loadOnnx(defaultModel));
  return new Map(
    topologicalOrder(Object.values(graph.outputs)).flatMap((node): [string, Tensor][] => {
      if (node.operator !== 'Constant' || node.name === '') return [];
      const { data, shape } = node.attributes.value;
      return data instanceof Float32Array ? [[node.name, { data, shape }]] : [];
    }),
  );
}

/**
 * Initial weights, with batch-norm parameters and statistics moved away from 0 and 1: variances and scales uniform in
 * [0.5, 1.5], means and shifts normal with deviation 0.1.
 */
function randomWeights(architecture: Architecture, seed: number): Weights {
  const weights = initialWeights((layers) => architecture.build(layers, imageOf(64), classes), seed);
  const isNorm = (name: string): boolean => weights.has(name.replace(/[^.]+$/, 'running_var'));
  return new Map(
    [...weights].map(([name, { data, shape }]): [string, Tensor] => {
      if (!isNorm(name)) return [name, { data, shape }];
      const random = createRandom(seed, 'norms', name);
      const centred = name.endsWith('.bias') || name.endsWith('.running_mean');
      const draw = () => (centred ? 0.1 * random.normal() : random.uniform(0.5, 1.5));
      return [name, { data: Float32Array.from(data, draw), shape }];
    }),
  );
}

export async function weightsOf(network: NetworkName, seed: number): Promise<Weights> {
  if (network === 'densenet121') return shippedWeights();
  return randomWeights(architectures[network], seed);
}

/** In words, for the table. */
export const networkLabels: Readonly<Record<NetworkName, string>> = {
  densenet121: 'DenseNet-121 (the shipped classifier)',
  resnet50: 'ResNet-50 (random weights)',
  small: 'a small DenseNet (random weights)',
};

/** The number of values per image of the batch. */
function count({ type: { shape } }: Value): number {
  if (shape === undefined) throw new Error('a shape is not known');
  return shape.reduce<number>((product, dimension) => product * perImage(dimension), 1);
}

const lengthOf = ({ type: { shape = [] } }: Value, axis: number): number => perImage(shape.at(axis) ?? 1);

function ofNode(node: Node): number {
  const [x, weight] = node.inputs;
  switch (node.operator) {
    case 'Conv':
      // Each output value is a sum over one kernel: [outputs, inputs / group, ...kernel].
      return count(node.outputs[0]) * (count(weight) / lengthOf(weight, 0));
    case 'ConvTranspose':
      // Each input value meets one kernel: [inputs, outputs / group, ...kernel].
      return count(x) * (count(weight) / lengthOf(weight, 0));
    case 'Gemm':
      return count(node.outputs[0]) * lengthOf(x, node.attributes.transA ? 0 : 1);
    case 'MatMul':
      return count(node.outputs[0]) * lengthOf(x, -1);
    default:
      return 0;
  }
}

/** Multiply-adds of convolutions and matrix products, per image of the batch; everything else counts nothing. */
export function multiplyAdds(graph: Graph): number {
  return topologicalOrder(Object.values(graph.outputs)).reduce((sum, node) => sum + ofNode(node), 0);
}
