/** ResNet with bottlenecks (He et al., 2016) as torchvision and timm build it, for any widths, bands and classes; ResNet-50. */
import { shapeOf } from '../graph/graph.js';
import type { Value } from '../graph/node.js';
import { relu } from '../graph/operators/activation.js';
import { flatten } from '../graph/operators/arrangement.js';
import { add } from '../graph/operators/elementwise.js';
import { globalAveragePool } from '../graph/operators/reduction.js';
import type { Architecture } from './architecture.js';
import { type ConvolutionSize, convolution, type Layers, linear, stem } from './layers.js';

export interface ResNetStage {
  /** Bottlenecks of the stage; the first halves the image, but for the first stage. */
  readonly blocks: number;
  /** Feature maps inside a bottleneck. */
  readonly width: number;
  /** Feature maps that leave a bottleneck. */
  readonly outputs: number;
}

export interface ResNetPlan {
  /** Feature maps of the first convolution. */
  readonly stem: number;
  readonly stages: readonly ResNetStage[];
}

export const resNet50Plan: ResNetPlan = {
  stem: 64,
  stages: [3, 4, 6, 3].map((blocks, i) => ({ blocks, width: 64 * 2 ** i, outputs: 256 * 2 ** i })),
};

/** 1x1, 3x3 (with the stride), 1x1 convolutions around a shortcut. */
function bottleneck(
  layers: Layers,
  x: Value,
  name: string,
  { width, outputs }: ResNetStage,
  stride: number,
): Value {
  const step = (value: Value, i: number, size: ConvolutionSize): Value =>
    layers.normalise(convolution(layers, value, `${name}.conv${i}`, size), `${name}.bn${i}`);
  const one = relu(step(x, 1, { outputs: width, size: 1 }), `${name}.relu1`);
  const two = relu(step(one, 2, { outputs: width, size: 3, stride, padding: 1 }), `${name}.relu2`);
  const three = step(two, 3, { outputs, size: 1 });
  const changes = stride !== 1 || shapeOf(x)[1] !== outputs;
  const shortcut = changes
    ? layers.normalise(
        convolution(layers, x, `${name}.downsample.0`, { outputs, size: 1, stride }),
        `${name}.downsample.1`,
      )
    : x;
  return relu(add(three, shortcut), `${name}.relu`);
}

export function resNet({ stem: stemWidth, stages }: ResNetPlan): Architecture {
  return {
    // Three convolutions a bottleneck, the stem and the linear layer.
    name: `ResNet-${3 * stages.reduce((sum, { blocks }) => sum + blocks, 0) + 2}`,
    /** The output of the last block, after its ReLU: torchvision's `layer4`. */
    featureLayer: `layer${stages.length}.${(stages.at(-1)?.blocks ?? 1) - 1}.relu`,
    build(layers, image, classes) {
      let x = stem(layers, image, stemWidth, { conv: 'conv1', norm: 'bn1', relu: 'relu', pool: 'maxpool' });
      for (const [i, stage] of stages.entries()) {
        for (let block = 0; block < stage.blocks; block++) {
          const stride = i > 0 && block === 0 ? 2 : 1;
          x = bottleneck(layers, x, `layer${i + 1}.${block}`, stage, stride);
        }
      }
      return linear(layers, flatten(globalAveragePool(x)), 'fc', classes);
    },
  };
}

export const resNet50: Architecture = resNet(resNet50Plan);
