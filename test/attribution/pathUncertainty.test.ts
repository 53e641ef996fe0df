import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict';
import { after, describe, it } from 'mocha';
import { studentQuantile } from '../../lib/src/analysis/studentQuantile.js';
import type { Explain } from '../../lib/src/attribution/attribution.js';
import { integratedGradients } from '../../lib/src/attribution/integratedGradients.js';
import { groupCount, signedDifferences } from '../../lib/src/attribution/pathError.js';
import { smoothGrad } from '../../lib/src/attribution/smoothGrad.js';
import { smoothIntegratedGradients } from '../../lib/src/attribution/smoothIntegratedGradients.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { floats } from '../../lib/src/graph/node.js';
import { relu } from '../../lib/src/graph/operators/activation.js';
import { flatten } from '../../lib/src/graph/operators/arrangement.js';
import { add, multiply } from '../../lib/src/graph/operators/elementwise.js';
import { gemm } from '../../lib/src/graph/operators/matMul.js';
import { createRandom } from '../../lib/src/random.js';
import { rows, stack, tensor } from '../../lib/src/tensor.js';
import { classifierOf, convolutionalLogits, normals } from '../classifiers.js';
import { continuous, difference } from '../rounding.js';
import { known, near } from './statedErrors.js';

const engine = createEngine({ threads: 1 });
const narrow = createEngine({ threads: 1, memoryBudget: 1 });
after(() => Promise.all([engine.dispose(), narrow.dispose()]));

const convolutional = () => classifierOf(engine, [4, 16, 16], convolutionalLogits);
const image = normals('path', [1, 4, 16, 16]);
/** Without biases the gradient is the same all the way from 0: the path begins elsewhere. */
const baseline = 1;

/** c0 = 2 a - 3 b. */
const linear = () =>
  classifierOf(engine, [2, 1, 1], (x) =>
    gemm(flatten(x), floats([2, -3], [1, 2]), undefined, { transB: true }),
  );
/** c0 = a² + 2 b². */
const quadratic = () =>
  classifierOf(engine, [2, 1, 1], (x) =>
    gemm(flatten(multiply(x, x)), floats([1, 2], [1, 2]), undefined, { transB: true }),
  );
const pixel = tensor(Float32Array.of(2, 1), [1, 2, 1, 1]);

