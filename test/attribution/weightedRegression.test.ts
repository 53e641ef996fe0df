/** Weighted regression: by hand, and against scikit-learn. */
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
