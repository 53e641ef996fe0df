import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { differentiate } from '../../lib/src/graph/differentiate.js';
import { createGraph } from '../../lib/src/graph/graph.js';
import { floats, input, scalar, type Value } from '../../lib/src/graph/node.js';
import { concat } from '../../lib/src/graph/operators/arrangement.js';
import { storedLayers } from '../../lib/src/model/layers.js';
import { adam, correctedRate } from '../../lib/src/training/adam.js';
import { createBatchStatistics } from '../../lib/src/training/batchStatistics.js';
import { binaryCrossEntropy } from '../../lib/src/training/loss.js';
import { cosineRecipe, rateAt, stepsOf } from '../../lib/src/training/recipe.js';
import {
  createTrainingStep,
  flatten,
  freshWeights,
  layoutOf,
  unflatten,
} from '../../lib/src/training/trainingStep.js';
import { normals } from '../classifiers.js';
import { evaluate, type ReferenceTensor } from '../reference/reference.js';
import { tinyArchitecture } from './tiny.js';

function near(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  deepEqual(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    ok(Math.abs(actual[i] - expected[i]) <= tolerance, `value ${i}: ${actual[i]}, expected ${expected[i]}`);
  }
}

const valuesOf = (output: Value): number[] => [...evaluate(createGraph({ output }), {}).output.data];

describe('binary cross-entropy', () => {
  it('is the mean of -log of the probability of what is true', () => {
    // s(0) = 1/2; s(log 3) = 3/4.
    const logits = floats([0, Math.log(3)], [1, 2]);
    near(
      valuesOf(binaryCrossEntropy(logits, floats([1, 1], [1, 2]))),
      [(Math.log(2) + Math.log(4 / 3)) / 2],
      1e-7,
    );
    near(
      valuesOf(binaryCrossEntropy(logits, floats([0, 0], [1, 2]))),
      [(Math.log(2) + Math.log(4)) / 2],
      1e-7,
    );
  });

  it('has the gradient (s(z) - y) / count', () => {
    const logits = floats([0, Math.log(3), 0, Math.log(3)], [2, 2]);
    const loss = binaryCrossEntropy(logits, floats([1, 1, 0, 0], [2, 2]));
    const [gradient] = differentiate(loss, [logits], scalar(1));
    near(valuesOf(gradient), [-1 / 8, -1 / 16, 1 / 8, 3 / 16], 1e-8);
  });

  it('stays finite for logits that are sure and wrong', () => {
    const loss = binaryCrossEntropy(floats([500, -500], [1, 2]), floats([0, 1], [1, 2]));
    near(valuesOf(loss), [500], 1e-9);
  });
});

describe('Adam', () => {
  it('follows the published formula with bias-corrected moments', () => {
    const [rate, beta1, beta2, epsilon] = [0.1, 0.9, 0.999, 1e-8];
    const gradients = [
      [1, -2],
      [3, 0.5],
      [-1, 0],
    ];
    let [parameters, m, v] = [
      [5, 6],
      [0, 0],
      [0, 0],
    ];
    let expected = [...parameters];
    let [first, second] = [
      [0, 0],
      [0, 0],
    ];
    for (const [i, gradient] of gradients.entries()) {
      const t = i + 1;
      m = m.map((value, j) => beta1 * value + (1 - beta1) * gradient[j]);
      v = v.map((value, j) => beta2 * value + (1 - beta2) * gradient[j] ** 2);
      expected = expected.map((value, j) => {
        const [mean, square] = [m[j] / (1 - beta1 ** t), v[j] / (1 - beta2 ** t)];
        return value - (rate * mean) / (Math.sqrt(square) + epsilon);
      });
      const state = {
        parameters: floats(parameters, [2]),
        first: floats(first, [2]),
        second: floats(second, [2]),
      };
      const next = adam(state, floats(gradient, [2]), scalar(correctedRate(rate, t)));
      parameters = valuesOf(next.parameters);
      first = valuesOf(next.first);
      second = valuesOf(next.second);
      near(parameters, expected, 1e-5);
      near(first, m, 1e-6);
      near(second, v, 1e-6);
    }
    // The first step has the length of the rate, whatever the gradient.
    ok(Math.abs(correctedRate(0.1, 1) - 0.1 * (Math.sqrt(0.001) / 0.1)) < 1e-12);
  });
});