describe('the estimated error of Integrated Gradients', () => {
  it('is nothing where the gradient is the same all the way, or a straight line by the middles of steps', async () => {
    for (const quadrature of ['gauss-legendre', 'midpoint'] as const) {
      const explained = await integratedGradients(linear(), { steps: 8, quadrature })(pixel, [0]);
      near(known(explained).standardError.data, [0, 0], 1e-6);
      near(known(explained).pixelStandardError.data, [0], 1e-6);
    }
    const explained = await integratedGradients(quadratic(), { steps: 8, quadrature: 'midpoint' })(
      pixel,
      [0],
    );
    near(explained.values.data, [4, 2], 1e-5);
    near(known(explained).standardError.data, [0, 0], 1e-3);
    deepEqual(known(explained).evaluations, [8]);
  });

  it('is the true one in the mean square over gradients that jump anywhere', async () => {
    // f = Σ relu(x_i - t_i): on the way from 0 to 1 the gradient of pixel i jumps from 0 to 1 at t_i.
    const count = 400;
    const random = createRandom('test', 'jumps');
    const places = Array.from({ length: count }, () => random.uniform(0.05, 0.95));
    const jumps = classifierOf(engine, [1, 1, count], (x) => {
      const shifted = add(
        flatten(x),
        floats(
          places.map((t) => -t),
          [1, count],
        ),
      );
      return gemm(relu(shifted), floats(new Array<number>(count).fill(1), [1, count]), undefined, {
        transB: true,
      });
    });
    const ones = tensor(new Float32Array(count).fill(1), [1, 1, 1, count]);
    for (const quadrature of ['gauss-legendre', 'midpoint'] as const) {
      const explained = await integratedGradients(jumps, { steps: 16, quadrature })(ones, [0]);
      const { standardError } = known(explained);
      const squares = (errors: ArrayLike<number>) =>
        Array.from(errors).reduce((sum, error) => sum + error * error, 0) / count;
      const trueSquares = squares(explained.values.data.map((value, i) => value - (1 - places[i])));
      const ratio = squares(standardError.data) / trueSquares;
      ok(ratio > 0.7 && ratio < 1.4, `${quadrature}: ${ratio} of the mean squared error`);
    }
  });

  it('holds nearly all values of a small network: twice the stated error is rarely passed', async () => {
    const images = normals('many paths', [6, 4, 16, 16]);
    const targets = Array.from({ length: 6 }, (_, i) => i % 3);
    const truth = await integratedGradients(convolutional(), {
      baseline,
      steps: 960,
      quadrature: 'midpoint',
    })(images, targets);
    for (const quadrature of ['gauss-legendre', 'midpoint'] as const) {
      const explained = await integratedGradients(convolutional(), { baseline, steps: 24, quadrature })(
        images,
        targets,
      );
      const { standardError, relativeError } = known(explained);
      let [held, all] = [0, 0];
      for (const [i, error] of standardError.data.entries()) {
        if (error === 0) continue;
        if (Math.abs(explained.values.data[i] - truth.values.data[i]) <= 2 * error) held++;
        all++;
      }
      ok(held / all > 0.9 && held / all < 0.99, `${quadrature}: ${held / all}`);
      for (const [i, stated] of relativeError.entries()) {
        const { norm } = difference(rows(explained.values, i).data, rows(truth.values, i).data);
        ok(stated > norm / 1.6 && stated < 1.6 * norm, `${stated} instead of ${norm}`);
      }
    }
  });

  it('is not known from one point', async () => {
    const explained = await integratedGradients(quadratic(), { steps: 1 })(pixel, [0]);
    equal(explained.uncertainty, undefined);
  });

  it('weighs differences by the mean of both points’ weights', () => {
    const rowsOf = (weights: readonly number[], lag: number) => {
      const { data } = signedDifferences(weights, lag);
      return Array.from({ length: groupCount }, (_, group) =>
        [...data.subarray(group * weights.length, (group + 1) * weights.length)].map(Math.abs),
      );
    };
    const nothing = (points: number) => new Array<number>(points).fill(0);
    deepEqual(rowsOf([1, 3], 1), [[2, Math.fround(2 / 3)], ...new Array(groupCount - 1).fill(nothing(2))]);
    deepEqual(rowsOf([1, 1, 1], 2), [[1, 0, 1], ...new Array(groupCount - 1).fill(nothing(3))]);
    // Differences 0 and 8 of ten points share a group.
    deepEqual(rowsOf(new Array<number>(10).fill(1), 1)[0], [1, 1, 0, 0, 0, 0, 0, 0, 1, 1]);
  });
});

describe('a tolerance of Integrated Gradients', () => {
  it('is reached, and the gradients of all attempts are counted', async () => {
    const explain = integratedGradients(convolutional(), {
      baseline,
      tolerance: 0.01,
      quadrature: 'midpoint',
    });
    const explained = await explain(image, [1]);
    const { relativeError, evaluations, reached } = known(explained);
    deepEqual(reached, [true]);
    ok(relativeError[0] <= 0.01);
    ok(evaluations[0] > 16 && evaluations[0] <= 512 && evaluations[0] % 16 === 0);
    deepEqual(await explain(image, [1]), explained);
    ok(Math.abs(explained.completenessGap?.[0] ?? 1) < 0.05);
  });

  it('takes the limit for all attempts together, and says that it was not reached', async () => {
    const explain = integratedGradients(convolutional(), { baseline, tolerance: 1e-6, limit: 64 });
    const { evaluations, reached } = known(await explain(image, [1]));
    deepEqual(evaluations, [64]);
    deepEqual(reached, [false]);
  });

  it('is the same by any size of runs, up to rounding', async () => {
    const byOnes = classifierOf(narrow, [4, 16, 16], convolutionalLogits);
    const options = { baseline, steps: 24, quadrature: 'midpoint' } as const;
    const [a, b] = [
      await integratedGradients(convolutional(), options)(image, [1]),
      await integratedGradients(byOnes, options)(image, [1]),
    ];
    ok(difference(a.values.data, b.values.data).largest <= continuous);
  });

  it('takes steps as well, or a limit without it, as a mistake', () => {
    const classifier = linear();
    for (const wrong of [
      { tolerance: 0.1, steps: 30 },
      { limit: 30 },
      { tolerance: 0 },
      { tolerance: 0.1, limit: 0 },
    ]) {
      throws(() => integratedGradients(classifier, wrong), {
        name: 'InputError',
        message: /integratedGradients/,
      });
    }
  });
});

