import { deepEqual, equal, notDeepEqual, ok, rejects, throws } from 'node:assert/strict';
import * as fc from 'fast-check';
import { after, describe, it } from 'mocha';
import type { Explain } from '../../lib/src/attribution/attribution.js';
import { deepLift } from '../../lib/src/attribution/deepLift.js';
import { gradCam } from '../../lib/src/attribution/gradCam.js';
import { deconvolution, guidedBackpropagation } from '../../lib/src/attribution/guidedBackpropagation.js';
import { guidedGradCam } from '../../lib/src/attribution/guidedGradCam.js';
import { inputXGradient } from '../../lib/src/attribution/inputXGradient.js';
import { gaussLegendre, integratedGradients } from '../../lib/src/attribution/integratedGradients.js';
import { relevance } from '../../lib/src/attribution/reduce.js';
import { saliency } from '../../lib/src/attribution/saliency.js';
import { smoothGrad } from '../../lib/src/attribution/smoothGrad.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { createGraph } from '../../lib/src/graph/graph.js';
import { floats, type Value } from '../../lib/src/graph/node.js';
import { relu } from '../../lib/src/graph/operators/activation.js';
import { flatten } from '../../lib/src/graph/operators/arrangement.js';
import { conv } from '../../lib/src/graph/operators/convolution.js';
import { gemm } from '../../lib/src/graph/operators/matMul.js';
import { maxPool } from '../../lib/src/graph/operators/pooling.js';
import { globalAveragePool } from '../../lib/src/graph/operators/reduction.js';
import type { Classifier } from '../../lib/src/model/classifier.js';
import { rows, stack, type Tensor, tensor } from '../../lib/src/tensor.js';
import { classifierOf, convolutionalLogits, normals } from '../classifiers.js';
import { nearestKink, outOfReach } from '../kinks.js';
import { evaluate } from '../reference/reference.js';
import { continuous, difference } from '../rounding.js';

const engine = createEngine({ threads: 1 });
after(() => engine.dispose());

/** Pixels of one image with one band and one row. */
const line = (...values: number[]): Tensor => tensor(Float32Array.from(values), [1, 1, 1, values.length]);

const dense = (x: Value, weight: readonly (readonly number[])[], bias?: readonly number[]): Value =>
  gemm(
    flatten(x),
    floats(weight.flat(), [weight.length, weight[0].length]),
    bias && floats(bias, [bias.length]),
    { transB: true },
  );

/** c0 = 2 a - 3 b + 0.5 c + 7, c1 = -a + b - 2. */
const linearClassifier = (): Classifier =>
  classifierOf(engine, [1, 1, 3], (x) =>
    dense(
      x,
      [
        [2, -3, 0.5],
        [-1, 1, 0],
      ],
      [7, -2],
    ),
  );

async function valuesOf(explain: Explain, image: Tensor, target = 0): Promise<number[]> {
  const { values } = await explain(image, [target]);
  return [...values.data];
}

function near(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-6): void {
  equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    ok(Math.abs(actual[i] - expected[i]) <= tolerance, `value ${i}: ${actual[i]}, expected ${expected[i]}`);
  }
}