describe('the learning rate', () => {
  const recipe = { seed: 0, phases: [], rate: 2, warmUp: 0.2, validationImages: 1, checkEvery: 1 };

  it('grows linearly, then falls to zero along half a cosine', () => {
    near(
      [0, 0.1, 0.2, 0.6, 1].map((done) => rateAt(recipe, done)),
      [0, 1, 2, 1, 0],
      1e-12,
    );
  });

  it('of the recipe cosine falls to zero at the end of the epochs, with a check after each', () => {
    const cosine = cosineRecipe({ size: 64, train: 100, validation: 10 }, { batch: 32, epochs: 3, rate: 2 });
    deepEqual(cosine.phases, [{ size: 64, images: 3 * 128, batch: 32 }]);
    equal(cosine.checkEvery, 128);
    equal(cosine.plateau, undefined);
    near([rateAt(cosine, 0), rateAt(cosine, 0.03), rateAt(cosine, 1)], [0, 2, 0], 1e-12);
  });

  it('starts at its largest without warm-up', () => {
    near([rateAt({ ...recipe, warmUp: 0 }, 0)], [2], 0);
  });

  it('counts a last batch that is not full', () => {
    deepEqual(
      [stepsOf({ size: 8, images: 16, batch: 8 }), stepsOf({ size: 8, images: 17, batch: 8 })],
      [2, 3],
    );
  });
});

describe('batch statistics', () => {
  it('are mean and population variance over images and pixels, also of concatenations', () => {
    const a = floats([1, 3, 10, 10, 5, 7, 10, 10], [2, 2, 1, 2]);
    const b = floats([0, 0, 4, 4], [2, 1, 1, 2]);
    const { mean, variance } = createBatchStatistics()(concat([a, b]));
    near(valuesOf(mean), [4, 10, 2], 1e-12);
    near(valuesOf(variance), [5, 0, 4], 1e-12);
  });
});