describe('SmoothGrad around Integrated Gradients', () => {
  it('states the error of few steps, too, which no number of copies makes less', async () => {
    const classifier = convolutional();
    const path = (steps: number) =>
      integratedGradients(classifier, { baseline, steps, quadrature: 'midpoint' });
    const options = { deviation: 0.05, noise: 'antithetic', samples: 64 } as const;
    const truth = await smoothGrad(path(200), { ...options, seed: 9 })(image, [1]);
    const few = await smoothGrad(path(4), options)(image, [1]);
    const { norm } = difference(few.values.data, truth.values.data);
    const [stated] = known(few).relativeError;
    ok(stated > norm / 1.6 && stated < 1.6 * norm, `${stated} instead of ${norm}`);
    // Of the copies' spread alone it would be far less.
    const spread = await smoothGrad(
      async (images, targets) => ({ ...(await path(4)(images, targets)), uncertainty: undefined }),
      options,
    )(image, [1]);
    ok(known(spread).relativeError[0] < norm / 2, `${known(spread).relativeError[0]} of ${norm}`);
  });
});

describe('Integrated Gradients and SmoothGrad drawn together', () => {
  it('are exact where f is linear but for the noise, whose pairs undo it', async () => {
    const explained = await smoothIntegratedGradients(linear(), { samples: 8, baseline: 1 })(pixel, [0]);
    near(explained.values.data, [2, 0], 1e-5);
    near(known(explained).standardError.data, [0, 0], 1e-6);
    ok(known(explained).degreesOfFreedom[0] <= 2);
    deepEqual(known(explained).evaluations, [8]);
    near(explained.completenessGap ?? [], [0], 1e-5);
    equal(explained.method, 'Integrated Gradients + SmoothGrad');
  });

  it('have no bias, nor has their variance: means over many seeds are those in closed form', async () => {
    // f = a² + 2 b²: the attribution of a is (a + e)², of which the mean is a² + σ²; with 4 samples and pairs there is
    // one stratum with two points p, q. The mean of a pair's values 2 p (a ± e)² is 2 p (a² + e²).
    const deviation = 0.5;
    const classifier = quadratic();
    const seeds = 800;
    let [mean, variance, stated] = [0, 0, 0];
    const expected = 4 + deviation ** 2;
    for (let seed = 0; seed < seeds; seed++) {
      const explained = await smoothIntegratedGradients(classifier, { samples: 4, deviation, seed })(
        pixel,
        [0],
      );
      mean += explained.values.data[0] / seeds;
      variance += (explained.values.data[0] - expected) ** 2 / seeds;
      stated += known(explained).standardError.data[0] ** 2 / seeds;
    }
    // Var 2 p (a² + e²) = 4 (E p² E (a² + e²)² - (E p E (a² + e²))²), E p² = 1/3; half of it for two of them.
    const fourth = 16 + 8 * deviation ** 2 + 3 * deviation ** 4;
    const exact = (4 * (fourth / 3 - (expected / 2) ** 2)) / 2;
    ok(Math.abs(mean - expected) <= 4 * Math.sqrt(exact / seeds), `mean ${mean} of ${expected}`);
    // The spread of a squared deviation is at most some 2.5 times its mean here.
    for (const found of [variance, stated]) {
      ok(Math.abs(found / exact - 1) <= (4 * 2.5) / Math.sqrt(seeds), `variance ${found} of ${exact}`);
    }
  });

  it('come to what SmoothGrad around Integrated Gradients comes to', async () => {
    const classifier = convolutional();
    const options = { baseline, deviation: 0.3 };
    const together = await smoothIntegratedGradients(classifier, { ...options, samples: 2000, seed: 3 })(
      image,
      [1],
    );
    const path = integratedGradients(classifier, { baseline, steps: 60, quadrature: 'midpoint' });
    const nested = await smoothGrad(path, { ...options, samples: 100, noise: 'antithetic' })(image, [1]);
    const { norm } = difference(together.values.data, nested.values.data);
    const [a, b] = [known(together).relativeError[0], known(nested).relativeError[0]];
    ok(norm < 1.5 * Math.hypot(a, b), `${norm} apart, of ${a} and ${b}`);
    deepEqual(known(nested).evaluations, [100 * 60]);
  });

  it('have intervals that hold the value of very many copies in 95 % of the values', async () => {
    const classifier = convolutional();
    const options = { baseline, deviation: 0.3 };
    const { values: truth } = await smoothIntegratedGradients(classifier, {
      ...options,
      samples: 8000,
      seed: 1000,
    })(image, [0]);
    for (const [noise, strata] of [
      ['independent', 16],
      ['antithetic', 8],
    ] as const) {
      let [held, all] = [0, 0];
      for (let seed = 0; seed < 60; seed++) {
        const explained = await smoothIntegratedGradients(classifier, {
          ...options,
          samples: 32,
          noise,
          seed,
        })(image, [0]);
        const { standardError, degreesOfFreedom } = known(explained);
        // Fewer than there are strata, as these are not alike.
        ok(degreesOfFreedom[0] > strata / 4 && degreesOfFreedom[0] < strata);
        const t = studentQuantile(0.95, degreesOfFreedom[0]);
        for (const [i, error] of standardError.data.entries()) {
          if (error === 0) continue;
          if (Math.abs(explained.values.data[i] - truth.data[i]) <= t * error) held++;
          all++;
        }
      }
      const share = held / all;
      ok(Math.abs(share - 0.95) <= 4 * Math.sqrt((0.95 * 0.05) / (60 * 20)), `${noise}: ${share}`);
    }
  });

  it('reach a tolerance by rounds of 16 gradients, with the same bits again', async () => {
    const explain: Explain = smoothIntegratedGradients(convolutional(), { tolerance: 0.08 });
    const two = stack([image, normals('other path', [1, 4, 16, 16])]);
    const explained = await explain(two, [1, 2]);
    const { evaluations, reached, relativeError } = known(explained);
    deepEqual(reached, [true, true]);
    ok(relativeError.every((error) => error <= 0.08));
    ok(evaluations.every((count) => count % 16 === 0));
    deepEqual(await explain(two, [1, 2]), explained);
    const alone = await explain(rows(two, 1), [2]);
    deepEqual(alone.values.data, rows(explained.values, 1).data);
    const byFours = smoothIntegratedGradients(classifierOf(narrow, [4, 16, 16], convolutionalLogits), {
      tolerance: 0.08,
    });
    const others = await byFours(two, [1, 2]);
    deepEqual(known(others).evaluations, evaluations);
    ok(difference(others.values.data, explained.values.data).largest <= continuous);
    const limited = await smoothIntegratedGradients(convolutional(), { tolerance: 1e-5, limit: 20 })(
      image,
      [1],
    );
    deepEqual(known(limited).reached, [false]);
    deepEqual(known(limited).evaluations, [20]);
  });

  it('refuse copies that are no whole groups, no images, and seeds that are none', async () => {
    const classifier = linear();
    for (const wrong of [
      { samples: 6 },
      { samples: 3, noise: 'independent' as const },
      { seed: -1 },
      { deviation: -1 },
    ]) {
      throws(() => smoothIntegratedGradients(classifier, wrong), { name: 'InputError' });
    }
    const none = { data: new Float32Array(), shape: [0, 2, 1, 1] };
    await rejects(smoothIntegratedGradients(classifier)(none, []), { name: 'InputError' });
  });
});
