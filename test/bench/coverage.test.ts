/** How often intervals hold, by hand, and on draws whose errors are known. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from 'landlens/random';
import { type CoverageResult, openCoverage } from '../../bench/precision/coverageRecords.js';
import { coverageFigure, coverageMarkdown } from '../../bench/precision/coverageReport.js';
import {
  carriersOf,
  coverageOf,
  type Estimate,
  errorAgainstReference,
} from '../../bench/precision/intervals.js';
import { variants } from '../../bench/precision/variants.js';

const near = (actual: number, expected: number, within: number) =>
  assert.ok(Math.abs(actual - expected) <= within, `${actual}, not ${expected} within ${within}`);

/** Means of `copies` normal values of deviation 1 around each truth, with their standard errors as sampled. */
function sampled(truth: readonly number[], copies: number, key: string): Estimate {
  const random = createRandom(key);
  const [values, standardErrors]: number[][] = [[], []];
  for (const centre of truth) {
    const draws = Array.from({ length: copies }, () => centre + random.normal());
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / copies;
    const squares = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0);
    values.push(mean);
    standardErrors.push(Math.sqrt(squares / (copies * (copies - 1))));
  }
  return { values, standardErrors, degreesOfFreedom: copies - 1 };
}

const exact = (values: readonly number[]): Estimate => ({
  values,
  standardErrors: values.map(() => 0),
  degreesOfFreedom: Infinity,
});

describe('coverage of stated errors', () => {
  it('looks at the fewest values that hold 99 % of all magnitudes', () => {
    assert.deepEqual(carriersOf([0, -60, 0.5, 39.5, 0]), [1, 3]);
    assert.deepEqual(carriersOf([1, 1, 1, 1]).length, 4);
    assert.deepEqual(carriersOf([0, 0]), []);
  });

  it('counts the values within t errors, both maps’ together, of those that carry relevance', () => {
    const reference = exact([10, 10, 10, 10, 0]);
    // 1.96 errors hold 10 twice: at 11.9 and, by a hair, at 8.1; the last value carries nothing.
    const estimate = {
      values: [11.9, 8.1, 12, 7, 5],
      standardErrors: [1, 1, 1, 1, 1],
      degreesOfFreedom: Infinity,
    };
    assert.equal(coverageOf(estimate, reference), 0.5);
    // With an error of 1 in the reference too, 1.96 √2 = 2.77 hold 12 as well.
    assert.equal(coverageOf(estimate, { ...reference, standardErrors: [1, 1, 1, 1, 1] }), 0.75);
    // 3 degrees of freedom: 3.18 errors hold them all.
    assert.equal(coverageOf({ ...estimate, degreesOfFreedom: 3 }, reference), 1);
  });

  it('holds an equal value without an error, and no other', () => {
    assert.equal(coverageOf(exact([1, 2]), exact([1, 2])), 1);
    assert.equal(coverageOf(exact([1, 2.1]), exact([1, 2])), 0.5);
  });

  it('finds 95 % for honest errors, and less for errors that are halved', () => {
    const truth = Array.from({ length: 4000 }, (_, i) => 5 + Math.sin(i));
    // √(0.95 · 0.05 / 4000) = 0.0034; four of these.
    for (const copies of [8, 30]) {
      const estimate = sampled(truth, copies, 'few');
      const reference = sampled(truth, 20 * copies, 'many');
      near(coverageOf(estimate, reference), 0.95, 0.0138);
      const halved = { ...estimate, standardErrors: Array.from(estimate.standardErrors, (s) => s / 2) };
      assert.ok(coverageOf(halved, reference) < 0.85);
    }
  });

  it('takes the reference’s own error off the true one', () => {
    const reference = { ...exact([3, 4]), standardErrors: [0.6, 0.8] };
    // ‖(2, 0)‖² - 1 over 25 - 1.
    near(errorAgainstReference([5, 4], reference), Math.sqrt(3 / 24), 1e-12);
    // Nearer than the reference is to the truth: nothing is known of it.
    assert.equal(errorAgainstReference([3, 4.1], reference), 0);
  });

  it('compares every count with at least 20 times as many', () => {
    for (const { id, limit, counts, dear } of variants) {
      if (dear) continue;
      for (const count of counts) assert.ok(limit.count >= 20 * count, `${id} ${count}`);
    }
  });

  const result: CoverageResult = {
    ...{ kind: 'result', dataset: 'scenes', rendered: true, image: 3, target: 'Pastures' },
    ...{ variant: 'saliency-sg', count: 30, pixels: 0.94, values: 0.951 },
    ...{ stated: 0.12, truth: 0.126, degreesOfFreedom: 29, reference: { count: 600, stated: 0.03 } },
  };

  it('reports the mean over the images, their spread and range, and draws every image', () => {
    const real = { ...result, dataset: 'BigEarthNet v1', rendered: false, pixels: 0.96, truth: 0.114 };
    const markdown = coverageMarkdown([result, real]);
    assert.match(markdown, /2 images, 1 of them real/);
    assert.match(
      markdown,
      /\| 30 \| 2 \| 95\.0 ± 1\.4 \| 94\.0 to 96\.0 \| 95\.1 ± 0\.0 \| 12\.0 \| 12\.0 \| 1\.00 ± 0\.07 \|/,
    );
    const [, points] = coverageFigure([result, real]).data;
    assert.deepEqual(Object.entries(points).find(([name]) => name === 'y')?.[1], [12.6, 11.4]);
  });

  it('continues a record of the same run, and of no other', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'landlens-'));
    try {
      const path = join(folder, 'coverage.jsonl');
      const facts = { kind: 'run', format: 'landlens coverage 1', model: 'm', code: 'c', seed: 0 } as const;
      const first = await openCoverage(path, facts);
      await first.append(result);
      await first.close();
      const again = await openCoverage(path, facts);
      assert.deepEqual(again.earlier, [result]);
      await again.close();
      await assert.rejects(openCoverage(path, { ...facts, seed: 1 }), /another run/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
