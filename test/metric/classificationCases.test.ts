import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { classificationMetrics } from '../../lib/src/metric/classification/classification.js';
import { tensor } from '../../lib/src/tensor.js';

type Averaged = readonly [precision: number, recall: number, f1: number];
interface Case {
  readonly scores: readonly (readonly number[])[];
  readonly truth: readonly (readonly number[])[];
  readonly averages: Readonly<Record<'micro' | 'macro' | 'weighted' | 'samples', Averaged>>;
  readonly perClass: readonly [
    precision: readonly number[],
    recall: readonly number[],
    f1: readonly number[],
    support: readonly number[],
  ];
  readonly hammingLoss: number;
  readonly rankingLoss: number;
  readonly coverageError: number;
  readonly oneError: number;
}

const { source, cases }: { readonly source: string; readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL('../fixtures/classification.json', import.meta.url), 'utf8'),
);

describe('multi-label metrics', () => {
  it(`equal those of ${source} in ${cases.length} random and degenerate cases, to 1e-12`, () => {
    assert.ok(cases.length >= 200);
    for (const [i, expected] of cases.entries()) {
      const { scores, truth } = expected;
      const shape = [scores.length, scores[0].length];
      const labels = truth.map((row) => row.flatMap((one, c) => (one === 1 ? [c] : [])));
      const found = classificationMetrics(tensor(Float32Array.from(scores.flat()), shape), labels);
      const same = (what: string, got: number, wanted: number): void =>
        assert.ok(Math.abs(got - wanted) <= 1e-12, `case ${i}, ${what}: ${got}, scikit-learn ${wanted}`);
      for (const name of ['micro', 'macro', 'weighted', 'samples'] as const) {
        const [precision, recall, f1] = expected.averages[name];
        same(`${name} precision`, found[name].precision, precision);
        same(`${name} recall`, found[name].recall, recall);
        same(`${name} F1`, found[name].f1, f1);
      }
      for (const [c, each] of found.perClass.entries()) {
        const got = [each.precision, each.recall, each.f1, each.support];
        got.forEach((value, k) => {
          same(`class ${c}`, value, expected.perClass[k][c]);
        });
      }
      for (const name of ['hammingLoss', 'rankingLoss', 'coverageError', 'oneError'] as const) {
        same(name, found[name], expected[name]);
      }
    }
  });
});
