/** The perturbed images of LIME: what pairs promise, and that errors hold what they say, against all bit vectors. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { drawSamples, type LimeSamples } from '../../lib/src/attribution/limeSamples.js';
import { fitWeighted } from '../../lib/src/attribution/weightedRegression.js';
import { createRandom } from '../../lib/src/random.js';
import { zeros } from '../../lib/src/tensor.js';

type Drawing = 'independent' | 'paired';

function draw(bits: Drawing, samples: number, count: number, key: number): LimeSamples {
  const segmentation = { labels: Int32Array.from({ length: count }, (_, i) => i), count };
  const options = { bits, distance: 'cosine', kernelWidth: 0.25, absent: [0], key: [key] } as const;
  return drawSamples(zeros([1, 1, 1, count]), segmentation, { ...options, samples });
}

const rowsOf = (bits: Uint8Array, count: number): number[][] =>
  Array.from({ length: bits.length / count }, (_, i) => [...bits.subarray(i * count, (i + 1) * count)]);

/** Linear, with interactions of two segments and, every third one, of `most`. */
function cheap(count: number, key: number, most = 3): (bits: readonly number[]) => number {
  const random = createRandom(key);
  const linear = Array.from({ length: count }, () => random.normal());
  const sets = Array.from({ length: 3 * count }, (_, i) => ({
    members: random.shuffle([...linear.keys()]).slice(0, i % 3 === 0 ? most : 2),
    value: 1.5 * random.normal(),
  }));
  return (bits) =>
    sets.reduce(
      (sum, { members, value }) => sum + (members.every((i) => bits[i] === 1) ? value : 0),
      bits.reduce((sum, bit, i) => sum + bit * linear[i], 0),
    );
}

/** The regression over all bit vectors: what infinitely many samples would give. */
function limitOf(truth: (bits: readonly number[]) => number, count: number): Float64Array {
  const all = Array.from({ length: 2 ** count }, (_, n) =>
    Array.from({ length: count }, (_, i) => (n >> i) & 1),
  );
  const weights = all.map((bits) => {
    const share = bits.reduce((sum, bit) => sum + bit, 0) / count;
    return Math.exp(-((1 - Math.sqrt(share)) ** 2) / (2 * 0.25 ** 2));
  });
  return fitWeighted({ features: all.flat(), responses: all.map(truth), weights }).coefficients;
}

describe('LIME samples', () => {
  it('come in pairs of complements and in blocks that balance every two bits', () => {
    const sizes = fc.record({ count: fc.integer({ min: 1, max: 70 }), key: fc.nat() });
    fc.assert(
      fc.property(sizes, ({ count, key }) => {
        const order = 2 ** Math.ceil(Math.log2(count));
        const rows = rowsOf(draw('paired', 4 * order, count, key).bits, count);
        for (let i = 0; i < rows.length; i += 2) {
          assert.deepEqual(
            rows[i + 1],
            rows[i].map((bit) => 1 - bit),
          );
        }
        for (const block of [rows.slice(0, 2 * order), rows.slice(2 * order)]) {
          for (let i = 0; i < count; i++) {
            for (let j = 0; j < i; j++) {
              const equal = block.filter((row) => row[i] === row[j]).length;
              assert.equal(equal, order, `bits ${i} and ${j}`);
            }
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  it('are the first of more', () => {
    for (const kind of ['independent', 'paired'] as const) {
      const [some, more] = [draw(kind, 50, 9, 1), draw(kind, 400, 9, 1)];
      assert.deepEqual(some.bits, more.bits.subarray(0, 50 * 9));
      assert.deepEqual(some.weights, more.weights.subarray(0, 50));
      assert.notDeepEqual(draw(kind, 50, 9, 2).bits, some.bits);
    }
  });

  it('show each of all images alike often, paired or not', () => {
    for (const kind of ['independent', 'paired'] as const) {
      const counts = new Map<string, number>();
      for (const row of rowsOf(draw(kind, 16000, 4, 5).bits, 4)) {
        counts.set(row.join(''), (counts.get(row.join('')) ?? 0) + 1);
      }
      assert.equal(counts.size, 16);
      // Five standard deviations of a binomial count with mean 1000, √2 wider for pairs.
      for (const count of counts.values()) assert.ok(Math.abs(count - 1000) < 5 * Math.sqrt(2 * 1000));
    }
  });

  for (const kind of ['independent', 'paired'] as const) {
    it(`${kind}: weights are unbiased, and 93 to 97 % of the 95 % intervals hold the limit of all images`, () => {
      const [count, samples, repetitions] = [10, 128, 300];
      const truth = cheap(count, 11);
      const limit = limitOf(truth, count);
      // Of Student's t at 117 and 53 degrees of freedom.
      const quantile = kind === 'paired' ? 2.0057 : 1.9804;
      let [held, squaredErrors, variances] = [0, 0, 0];
      const sums = new Float64Array(count);
      for (let key = 0; key < repetitions; key++) {
        const { bits, weights } = draw(kind, samples, count, key);
        const responses = rowsOf(bits, count).map(truth);
        const cluster = kind === 'paired' ? 2 : 1;
        const model = fitWeighted({ features: bits, responses, weights }, { cluster });
        for (let i = 0; i < count; i++) {
          const error = model.coefficients[i] - limit[i];
          sums[i] += error;
          squaredErrors += error ** 2;
          variances += model.standardErrors[i] ** 2;
          if (Math.abs(error) <= quantile * model.standardErrors[i]) held++;
        }
      }
      const share = held / (count * repetitions);
      assert.ok(share >= 0.93 && share <= 0.97, `${(100 * share).toFixed(1)} %`);
      const ratio = Math.sqrt(variances / squaredErrors);
      assert.ok(ratio > 0.9 && ratio < 1.1, `standard errors are ${ratio} of the errors`);
      // A mean of so many is off by 1 / √repetitions of an error: four of that, for ten segments.
      const usual = Math.sqrt(squaredErrors / (count * repetitions));
      for (const sum of sums) assert.ok(Math.abs(sum / repetitions) < (4 * usual) / Math.sqrt(repetitions));
    });
  }

  it('leave less than two thirds of the error of independent ones where two segments at most interact', () => {
    const count = 10;
    const truth = cheap(count, 11, 2);
    const limit = limitOf(truth, count);
    const [independent, paired] = (['independent', 'paired'] as const).map((kind) => {
      let squares = 0;
      for (let key = 0; key < 40; key++) {
        const { bits, weights } = draw(kind, 128, count, key);
        const responses = rowsOf(bits, count).map(truth);
        const { coefficients } = fitWeighted({ features: bits, responses, weights });
        squares += coefficients.reduce((sum, value, i) => sum + (value - limit[i]) ** 2, 0);
      }
      return Math.sqrt(squares);
    });
    assert.ok(paired < (2 / 3) * independent, `${paired} of ${independent}`);
  });
});
