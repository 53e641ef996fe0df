/** Weighted regression and its standard errors: by hand, against scikit-learn and against NumPy. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { fitWeighted, type LinearModel } from '../../lib/src/attribution/weightedRegression.js';
import { createRandom } from '../../lib/src/random.js';
import { fixture } from './perturbFixture.js';

function assertLine({ coefficients, intercept }: LinearModel, slope: number, start: number): void {
  assert.equal(coefficients.length, 1);
  assert.ok(Math.abs(coefficients[0] - slope) < 1e-12, `slope ${coefficients[0]}`);
  assert.ok(Math.abs(intercept - start) < 1e-12, `intercept ${intercept}`);
}

describe('fitWeighted', () => {
  it('finds the line through two points', () => {
    const line = fitWeighted({ features: [1, 3], responses: [5, 9], weights: [1, 1] });
    assertLine(line, 2, 3);
  });

  it('ignores samples of weight 0', () => {
    const line = fitWeighted({ features: [1, 3, 2], responses: [5, 9, 1000], weights: [2, 1, 0] });
    assertLine(line, 2, 3);
  });

  it('penalises the coefficient and not the intercept', () => {
    // Centred x = ∓1, y = ∓2 (weights 1): c = 4 / (2 + alpha); the mean of y stays.
    const line = fitWeighted({ features: [-1, 1], responses: [98, 102], weights: [1, 1] }, { alpha: 6 });
    assertLine(line, 0.5, 100);
  });

  for (const { alpha, features, responses, weights, coefficients, intercept } of fixture.regression) {
    it(`agrees with ${fixture.source} (${responses.length} x ${coefficients.length}, alpha ${alpha})`, () => {
      const model = fitWeighted({ features, responses, weights }, { alpha });
      const differences = coefficients.map((value, i) => Math.abs(model.coefficients[i] - value));
      assert.ok(Math.max(...differences) < 1e-9, `coefficients differ by ${Math.max(...differences)}`);
      assert.ok(Math.abs(model.intercept - intercept) < 1e-9);
    });
  }

  it('knows how far the slope between two groups may be off: Welch, by hand', () => {
    // Means 1 and 6 with variances 2 and 8 of two values each; the slope is half their difference.
    const groups = { features: [-1, -1, 1, 1], responses: [0, 2, 4, 8], weights: [1, 1, 1, 1] };
    const { coefficients, standardErrors, degreesOfFreedom } = fitWeighted(groups);
    assert.ok(Math.abs(coefficients[0] - 2.5) < 1e-12);
    assert.ok(Math.abs(standardErrors[0] - Math.sqrt((2 / 2 + 8 / 2) / 4)) < 1e-12);
    assert.equal(degreesOfFreedom, 2);
  });

  it('counts two rows that were drawn together as one', () => {
    // Each pair has a slope of its own: 1, 2 and 3, so the mean's standard error is 1 / √3.
    const responses = [0, 2, 0, 4, 0, 6];
    const pairs = { features: [-1, 1, -1, 1, -1, 1], responses, weights: [1, 1, 1, 1, 1, 1] };
    const { coefficients, standardErrors } = fitWeighted(pairs, { cluster: 2 });
    assert.ok(Math.abs(coefficients[0] - 2) < 1e-12);
    assert.ok(Math.abs(standardErrors[0] - 1 / Math.sqrt(3)) < 1e-12);
    const swapped = {
      features: [1, -1, -1, 1, 1, -1],
      responses: [2, 0, 0, 4, 6, 0],
      weights: pairs.weights,
    };
    const [error] = fitWeighted(swapped, { cluster: 2 }).standardErrors;
    assert.ok(Math.abs(error - 1 / Math.sqrt(3)) < 1e-12);
  });

  it('says what the penalty takes, and nothing of errors where no sample is to spare', () => {
    // A = 2 + 6 and c = 0.5.
    const line = { features: [-1, 1], responses: [98, 102], weights: [1, 1] };
    const { penaltyBias, standardErrors, degreesOfFreedom } = fitWeighted(line, { alpha: 6 });
    assert.ok(Math.abs(penaltyBias[0] + (6 * 0.5) / 8) < 1e-12);
    assert.equal(degreesOfFreedom, 0);
    assert.ok(Number.isNaN(standardErrors[0]));
    // The third row alone has the second feature: its residual is 0 whatever it says.
    const lone = { features: [0, 0, 1, 0, 0, 1, 1, 0], responses: [1, 2, 9, 4], weights: [1, 1, 1, 1] };
    assert.ok(Number.isNaN(fitWeighted(lone).standardErrors[1]));
    assert.throws(
      () => fitWeighted({ features: [1, 2, 3], responses: [1, 2, 4], weights: [1, 1, 1] }, { cluster: 2 }),
      {
        name: 'InputError',
        message: /clusters of 2/,
      },
    );
  });

  for (const { alpha, features, responses, weights, standardErrors } of fixture.regression) {
    for (const { cluster, values } of standardErrors) {
      it(`has NumPy's robust errors (${responses.length} x ${values.length}, alpha ${alpha}, clusters of ${cluster})`, () => {
        const model = fitWeighted({ features, responses, weights }, { alpha, cluster });
        for (const [i, value] of values.entries()) {
          // Both solve well-conditioned systems in double precision.
          assert.ok(
            Math.abs(model.standardErrors[i] / value - 1) < 1e-9,
            `${model.standardErrors[i]}, ${value}`,
          );
        }
      });
    }
  }

  it('recovers any linear function of bits, whatever the weights', () => {
    const cases = fc.record({ width: fc.integer({ min: 1, max: 12 }), key: fc.nat() });
    fc.assert(
      fc.property(cases, ({ width, key }) => {
        const random = createRandom(key);
        const truth = Array.from({ length: width }, () => random.normal());
        const bits = Array.from({ length: 20 * width }, () => truth.map(() => Number(random.chance(0.5))));
        const model = fitWeighted({
          features: bits.flat(),
          responses: bits.map((row) => row.reduce((sum, bit, i) => sum + bit * truth[i], 7)),
          weights: bits.map(() => random.uniform(0.1, 1)),
        });
        for (const [i, value] of truth.entries()) {
          assert.ok(Math.abs(model.coefficients[i] - value) < 1e-9);
        }
        assert.ok(Math.abs(model.intercept - 7) < 1e-9);
      }),
    );
  });

  it('refuses samples that leave a coefficient open, unless it is penalised', () => {
    const twins = { features: [0, 0, 1, 1, 1, 1, 0, 0], responses: [1, 2, 3, 4], weights: [1, 1, 1, 1] };
    assert.throws(() => fitWeighted(twins), { name: 'InputError', message: /alpha above 0/ });
    const [one, other] = fitWeighted(twins, { alpha: 1 }).coefficients;
    assert.ok(Math.abs(one - other) < 1e-12);
    const constant = { features: [0.1, 0.1, 0.1], responses: [1, 2, 3], weights: [0.3, 0.3, 0.3] };
    assert.throws(() => fitWeighted(constant), { name: 'InputError' });
  });

  it('refuses sizes and weights that cannot be meant', () => {
    const good = { features: [1, 2, 3], responses: [1, 2, 4], weights: [1, 1, 1] };
    for (const bad of [
      { ...good, features: [1, 2, 3, 4] },
      { ...good, features: [] },
      { ...good, weights: [1, 1] },
      { ...good, weights: [0, 0, 0] },
      { ...good, weights: [1, -1, 1] },
      { ...good, weights: [1, Number.NaN, 1] },
    ]) {
      assert.throws(() => fitWeighted(bad), { name: 'InputError' });
    }
    assert.throws(() => fitWeighted(good, { alpha: -1 }), { name: 'InputError', message: /alpha/ });
  });
});
