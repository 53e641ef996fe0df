import { ok, throws } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { studentQuantile } from '../../lib/src/analysis/studentQuantile.js';

describe('studentQuantile', () => {
  it('has the quantiles that tables have', () => {
    // scipy.stats.t.ppf((1 + level) / 2, d)
    const table = [
      [0.95, 1, 12.7062047],
      [0.95, 2.5, 3.5746548],
      [0.95, 5, 2.5705818],
      [0.95, 29, 2.0452296],
      [0.95, 1000, 1.9623391],
      [0.95, Infinity, 1.959964],
      [0.5, 5, 0.7266868],
    ];
    for (const [level, degreesOfFreedom, expected] of table) {
      const found = studentQuantile(level, degreesOfFreedom);
      ok(Math.abs(found / expected - 1) <= 1e-6, `${found}, not ${expected}`);
    }
  });

  it('refuses what is no level or no number of degrees of freedom', () => {
    for (const [level, degreesOfFreedom] of [
      [0, 5],
      [1, 5],
      [Number.NaN, 5],
      [0.95, 0.5],
      [0.95, Number.NaN],
    ]) {
      throws(() => studentQuantile(level, degreesOfFreedom), {
        name: 'InputError',
        message: /studentQuantile/,
      });
    }
  });
});