describe('a training step', () => {
  const shape = { bands: 3, classes: 2, size: 4, batch: 3 };
  const weights = new Map(
    [...freshWeights(tinyArchitecture, shape, 7)].map(([name, { data, shape }]) => {
      // Away from ones and zeros, which hide errors.
      const noise = normals(name, shape, 0.2).data;
      return [
        name,
        { data: data.map((value, i) => (name.endsWith('var') ? value : value + noise[i])), shape },
      ];
    }),
  );
  const layout = layoutOf(weights);
  const { graph, state } = createTrainingStep(tinyArchitecture, layout, shape);
  const wide = ({ data, shape }: { data: ArrayLike<number>; shape: readonly number[] }): ReferenceTensor => ({
    data: Float64Array.from(data),
    shape,
  });
  const start = flatten(weights, layout);
  const feeds = {
    image: wide(normals('batch', [3, 3, 4, 4])),
    labels: wide({ data: [1, 0, 0, 1, 1, 1], shape: [3, 2] }),
    rate: wide({ data: [0], shape: [] }),
    parameters: wide(start.parameters),
    first: wide(start.first),
    second: wide(start.second),
    statistics: wide(start.statistics),
  };

  /** Loss and statistics of the network as batch norm is defined: x normalised by its own batch. */
  function forward(parameters: Float64Array) {
    const get = (name: string) => {
      const place = layout.parameters.get(name);
      if (place === undefined) throw new Error(name);
      return (i: number) => parameters[place.start + i];
    };
    /** maps[channel][image][pixel] */
    type Maps = number[][][];
    const image: Maps = [0, 1, 2].map((band) =>
      [0, 1, 2].map((n) => Array.from({ length: 16 }, (_, i) => feeds.image.data[(n * 3 + band) * 16 + i])),
    );
    const convolve = (maps: Maps, name: string, outputs: number, size: number): Maps => {
      const weight = get(`${name}.weight`);
      const reach = (size - 1) / 2;
      return Array.from({ length: outputs }, (_, k) =>
        [0, 1, 2].map((n) =>
          Array.from({ length: 16 }, (_, pixel) => {
            let sum = 0;
            for (const [c, channel] of maps.entries()) {
              for (let dy = -reach; dy <= reach; dy++) {
                for (let dx = -reach; dx <= reach; dx++) {
                  const [y, x] = [Math.floor(pixel / 4) + dy, (pixel % 4) + dx];
                  if (y < 0 || y > 3 || x < 0 || x > 3) continue;
                  const at = ((k * maps.length + c) * size + dy + reach) * size + dx + reach;
                  sum += weight(at) * channel[n][y * 4 + x];
                }
              }
            }
            return sum;
          }),
        ),
      );
    };
    const statistics = new Map<string, number[]>();
    const normaliseAndRectify = (maps: Maps, name: string): Maps => {
      const [scale, bias] = [get(`${name}.weight`), get(`${name}.bias`)];
      const means = maps.map((channel) => channel.flat().reduce((a, b) => a + b, 0) / 48);
      const variances = maps.map(
        (channel, c) => channel.flat().reduce((sum, x) => sum + (x - means[c]) ** 2, 0) / 48,
      );
      statistics.set(`${name}.running_mean`, means);
      statistics.set(`${name}.running_var`, variances);
      return maps.map((channel, c) =>
        channel.map((pixels) =>
          pixels.map((x) =>
            Math.max(0, ((x - means[c]) / Math.sqrt(variances[c] + 1e-5)) * scale(c) + bias(c)),
          ),
        ),
      );
    };
    const stem = convolve(image, 'conv1', 3, 3);
    const grown = [...stem, ...convolve(normaliseAndRectify(stem, 'norm1'), 'conv2', 2, 1)];
    const features = normaliseAndRectify(grown, 'norm2');
    const [weight, bias] = [get('classifier.weight'), get('classifier.bias')];
    let loss = 0;
    for (let n = 0; n < 3; n++) {
      for (let k = 0; k < 2; k++) {
        const z = features.reduce(
          (sum, channel, c) => sum + (weight(k * 5 + c) * channel[n].reduce((a, b) => a + b, 0)) / 16,
          bias(k),
        );
        loss += (Math.log1p(Math.exp(z)) - z * feeds.labels.data[n * 2 + k]) / 6;
      }
    }
    return { loss, statistics };
  }

  it('has the loss of batch norm over the present batch', () => {
    near(evaluate(graph, feeds).loss.data, [forward(feeds.parameters.data).loss], 1e-9);
  });

  it('has the gradient of that loss towards every parameter', () => {
    // From rest, Adam's first moment is a tenth of the gradient.
    const gradient = evaluate(graph, feeds).nextFirst.data.map((value) => 10 * value);
    const step = 1e-5;
    const differences = feeds.parameters.data.map((value, i) => {
      const at = (moved: number) => forward(feeds.parameters.data.with(i, moved)).loss;
      return (at(value + step) - at(value - step)) / (2 * step);
    });
    ok(differences.filter((value) => Math.abs(value) > 1e-3).length > 30);
    // Scalars such as 0.1 are stored in single precision.
    near(gradient, differences, 2e-6);
  });

  it('replaces a tenth of the running statistics by those of the batch', () => {
    const next = evaluate(graph, feeds).nextStatistics.data;
    const { statistics } = forward(feeds.parameters.data);
    for (const [name, { start, shape }] of layout.statistics) {
      const expected = (statistics.get(name) ?? []).map(
        (value, i) => 0.9 * feeds.statistics.data[start + i] + 0.1 * value,
      );
      near(next.subarray(start, start + shape[0]), expected, 1e-6);
    }
  });

  it('does not move the parameters at rate 0, and moves them against the gradient otherwise', () => {
    near(evaluate(graph, feeds).nextParameters.data, feeds.parameters.data, 0);
    const rate = wide({ data: [correctedRate(1e-3, 1)], shape: [] });
    const { nextParameters, nextFirst } = evaluate(graph, { ...feeds, rate });
    for (const [i, value] of nextParameters.data.entries()) {
      const change = value - feeds.parameters.data[i];
      // Bias-corrected, the first step has the length of the rate, where the gradient is far above Adam's epsilon.
      if (Math.abs(nextFirst.data[i]) > 1e-3) near([change], [-1e-3 * Math.sign(nextFirst.data[i])], 1e-7);
    }
  });

  it('keeps in the engine exactly what it updates', () => {
    deepEqual(Object.values(state).sort(), ['first', 'parameters', 'second', 'statistics']);
    for (const name of Object.keys(state)) ok(name in graph.outputs);
    deepEqual(graph.inputs.map(({ node }) => node.name).sort(), [
      'first',
      'image',
      'labels',
      'parameters',
      'rate',
      'second',
      'statistics',
    ]);
  });

  it('flattens weights and gets them back by name', () => {
    const back = unflatten(start, layout);
    deepEqual([...back.keys()].sort(), [...weights.keys()].sort());
    for (const [name, value] of weights) deepEqual(back.get(name), value);
    const image = input('image', ['N', 3, 4, 4]);
    tinyArchitecture.build(storedLayers(back), image, 2);
    throws(() => tinyArchitecture.build(storedLayers(back), image, 3), {
      name: 'InputError',
      message: /classifier/,
    });
  });
});
