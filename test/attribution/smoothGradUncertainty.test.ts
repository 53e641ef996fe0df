import { deepEqual, equal, notDeepEqual, ok, throws } from 'node:assert/strict';
import { after, describe, it } from 'mocha';
import type { Explain } from '../../lib/src/attribution/attribution.js';
import { inputXGradient } from '../../lib/src/attribution/inputXGradient.js';
import { saliency } from '../../lib/src/attribution/saliency.js';
import { smoothGrad } from '../../lib/src/attribution/smoothGrad.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { floats } from '../../lib/src/graph/node.js';
import { flatten } from '../../lib/src/graph/operators/arrangement.js';
import { multiply } from '../../lib/src/graph/operators/elementwise.js';
import { gemm } from '../../lib/src/graph/operators/matMul.js';
import { createRandom } from '../../lib/src/random.js';
import { stack, type Tensor, tensor } from '../../lib/src/tensor.js';
import { classifierOf, convolutionalLogits, normals } from '../classifiers.js';
import { continuous, difference } from '../rounding.js';
import { known, near } from './statedErrors.js';

const engine = createEngine({ threads: 1 });
const narrow = createEngine({ threads: 1, memoryBudget: 1 });
after(() => Promise.all([engine.dispose(), narrow.dispose()]));

/** f = a² / 2 + 3 b² / 2 + 2 a over two bands of one pixel: the gradient is (a + 2, 3 b). */
const quadratic = () =>
  classifierOf(engine, [2, 1, 1], (x) => {
    const half = gemm(flatten(multiply(x, x)), floats([0.5, 1.5], [1, 2]), undefined, { transB: true });
    return gemm(flatten(x), floats([2, 0], [1, 2]), half, { transB: true });
  });
const pixel = tensor(Float32Array.of(4, -1), [1, 2, 1, 1]);

/** Mean and s / √n. */
function meanAndError(values: readonly number[]): [mean: number, error: number] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return [mean, Math.sqrt(squares / (values.length - 1) / values.length)];
}

const signed = { absolute: false };

describe('the standard error of SmoothGrad', () => {
  it('is s / √n of the copies, and that of the sum over the bands is the sums’ own', async () => {
    const samples = 40;
    const draws = Array.from({ length: samples }, (_, i) => {
      const random = createRandom(5, 'smooth-grad', i);
      return [0.5 * random.normal(), 0.5 * random.normal()];
    });
    const [a, errorA] = meanAndError(draws.map(([e]) => 4 + e + 2));
    const [b, errorB] = meanAndError(draws.map(([, e]) => 3 * (-1 + e)));
    const [, errorOfSum] = meanAndError(draws.map(([d, e]) => 4 + d + 2 + 3 * (-1 + e)));
    const explain = smoothGrad(saliency(quadratic(), signed), { samples, deviation: 0.5, seed: 5 });
    const attribution = await explain(pixel, [0]);
    const uncertainty = known(attribution);
    near(attribution.values.data, [a, b], 1e-5);
    near(uncertainty.standardError.data, [errorA, errorB], 1e-6);
    near(uncertainty.pixelStandardError.data, [errorOfSum], 1e-6);
    deepEqual(uncertainty.standardError.shape, [1, 2, 1, 1]);
    deepEqual(uncertainty.pixelStandardError.shape, [1, 1, 1, 1]);
    deepEqual(uncertainty.degreesOfFreedom, [samples - 1]);
    deepEqual(uncertainty.evaluations, [samples]);
    const errors = errorA ** 2 + errorB ** 2;
    near(uncertainty.relativeError, [Math.sqrt(errors / (a ** 2 + b ** 2 - errors))]);
    equal(uncertainty.reached, undefined);
  });

  it('is nothing where noise does not matter, and what one copy leaves is not known', async () => {
    const linear = classifierOf(engine, [2, 1, 1], (x) =>
      gemm(flatten(x), floats([2, -3], [1, 2]), undefined, { transB: true }),
    );
    const uncertainty = known(await smoothGrad(saliency(linear), { samples: 8 })(pixel, [0]));
    deepEqual([...uncertainty.standardError.data, ...uncertainty.pixelStandardError.data], [0, 0, 0]);
    deepEqual(uncertainty.relativeError, [0]);
    const one = await smoothGrad(saliency(quadratic()), { samples: 1 })(pixel, [0]);
    equal(one.uncertainty, undefined);
  });

  it('keeps small differences of large values: no squares of values are subtracted', async () => {
    // Gradient 1e4 + a: of its square, what a adds is lost in single precision.
    const steep = classifierOf(engine, [1, 1, 1], (x) => {
      const half = gemm(flatten(multiply(x, x)), floats([0.5], [1, 1]), undefined, { transB: true });
      return gemm(flatten(x), floats([1e4], [1, 1]), half, { transB: true });
    });
    const explain = smoothGrad(saliency(steep), { samples: 48, deviation: 0.1, seed: 2 });
    const [, error] = meanAndError(
      Array.from({ length: 48 }, (_, i) => 0.1 * createRandom(2, 'smooth-grad', i).normal()),
    );
    const { standardError } = known(await explain(tensor(Float32Array.of(0), [1, 1, 1, 1]), [0]));
    // The gradients are rounded to 2^-10 each.
    near(standardError.data, [error], 2 ** -10 / Math.sqrt(12 * 48));
  });
});

