import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { fisherInterval, pearson, spearman } from '../../lib/src/analysis/correlation.js';
import { InputError } from '../../lib/src/error.js';
import { metricsFixture } from '../metric/fixture.js';

/** Table 3 of the paper, method by method from Saliency to LIME: [file size in KB, Max-Sensitivity]. */
const table3 = {
  bigEarthNet: [
    [6.22, 0.55],
    [5.71, 0.24],
    [5.7, 0.59],
    [5.43, 0.29],
    [5.07, 0.38],
    [4.86, 0.19],
    [5.5, 0.36],
    [1.89, 0.14],
    [4.57, 0.5],
    [5.65, 0.42],
    [3.02, 0.14],
    [3.24, 0.2],
  ],
  sen12ms: [
    [23.35, 0.27],
    [22.54, 0.14],
    [18.07, 0.3],
    [17.68, 0.16],
    [17.91, 0.26],
    [16.72, 0.13],
    [22.68, 0.23],
    [6.31, 0.03],
    [16.55, 0.23],
    [19.33, 0.25],
    [3.84, 0.03],
    [7.91, 0.11],
  ],
};

function assertClose(actual: number, expected: number, name: string): void {
  assert.ok(
    Math.abs(actual - expected) <= 1e-9 * Math.max(1e-6, Math.abs(expected)),
    `${name}: ${actual} is ${expected}`,
  );
}

describe('correlation', () => {
  it('agrees with SciPy, in r and p', () => {
    for (const [i, { x, y, ...expected }] of metricsFixture.correlation.entries()) {
      for (const [name, correlate] of Object.entries({ pearson, spearman })) {
        const { r, p } = correlate(x, y);
        const [expectedR, expectedP] = name === 'pearson' ? expected.pearson : expected.spearman;
        assertClose(r, expectedR, `${name} r of case ${i}`);
        assertClose(p, expectedP, `${name} p of case ${i}`);
      }
    }
  });

  it('finds the paper’s correlation of file size with Max-Sensitivity for BigEarthNet (0.69, p < 0.05)', () => {
    const { r, p } = pearson(
      table3.bigEarthNet.map(([size]) => size),
      table3.bigEarthNet.map(([, value]) => value),
    );
    assert.equal(r.toFixed(3), '0.692');
    assert.ok(p < 0.05);
  });

  it('finds 0.780 in the paper’s numbers for SEN12MS, where the paper prints 0.82 (p < 0.005 holds)', () => {
    const { r, p } = pearson(
      table3.sen12ms.map(([size]) => size),
      table3.sen12ms.map(([, value]) => value),
    );
    assert.equal(r.toFixed(3), '0.780');
    assert.ok(p < 0.005);
  });

  it('is 1 or -1 with p = 0 on a line, and Spearman on any monotonic curve', () => {
    const x = [1, 2, 3, 4, 5];
    assertClose(
      pearson(
        x,
        x.map((value) => 3 - 2 * value),
      ).r,
      -1,
      'falling line',
    );
    assert.ok(pearson(x, x).p < 1e-12);
    assertClose(spearman(x, x.map(Math.exp)).r, 1, 'exponential');
  });

  it('refuses NaN, unequal lengths, two pairs and constant series', () => {
    for (const correlate of [pearson, spearman]) {
      assert.throws(() => correlate([1, 2, Number.NaN], [1, 2, 3]), InputError);
      assert.throws(() => correlate([1, 2, 3], [1, 2]), InputError);
      assert.throws(() => correlate([1, 2], [1, 2]), InputError);
      assert.throws(() => correlate([1, 2, 3], [4, 4, 4]), InputError);
    }
  });
});

describe('fisherInterval', () => {
  it('is tanh(artanh r ± 1.96 / √(n - 3))', () => {
    // artanh 0.5 = ln 3 / 2 = 0.549306; ± 1.959964 / 2 at n = 7.
    const { low, high } = fisherInterval(0.5, 7);
    assertClose(low, Math.tanh(0.549306144 - 0.979981992), 'low');
    assertClose(high, Math.tanh(0.549306144 + 0.979981992), 'high');
    assert.deepEqual(fisherInterval(1, 12), { low: 1, high: 1 });
  });

  it('refuses fewer than four pairs and no correlation', () => {
    assert.throws(() => fisherInterval(0.5, 3), InputError);
    assert.throws(() => fisherInterval(1.1, 12), InputError);
  });
});
