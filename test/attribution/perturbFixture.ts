/** What makePerturb.py stored: a tiny network, its image, and what the peers compute on them. */
import { readFileSync } from 'node:fs';
import type { Engine } from '../../lib/src/engine/engine.js';
import { floats, input } from '../../lib/src/graph/node.js';
import { relu } from '../../lib/src/graph/operators/activation.js';
import { flatten } from '../../lib/src/graph/operators/arrangement.js';
import { conv } from '../../lib/src/graph/operators/convolution.js';
import { gemm } from '../../lib/src/graph/operators/matMul.js';
import { globalAveragePool } from '../../lib/src/graph/operators/reduction.js';
import type { Classifier } from '../../lib/src/model/classifier.js';
import { createClassifier } from '../../lib/src/model/createClassifier.js';
import { type Tensor, tensor } from '../../lib/src/tensor.js';

/** Float32 values in base64. */
interface Packed {
  readonly shape: readonly number[];
  readonly data: string;
}

interface Fixture {
  readonly source: string;
  readonly weights: Readonly<Record<string, Packed>>;
  readonly image: Packed;
  readonly occlusion: readonly {
    readonly window: readonly [number, number];
    readonly stride: readonly [number, number];
    readonly baseline: number;
    readonly target: number;
    readonly values: Packed;
  }[];
  readonly lime: readonly {
    readonly segments: number;
    readonly compactness: number;
    readonly samples: number;
    readonly seed: number;
    readonly distance: 'cosine' | 'squared';
    readonly kernelWidth: number;
    readonly alpha: number;
    readonly target: number;
    readonly values: Packed;
  }[];
  readonly regression: readonly {
    readonly alpha: number;
    readonly features: readonly number[];
    readonly responses: readonly number[];
    readonly weights: readonly number[];
    readonly coefficients: readonly number[];
    readonly intercept: number;
    readonly standardErrors: readonly { readonly cluster: 1 | 2; readonly values: readonly number[] }[];
  }[];
}

export const fixture: Fixture = JSON.parse(
  readFileSync(new URL('../fixtures/perturb.json', import.meta.url), 'utf8'),
);

export function unpack({ shape, data }: Packed): Tensor {
  return tensor(new Float32Array(new Uint8Array(Buffer.from(data, 'base64')).buffer), shape);
}

/** Two convolutions, an average and a linear layer: 3 bands of 17 x 20 pixels, 4 classes. */
export function tinyClassifier(engine: Engine): Classifier {
  const stored = (name: string) => {
    const { data, shape } = unpack(fixture.weights[name]);
    return floats(data, shape, name);
  };
  const image = input('image', ['N', 3, 17, 20]);
  const first = relu(conv(image, stored('conv1.weight'), { pads: [1, 1, 1, 1] }));
  const second = relu(conv(first, stored('conv2.weight'), { strides: [2, 2] }));
  const logits = gemm(flatten(globalAveragePool(second)), stored('fc.weight'), stored('fc.bias'), {
    transB: true,
  });
  const description = {
    name: 'tiny',
    bands: ['B02', 'B03', 'B04'],
    classes: ['a', 'b', 'c', 'd'],
    normalisation: { mean: [0, 0, 0], deviation: [1, 1, 1] },
  };
  return createClassifier(logits, description, engine, { hash: '0'.repeat(16) });
}

/** The largest difference, relative to the largest expected value. */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(actual[i] - value)), 0) / largest;
}