describe('pairs x + e and x - e', () => {
  it('undo all that is odd in the noise: the gradient of a quadratic is exact', async () => {
    const explain = smoothGrad(saliency(quadratic(), signed), {
      samples: 6,
      deviation: 0.5,
      noise: 'antithetic',
    });
    const attribution = await explain(pixel, [0]);
    near(attribution.values.data, [6, -3], 1e-6);
    near(known(attribution).standardError.data, [0, 0], 1e-6);
    deepEqual(known(attribution).degreesOfFreedom, [2]);
    deepEqual(known(attribution).evaluations, [6]);
    equal(attribution.parameters.noise, 'antithetic');
  });

  it('leave what is even: (x + e)(x + e) has the mean x² + σ², by as many draws as there are pairs', async () => {
    // Input x Gradient of a² / 2 is a².
    const square = classifierOf(engine, [1, 1, 1], (x) =>
      gemm(flatten(multiply(x, x)), floats([0.5], [1, 1]), undefined, { transB: true }),
    );
    const [samples, deviation] = [32, 0.7];
    const explain = smoothGrad(inputXGradient(square), { samples, deviation, noise: 'antithetic', seed: 1 });
    const attribution = await explain(tensor(Float32Array.of(2), [1, 1, 1, 1]), [0]);
    const [mean, error] = meanAndError(
      Array.from({ length: 16 }, (_, k) => 4 + (0.7 * createRandom(1, 'smooth-grad', k).normal()) ** 2),
    );
    near(attribution.values.data, [mean], 1e-5);
    near(known(attribution).standardError.data, [error], 1e-5);
    near([attribution.values.data[0]], [4 + deviation ** 2], 4 * error);
  });

  it('need an even number of copies', () => {
    const classifier = quadratic();
    throws(() => smoothGrad(saliency(classifier), { samples: 5, noise: 'antithetic' }), {
      name: 'InputError',
      message: /multiple of 2/,
    });
  });
});

