/** What scikit-learn, Captum, Pillow and SciPy computed: see test/fixtures/makeMetrics.py. */
import { readFileSync } from 'node:fs';

export type PrecisionRecallF1<Value> = readonly [precision: Value, recall: Value, f1: Value];

interface MetricsFixture {
  readonly classification: {
    readonly scores: readonly (readonly number[])[];
    readonly labels: readonly (readonly number[])[];
    readonly perClass: PrecisionRecallF1<readonly number[]>;
    readonly support: readonly number[];
    readonly micro: PrecisionRecallF1<number>;
    readonly macro: PrecisionRecallF1<number>;
    readonly weighted: PrecisionRecallF1<number>;
    readonly samples: PrecisionRecallF1<number>;
    readonly hammingLoss: number;
    readonly rankingLoss: number;
    readonly coverageError: number;
    readonly oneError: number;
  };
  readonly sensitivity: {
    readonly shape: readonly number[];
    /** Explanations of the images and, one array per draw, of their noisy copies. */
    readonly original: readonly number[];
    readonly perturbed: readonly (readonly number[])[];
    readonly expected: readonly number[];
  };
  readonly jpeg: {
    readonly bytes: { readonly ramp: number; readonly texture: number; readonly squares: number };
    /** Luminance and chrominance tables, row by row. */
    readonly quantisation: readonly [readonly number[], readonly number[]];
  };
  readonly correlation: readonly {
    readonly x: readonly number[];
    readonly y: readonly number[];
    readonly pearson: readonly [r: number, p: number];
    readonly spearman: readonly [r: number, p: number];
  }[];
}

export const metricsFixture: MetricsFixture = JSON.parse(
  readFileSync(new URL('../fixtures/metrics.json', import.meta.url), 'utf8'),
);