describe('on a linear network', () => {
  const image = line(4, 5, -6);

  it('Saliency is the magnitude of the weights, or the weights where their sign is kept', async () => {
    const classifier = linearClassifier();
    deepEqual(await valuesOf(saliency(classifier), image), [2, 3, 0.5]);
    deepEqual(await valuesOf(saliency(classifier, { absolute: false }), image, 1), [-1, 1, 0]);
  });

  it('Input x Gradient is weight times input', async () => {
    deepEqual(await valuesOf(inputXGradient(linearClassifier()), image), [8, -15, -3]);
  });

  it('Integrated Gradients is w (x - x′), for any number of steps, and complete', async () => {
    for (const steps of [1, 2, 50]) {
      const explain = integratedGradients(linearClassifier(), { steps, baseline: 1 });
      const { values, completenessGap } = await explain(image, [0]);
      near(values.data, [6, -12, -3.5], 1e-5);
      near(completenessGap ?? [], [0]);
    }
  });

  it('DeepLift is w (x - x′) too, and the baseline may differ by band', async () => {
    const classifier = classifierOf(engine, [2, 1, 1], (x) => dense(x, [[3, 5]]));
    const pixel = tensor(Float32Array.of(10, 20), [1, 2, 1, 1]);
    const explain = deepLift(classifier, { baseline: [1, 2] });
    const { values, completenessGap } = await explain(pixel, [0]);
    near(values.data, [27, 90], 1e-5);
    near(completenessGap ?? [], [0]);
    near(
      (await integratedGradients(classifier, { baseline: [1, 2] })(pixel, [0])).values.data,
      [27, 90],
      1e-4,
    );
  });

  it('noise does not change the gradient', async () => {
    const classifier = linearClassifier();
    const smooth = smoothGrad(saliency(classifier, { absolute: false }), { samples: 8, deviation: 3 });
    deepEqual(await valuesOf(smooth, image), [2, -3, 0.5]);
  });

  it('a set of classes is their sum, and weights count each class', async () => {
    const explain = saliency(linearClassifier(), { absolute: false });
    const { values } = await explain(stack([image, image]), [[0, 1], { weights: [2, -1] }]);
    deepEqual([...values.data], [1, -2, 0.5, 5, -7, 1]);
  });

  it('reduction sums over bands, then takes or cuts the sign', () => {
    const values = tensor(Float32Array.of(1, -2, 3, -5), [1, 2, 1, 2]);
    deepEqual([...relevance({ values }, 'sum').data], [4, -7]);
    deepEqual([...relevance({ values }, 'absolute').data], [4, 7]);
    deepEqual([...relevance({ values }, 'positive').data], [4, 0]);
  });
});

describe('on ReLUs', () => {
  it('the gradient is zero where the unit is off, and at the kink', async () => {
    const classifier = classifierOf(engine, [1, 1, 3], (x) => dense(relu(x), [[2, 3, 4]]));
    deepEqual(await valuesOf(saliency(classifier), line(-1, 5, 0)), [0, 3, 0]);
    near(await valuesOf(inputXGradient(classifier), line(-1, 5, 0)), [0, 15, 0], 0);
  });

  it('Integrated Gradients and DeepLift share the change of a unit that switches on the way', async () => {
    // f = relu(a - 2): from 0 to 6 it rises by 4, while the gradient is 1 on two thirds of the way.
    const classifier = classifierOf(engine, [1, 1, 1], (x) => relu(dense(x, [[1]], [-2])));
    near(await valuesOf(integratedGradients(classifier, { steps: 200 }), line(6)), [4], 0.05);
    const { values, completenessGap } = await deepLift(classifier, { baseline: 0 })(line(6), [0]);
    near(values.data, [4]);
    near(completenessGap ?? [], [0]);
  });

  it('plain, guided and deconvolved gradients differ as their definitions say', async () => {
    // Unit 1: on, with a negative gradient from above; unit 2: off, with a positive one; 3: on and positive.
    const classifier = classifierOf(engine, [1, 1, 3], (x) => dense(relu(x), [[-2, 3, 5]]));
    const image = line(1, -1, 1);
    deepEqual(await valuesOf(saliency(classifier, { absolute: false }), image), [-2, 0, 5]);
    deepEqual(await valuesOf(guidedBackpropagation(classifier), image), [0, 0, 5]);
    deepEqual(await valuesOf(deconvolution(classifier), image), [0, 3, 5]);
  });

  it('guided backpropagation leaves the ReLUs that are named plain', async () => {
    const classifier = classifierOf(engine, [1, 1, 2], (x) => dense(relu(x, 'last'), [[-2, 3]]));
    deepEqual(await valuesOf(guidedBackpropagation(classifier), line(1, 1)), [0, 3]);
    deepEqual(await valuesOf(guidedBackpropagation(classifier, { except: ['last'] }), line(1, 1)), [-2, 3]);
  });
});