describe('a tolerance of SmoothGrad', () => {
  const classifier = classifierOf(engine, [4, 16, 16], convolutionalLogits);
  const image = normals('tolerance', [1, 4, 16, 16]);
  const options = { deviation: 0.5, tolerance: 0.05 };

  it('is reached by as few rounds of 16 copies as it takes', async () => {
    const attribution = await smoothGrad(saliency(classifier), options)(image, [1]);
    const { relativeError, evaluations, reached } = known(attribution);
    deepEqual(reached, [true]);
    ok(relativeError[0] <= 0.05);
    ok(evaluations[0] % 16 === 0 && evaluations[0] > 16);
    const before = await smoothGrad(saliency(classifier), { deviation: 0.5, samples: evaluations[0] - 16 })(
      image,
      [1],
    );
    ok(known(before).relativeError[0] > 0.05);
    deepEqual(attribution.parameters.tolerance, 0.05);
    equal(attribution.parameters.samples, undefined);
  });

  it('ends at the limit, and says so', async () => {
    const attribution = await smoothGrad(saliency(classifier), { tolerance: 1e-4, limit: 40 })(image, [1]);
    const { evaluations, reached, relativeError } = known(attribution);
    deepEqual(evaluations, [40]);
    deepEqual(reached, [false]);
    ok(relativeError[0] > 1e-4);
  });

  it('gives the same bits again, and up to rounding the same values by any size of runs', async () => {
    const copies = stack([image, normals('another', [1, 4, 16, 16])]);
    const run = async (explain: Explain) => explain(copies, [1, 2]);
    const first = await run(smoothGrad(saliency(classifier), options));
    deepEqual(await run(smoothGrad(saliency(classifier), options)), first);
    const one = classifierOf(narrow, [4, 16, 16], convolutionalLogits);
    const byOnes = await run(smoothGrad(saliency(one), options));
    deepEqual(known(byOnes).evaluations, known(first).evaluations);
    ok(difference(byOnes.values.data, first.values.data).largest <= continuous);
    ok(difference(known(byOnes).standardError.data, known(first).standardError.data).largest <= 1e-4);
    const seeded = await run(smoothGrad(saliency(classifier), { ...options, seed: 1 }));
    notDeepEqual(seeded.values.data, first.values.data);
  });

  it('takes samples as well, or a limit without it, as a mistake', () => {
    const explain = saliency(classifier);
    for (const wrong of [
      { tolerance: 0.1, samples: 30 },
      { limit: 30 },
      { tolerance: 0 },
      { tolerance: 0.1, limit: 0 },
    ]) {
      throws(() => smoothGrad(explain, wrong), { name: 'InputError', message: /smoothGrad/ });
    }
  });
});

describe('the error of methods that only explain images', () => {
  it('is that of the same method inside the engine', async () => {
    const classifier = classifierOf(engine, [4, 16, 16], convolutionalLogits);
    const image = normals('outside', [1, 4, 16, 16]);
    for (const noise of ['independent', 'antithetic'] as const) {
      const inside = saliency(classifier);
      const outside: Explain = (images, targets) => inside(images, targets);
      const [a, b] = await Promise.all(
        [inside, outside].map((explain) => smoothGrad(explain, { samples: 40, noise })(image, [0])),
      );
      ok(difference(a.values.data, b.values.data).largest <= continuous);
      ok(difference(known(a).standardError.data, known(b).standardError.data).largest <= 1e-4);
      ok(difference(known(a).pixelStandardError.data, known(b).pixelStandardError.data).largest <= 1e-4);
      deepEqual(known(a).evaluations, known(b).evaluations);
    }
  });
});

/** The 97.5 % points of Student's t by degrees of freedom. */
const student: Readonly<Record<number, number>> = { 15: 2.1314, 16: 2.1199, 31: 2.0395 };

describe('intervals of Student’s t', () => {
  const classifier = classifierOf(engine, [4, 16, 16], convolutionalLogits);
  const image = normals('coverage', [1, 4, 16, 16]);

  /** The share of values, over many seeds, whose 95 % interval holds the value of very many copies. */
  async function coverage(explain: (seed: number) => Explain, truth: Tensor): Promise<number> {
    let [held, all] = [0, 0];
    for (let seed = 0; seed < 60; seed++) {
      const attribution = await explain(seed)(image, [0]);
      const { standardError, degreesOfFreedom } = known(attribution);
      for (let i = 0; i < truth.data.length; i++) {
        if (standardError.data[i] === 0) continue;
        const away = Math.abs(attribution.values.data[i] - truth.data[i]);
        if (away <= student[degreesOfFreedom[0]] * standardError.data[i]) held++;
        all++;
      }
    }
    ok(all > 10_000);
    return held / all;
  }

  it('hold the value of very many copies in 95 % of the values, by each design of the noise', async () => {
    const method = saliency(classifier, signed);
    const options = { deviation: 0.5 };
    const many = smoothGrad(method, { ...options, samples: 8000, noise: 'antithetic', seed: 1000 });
    const { values } = await many(image, [0]);
    for (const noise of ['independent', 'antithetic'] as const) {
      const share = await coverage(
        (seed) => smoothGrad(method, { ...options, samples: 32, noise, seed }),
        values,
      );
      // Values of one image share their noise: 60 seeds are at least 60 independent ones, with 20 parts each.
      ok(Math.abs(share - 0.95) <= 4 * Math.sqrt((0.95 * 0.05) / (60 * 20)), `${noise}: ${share}`);
    }
  });
});
