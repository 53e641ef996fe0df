/** DenseNet (Huang et al., 2017) as torchvision and timm build it, for any widths, bands and classes; DenseNet-121. */
import { shapeOf } from '../graph/graph.js';
import type { Value } from '../graph/node.js';
import { relu } from '../graph/operators/activation.js';
import { concat, flatten } from '../graph/operators/arrangement.js';
import { averagePool } from '../graph/operators/pooling.js';
import { globalAveragePool } from '../graph/operators/reduction.js';
import { staticDimension } from '../graph/type.js';
import type { Architecture } from './architecture.js';
import { convolution, type Layers, linear, stem } from './layers.js';

export interface DenseNetPlan {
  /** Dense layers of each block. */
  readonly blocks: readonly number[];
  /** New feature maps of each dense layer. */
  readonly growth: number;
  /** Feature maps between a dense layer's two convolutions. */
  readonly bottleneck: number;
  /** Feature maps of the first convolution. */
  readonly stem: number;
}

export const denseNet121Plan: DenseNetPlan = {
  blocks: [6, 12, 24, 16],
  growth: 32,
  bottleneck: 128,
  stem: 64,
};

/** BatchNormalization, ReLU, 1x1 convolution, and the same with 3x3: `growth` new feature maps. */
function denseLayer(layers: Layers, x: Value, name: string, { growth, bottleneck }: DenseNetPlan): Value {
  const first = relu(layers.normalise(x, `${name}.norm1`), `${name}.relu1`);
  const narrow = convolution(layers, first, `${name}.conv1`, { outputs: bottleneck, size: 1 });
  const second = relu(layers.normalise(narrow, `${name}.norm2`), `${name}.relu2`);
  return convolution(layers, second, `${name}.conv2`, { outputs: growth, size: 3, padding: 1 });
}

/** Every layer sees all maps before it. Concatenating step by step makes the backward pass one split and one sum a layer. */
function denseBlock(layers: Layers, x: Value, name: string, count: number, plan: DenseNetPlan): Value {
  let features = x;
  for (let i = 1; i <= count; i++) {
    features = concat([features, denseLayer(layers, features, `${name}.denselayer${i}`, plan)]);
  }
  return features;
}

/** Halves the number of maps and the size of the image. */
function transition(layers: Layers, x: Value, name: string): Value {
  const activated = relu(layers.normalise(x, `${name}.norm`), `${name}.relu`);
  const outputs = Math.floor(staticDimension(shapeOf(x)[1], name) / 2);
  const reduced = convolution(layers, activated, `${name}.conv`, { outputs, size: 1 });
  return averagePool(reduced, { kernel: [2, 2] }, `${name}.pool`);
}

export function denseNet(plan: DenseNetPlan): Architecture {
  const { blocks } = plan;
  return {
    // Two convolutions a dense layer, one a transition, the stem and the linear layer.
    name: `DenseNet-${2 * blocks.reduce((sum, count) => sum + count, 0) + blocks.length + 1}`,
    /** The output of the last norm, before its ReLU: torchvision's `features`. */
    featureLayer: `features.norm${blocks.length + 1}`,
    build(layers, image, classes) {
      const [conv, norm, active, pool] = ['conv', 'norm', 'relu', 'pool'].map((part) => `features.${part}0`);
      let x = stem(layers, image, plan.stem, { conv, norm, relu: active, pool });
      for (const [i, count] of blocks.entries()) {
        x = denseBlock(layers, x, `features.denseblock${i + 1}`, count, plan);
        if (i + 1 < blocks.length) x = transition(layers, x, `features.transition${i + 1}`);
      }
      const last = blocks.length + 1;
      const features = relu(layers.normalise(x, `features.norm${last}`), `features.relu${last}`);
      return linear(layers, flatten(globalAveragePool(features)), 'classifier', classes);
    },
  };
}

export const denseNet121: Architecture = denseNet(denseNet121Plan);
