/** Classifiers so small that their explanations can be computed by hand, or a thousand times in seconds. */
import type { Engine } from '../lib/src/engine/engine.js';
import { shapeOf } from '../lib/src/graph/graph.js';
import { floats, input, type Value } from '../lib/src/graph/node.js';
import { relu } from '../lib/src/graph/operators/activation.js';
import { flatten } from '../lib/src/graph/operators/arrangement.js';
import { conv } from '../lib/src/graph/operators/convolution.js';
import { gemm } from '../lib/src/graph/operators/matMul.js';
import { maxPool } from '../lib/src/graph/operators/pooling.js';
import { globalAveragePool } from '../lib/src/graph/operators/reduction.js';
import type { Classifier, ClassifierDescription } from '../lib/src/model/classifier.js';
import { createClassifier } from '../lib/src/model/createClassifier.js';
import { createRandom } from '../lib/src/random.js';
import { sizeOf, type Tensor } from '../lib/src/tensor.js';

/** Bands b0, b1, ... with means 0 and deviations 1, and classes c0, c1, ... */
export function plainDescription(bands: number, classes: number): ClassifierDescription {
  const names = (letter: string, count: number) => Array.from({ length: count }, (_, i) => `${letter}${i}`);
  return {
    name: 'tiny',
    bands: names('b', bands),
    classes: names('c', classes),
    normalisation: { mean: new Array<number>(bands).fill(0), deviation: new Array<number>(bands).fill(1) },
  };
}

/** The classifier that `build` makes of an image ['N', bands, height, width]. */
export function classifierOf(
  engine: Engine,
  [bands, height, width]: readonly [bands: number, height: number, width: number],
  build: (image: Value) => Value,
  changes: Partial<ClassifierDescription> = {},
): Classifier {
  const logits = build(input('image', ['N', bands, height, width]));
  const description = plainDescription(bands, Number(shapeOf(logits)[1]));
  return createClassifier(logits, { ...description, ...changes }, engine, { hash: '0'.repeat(16) });
}

/** Standard normal values times `scale`; the same key gives the same values. */
export function normals(key: string, shape: readonly number[], scale = 1): Tensor {
  const random = createRandom('test', key);
  const data = Float32Array.from({ length: sizeOf(shape) }, () => scale * random.normal());
  return { data, shape };
}

/** Random weights as a constant, of a variance that keeps the size of values from layer to layer. */
export function randomWeights(name: string, shape: readonly number[]): Value {
  const { data } = normals(name, shape, Math.sqrt(2 / sizeOf(shape.slice(1))));
  return floats(data, shape, name);
}

/** Two convolutions around a maximum, an average and a linear layer: 4 bands of 16 x 16 pixels, 3 classes. */
export function convolutionalLogits(image: Value): Value {
  const first = relu(conv(image, randomWeights('conv1', [6, 4, 3, 3]), { pads: [1, 1, 1, 1] }));
  const pooled = maxPool(first, { kernel: [2, 2] });
  const second = conv(pooled, randomWeights('conv2', [8, 6, 3, 3]), { pads: [1, 1, 1, 1], name: 'features' });
  const bias = floats([0.1, 0, -0.1], [3], 'bias');
  const head = randomWeights('head', [3, 8]);
  return gemm(flatten(globalAveragePool(relu(second))), head, bias, { transB: true });
}