describe('Grad-CAM', () => {
  /**
   * Two 2 x 2 maps: the first is the image's every second pixel, the second minus that.
   * c0 = 4 mean(first) + 8 mean(second), c1 = 4 mean(first): channel weights 1 and 2, and 1 and 0.
   */
  const classifier = () =>
    classifierOf(
      engine,
      [1, 4, 4],
      (x) => {
        const maps = conv(x, floats([1, -1], [2, 1, 1, 1]), { strides: [2, 2], name: 'maps' });
        return dense(globalAveragePool(maps), [
          [4, 8],
          [4, 0],
        ]);
      },
      { featureLayer: 'maps' },
    );
  /** Values at even rows and columns; the others are not seen. */
  const picture = (...[a, b, c, d]: number[]): Tensor =>
    tensor(Float32Array.of(a, 9, b, 9, 9, 9, 9, 9, c, 9, d, 9, 9, 9, 9, 9), [1, 1, 4, 4]);

  it('weighs the maps by their mean gradients and enlarges the sum between pixel centres', async () => {
    const { values } = await gradCam(classifier())(picture(0, 4, 8, 12), [1]);
    deepEqual(values.shape, [1, 1, 4, 4]);
    // Weights 1 and 0 lead to the first map; centres of its pixels lie at 0.5 and 2.5 of the image.
    const expected = [0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12];
    near(values.data, expected, 1e-5);
  });

  it('drops what speaks against the class, unless told otherwise', async () => {
    // Weights 1 and 2: map - 2 map = -map.
    const image = picture(0, 4, 8, 12);
    deepEqual(await valuesOf(gradCam(classifier()), image), new Array<number>(16).fill(0));
    const [first, ...others] = await valuesOf(gradCam(classifier(), { rectify: false }), image);
    near([first, others[14]], [0, -12], 1e-5);
  });

  it('enlarges by repeating on demand', async () => {
    const explain = gradCam(classifier(), { interpolation: 'nearest' });
    near(await valuesOf(explain, picture(1, 2, 3, 4), 1), [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
  });

  it('times guided backpropagation is Guided Grad-CAM', async () => {
    const own = classifierOf(engine, [4, 16, 16], convolutionalLogits, { featureLayer: 'features' });
    const image = normals('guided', [1, 4, 16, 16]);
    const map = (await gradCam(own)(image, [0])).values.data;
    const guided = (await guidedBackpropagation(own)(image, [0])).values.data;
    ok(map.some((value) => value > 0) && guided.some((value) => value !== 0));
    const expected = guided.map((value, i) => value * map[i % map.length]);
    near((await guidedGradCam(own)(image, [0])).values.data, expected);
  });

  it('is computed where image and map have sizes of no simple ratio', async () => {
    for (const side of [33, 80, 100, 200]) {
      const own = classifierOf(engine, [1, side, side], (x) => {
        const weight = floats(normals('stride 32', [2, 1, 32, 32], 0.1).data, [2, 1, 32, 32]);
        const pads = [16, 16, 15, 15];
        const maps = conv(x, weight, { strides: [32, 32], pads, name: 'maps' });
        return dense(globalAveragePool(relu(maps)), [[1, -2]]);
      });
      const image = normals('side', [1, 1, side, side]);
      const map = (await gradCam(own, { layer: 'maps' })(image, [0])).values.data;
      const guided = (await guidedBackpropagation(own)(image, [0])).values.data;
      const expected = guided.map((value, i) => value * map[i]);
      near((await guidedGradCam(own, { layer: 'maps' })(image, [0])).values.data, expected);
      await own.dispose();
    }
  });

  it('names the layer that it cannot find', async () => {
    const image = picture(0, 0, 0, 0);
    await rejects(gradCam(classifier(), { layer: 'nowhere' })(image, [0]), {
      name: 'InputError',
      message: /"nowhere"/,
    });
    const flat = classifierOf(engine, [1, 4, 4], (x) =>
      relu(dense(x, [new Array<number>(16).fill(1)]), 'flat'),
    );
    await rejects(gradCam(flat, { layer: 'flat' })(image, [0]), {
      name: 'InputError',
      message: /has no maps/,
    });
    await rejects(gradCam(flat)(image, [0]), {
      name: 'InputError',
      message: /no convolutional feature maps/,
    });
  });
});

describe('DeepLift', () => {
  it('shares out f(x) - f(x′) on random networks of convolutions, ReLUs and overlapping maxima', async () => {
    const size = fc.integer({ min: 4, max: 7 });
    const pool = fc.record({
      kernel: fc.integer({ min: 2, max: 3 }),
      stride: fc.integer({ min: 1, max: 3 }),
    });
    const setting = fc.record({
      key: fc.nat(10_000),
      height: size,
      width: size,
      bands: fc.integer({ min: 1, max: 3 }),
      pool,
      reluFirst: fc.boolean(),
      level: fc.integer({ min: -2, max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(setting, async ({ key, height, width, bands, pool, reluFirst, level }) => {
        const { data: weights } = normals(`weights ${key}`, [4, bands, 3, 3], 0.5);
        const classifier = classifierOf(engine, [bands, height, width], (x) => {
          const maps = conv(x, floats(weights, [4, bands, 3, 3]), { pads: [1, 1, 1, 1] });
          const pooling = { kernel: [pool.kernel, pool.kernel], strides: [pool.stride, pool.stride] };
          const features = reluFirst ? maxPool(relu(maps), pooling) : relu(maxPool(maps, pooling));
          const inputs = Number(flatten(features).type.shape?.[1]);
          const head = normals(`head ${key}`, [2, inputs]).data;
          return gemm(flatten(features), floats(head, [2, inputs]), undefined, { transB: true });
        });
        const image = normals(`image ${key}`, [1, bands, height, width]);
        const explain = deepLift(classifier, { baseline: level / 2, sharedMaximum: 'add' });
        const { values, completenessGap } = await explain(image, [key % 2]);
        const logit = (data: ArrayLike<number>) => {
          const feeds = { image: { data: Float64Array.from(data), shape: image.shape } };
          return evaluate(createGraph({ logits: classifier.logits }), feeds).logits.data[key % 2];
        };
        const difference = logit(image.data) - logit(image.data.map(() => level / 2));
        const sum = values.data.reduce((total, value) => total + value, 0);
        const scale = values.data.reduce((total, value) => total + Math.abs(value), 0);
        ok(Math.abs(sum - difference) <= 1e-5 * scale, `${sum} instead of ${difference}, of ${scale}`);
        near(completenessGap ?? [], [0], (1e-4 * scale) / Math.abs(difference));
        await classifier.dispose();
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it('has no gap where image and baseline are one', async () => {
    const explain = deepLift(linearClassifier(), { baseline: 3 });
    const { values, completenessGap } = await explain(line(3, 3, 3), [0]);
    near(values.data, [0, 0, 0], 0);
    deepEqual(completenessGap, [0]);
  });

  it('falls back to the gradient where image and baseline are equal', async () => {
    const classifier = classifierOf(engine, [1, 1, 2], (x) => dense(relu(x), [[2, 3]]));
    const { values } = await deepLift(classifier, { baseline: 1 })(line(1, 3), [0]);
    deepEqual([...values.data], [0, 6]);
  });
});

describe('Gauss-Legendre quadrature', () => {
  it('has the known nodes and weights', () => {
    near(gaussLegendre(1).nodes, [0.5], 1e-14);
    near(gaussLegendre(1).weights, [1], 1e-14);
    near(gaussLegendre(2).nodes, [0.5 - Math.sqrt(3) / 6, 0.5 + Math.sqrt(3) / 6], 1e-14);
    near(gaussLegendre(2).weights, [0.5, 0.5], 1e-14);
    near(gaussLegendre(3).nodes, [0.5 - Math.sqrt(0.15), 0.5, 0.5 + Math.sqrt(0.15)], 1e-14);
    near(gaussLegendre(3).weights, [5 / 18, 4 / 9, 5 / 18], 1e-14);
  });

  it('integrates polynomials up to degree 2n - 1 exactly, and no further', () => {
    for (const n of [1, 2, 3, 5, 20, 50]) {
      const { nodes, weights } = gaussLegendre(n);
      const integral = (degree: number) => nodes.reduce((sum, x, i) => sum + weights[i] * x ** degree, 0);
      for (let degree = 0; degree < 2 * n; degree++) near([integral(degree)], [1 / (degree + 1)], 1e-14);
      if (n <= 5) ok(Math.abs(integral(2 * n) - 1 / (2 * n + 1)) > 1e-9);
      deepEqual(
        nodes,
        [...nodes].sort((a, b) => a - b),
      );
    }
  });
});

describe('SmoothGrad', () => {
  const classifier = classifierOf(engine, [4, 16, 16], convolutionalLogits, { featureLayer: 'features' });
  const image = normals('smooth', [1, 4, 16, 16]);

  it('without noise is the wrapped method', async () => {
    const plain = await valuesOf(saliency(classifier), image);
    // Four copies in one run may be summed in another order than one.
    const smooth = await valuesOf(smoothGrad(saliency(classifier), { samples: 4, deviation: 0 }), image);
    ok(difference(smooth, plain).largest <= continuous);
  });

  it('gives the same bits for the same seed, others for another', async () => {
    const run = (seed: number) => valuesOf(smoothGrad(saliency(classifier), { samples: 3, seed }), image);
    const first = await run(1);
    deepEqual(await run(1), first);
    notDeepEqual(await run(2), first);
  });

  it('is a function of the image alone: its place in a batch does not matter', async () => {
    const explain = smoothGrad(saliency(classifier), { samples: 3 });
    const other = normals('other', [1, 4, 16, 16]);
    const { values, targets, method } = await explain(stack([other, image]), [0, 2]);
    deepEqual(targets, [0, 2]);
    equal(method, 'Saliency + SmoothGrad');
    deepEqual([...rows(values, 1).data], await valuesOf(explain, image, 2));
  });

  it('averages: the mean of relu′ under noise is the share of copies that switch the unit on', async () => {
    const unit = classifierOf(engine, [1, 1, 1], (x) => dense(relu(x), [[1]]));
    const explain = smoothGrad(saliency(unit), { samples: 2000, deviation: 1 });
    // P(0.5 + noise > 0) = Phi(0.5) = 0.6915; four standard errors are 0.041.
    near(await valuesOf(explain, line(0.5)), [0.6915], 0.041);
  });

  it('refuses samples and deviations that are none', () => {
    for (const options of [{ samples: 0 }, { samples: 1.5 }, { deviation: -1 }, { deviation: Number.NaN }]) {
      throws(() => smoothGrad(saliency(classifier), options), { name: 'InputError' });
    }
  });
});

describe('every gradient method', () => {
  const classifier = classifierOf(engine, [4, 16, 16], convolutionalLogits, { featureLayer: 'features' });
  const methods: Readonly<Record<string, Explain>> = {
    saliency: saliency(classifier),
    inputXGradient: inputXGradient(classifier),
    integratedGradients: integratedGradients(classifier, { steps: 4 }),
    guidedBackpropagation: guidedBackpropagation(classifier),
    deconvolution: deconvolution(classifier),
    gradCam: gradCam(classifier),
    guidedGradCam: guidedGradCam(classifier),
    deepLift: deepLift(classifier),
    smoothGrad: smoothGrad(saliency(classifier), { samples: 2 }),
  };
  const images = normals('every', [20, 4, 16, 16]);
  const targets = Array.from({ length: 20 }, (_, i) => i % 3);

  it('is tried at images that are away from every kink', () => {
    const feeds = { image: { data: Float64Array.from(images.data), shape: images.shape } };
    ok(nearestKink([classifier.logits], feeds) > outOfReach);
  });

  for (const [name, explain] of Object.entries(methods)) {
    describe(name, () => {
      it('explains more images than fit into one run as it explains each', async () => {
        const { values } = await explain(images, targets);
        equal(values.shape[0], 20);
        for (const i of [0, 7, 19]) {
          const alone = await explain(rows(images, i), [targets[i]]);
          ok(difference(rows(values, i).data, alone.values.data).largest <= continuous);
        }
      });

      it('leaves the images as they are', async () => {
        const own = normals('own', [1, 4, 16, 16]);
        await explain(own, [0]);
        deepEqual(own, normals('own', [1, 4, 16, 16]));
      });

      it('refuses images that are not finite, of another shape, too many or none', async () => {
        const damaged = normals('damaged', [1, 4, 16, 16]);
        damaged.data[77] = Number.NaN;
        await rejects(explain(damaged, [0]), { name: 'InputError', message: /NaN at position 77/ });
        const wide = normals('wide', [1, 4, 16, 17]);
        await rejects(explain(wide, [0]), { name: 'InputError', message: /4, 16, 17\]/ });
        await rejects(explain(rows(images, 0, 2), [0]), { name: 'InputError' });
        await rejects(explain(rows(images, 0, 1), [0, 1]), { name: 'InputError' });
        await rejects(explain(rows(images, 0, 0), []), { name: 'InputError' });
      });

      it('refuses classes that do not exist, and weights that are not one per class', async () => {
        const image = rows(images, 0);
        for (const target of [3, -1, 0.5, [0, 7], { weights: [1, 2] }, { weights: [1, 2, Number.NaN] }]) {
          await rejects(explain(image, [target]), { name: 'InputError', message: /target 0/ });
        }
      });
    });
  }

  it('refuses a number of steps that is none, and baselines that do not fit', async () => {
    for (const steps of [0, -1, 2.5, Number.NaN]) {
      throws(() => integratedGradients(classifier, { steps }), { name: 'InputError', message: /steps/ });
    }
    const image = rows(images, 0);
    for (const baseline of [[1, 2], Number.NaN, { blur: -1 }, { blur: Number.NaN }]) {
      for (const explain of [
        integratedGradients(classifier, { baseline }),
        deepLift(classifier, { baseline }),
      ]) {
        await rejects(explain(image, [0]), { name: 'InputError', message: /baseline/ });
      }
    }
  });
});
