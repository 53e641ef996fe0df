/** How exact a map is, and the count that makes another one as exact: by arithmetic, and on maps whose error is known. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from 'landlens/random';
import type { Column } from '../../bench/amounts.js';
import type { Pair } from '../../bench/pair.js';
import {
  countFor,
  errorAgainst,
  errorAt,
  errorOfOne,
  isReached,
  measurePrecision,
  spreadOfMaps,
} from '../../bench/precision/sameError.js';
import type { Parameters, Task } from '../../bench/task.js';
import { writeTensors } from '../../bench/tensorFile.js';

const near = (actual: number, expected: number, share: number) =>
  assert.ok(Math.abs(actual - expected) <= share * expected, `${actual}, not ${expected} within ${share}`);

const length = 4000;
const truth = Float32Array.from({ length }, (_, i) => 1 + Math.sin(i));
const norm = Math.hypot(...truth);

/** The truth with independent noise, whose relative L2 error is the root of `variance`. */
function noisy(variance: number, ...key: readonly (string | number)[]): Float32Array {
  const random = createRandom('noisy', ...key);
  const deviation = norm * Math.sqrt(variance / length);
  return truth.map((value) => value + deviation * random.normal());
}

/** Both sides without networks: a map of n samples has the relative error of one, over the root of n. */
function fakePair(variance: Readonly<Record<'ours' | 'best', number>>, ofTolerance = 1): Pair {
  let runs = 0;
  const countOf = ({ samples = 1, steps = 1 }: Parameters) => samples * steps;
  const varianceOf = (column: Column, parameters: Parameters): number => {
    const { tolerance } = parameters;
    if (tolerance !== undefined) return (ofTolerance * tolerance) ** 2;
    return variance[column === 'ours' ? 'ours' : 'best'] / countOf(parameters);
  };
  return {
    ...{ target: 0, versions: {}, memory: Infinity },
    async run(column: Column, task: Task, options) {
      assert.ok(task.kind === 'explain' && options?.keep);
      runs++;
      const { tolerance } = task.parameters;
      // As landlens' maps, equal for equal parameters; the peer's never are.
      const key = [column, JSON.stringify(task.parameters), column === 'ours' ? 0 : runs];
      const data = noisy(varianceOf(column, task.parameters), ...key);
      const { entries } = await writeTensors(options.keep, new Map([['result', { data, shape: [length] }]]));
      const evaluations = tolerance === undefined ? {} : { evaluations: 77 };
      return { seconds: 1, start: 0, peak: 0, result: entries[0], ...evaluations };
    },
    async forget() {},
    async stop() {},
  };
}

async function measured(method: string, pair: Pair) {
  const folder = await mkdtemp(join(tmpdir(), 'landlens-precision-'));
  try {
    return await measurePrecision(pair, method, { size: 120, batches: { noiseBatch: 8 }, folder });
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('precision of the bench', () => {
  it('knows the spread of maps without bias', () => {
    // Means 2 and 4; squares of the deviations 1 + 1 + 4 + 4 over one degree of freedom; 20 - 10 / 2.
    const spread = spreadOfMaps([
      [1, 2],
      [3, 6],
    ]);
    assert.deepEqual({ ...spread, mean: [...spread.mean] }, { mean: [2, 4], variance: 10, power: 15 });
    assert.equal(errorOfOne(spread), Math.sqrt(10 / 15));
    // 9 + 16 from the mean, of which the mean's own error is 5.
    assert.equal(errorAgainst(spread, 2, [5, 8]), Math.sqrt(20 / 15));
    assert.equal(errorAgainst(spread, 2, [2, 4]), 0, 'never less than none');
  });

  it('scales errors with the root of the count', () => {
    assert.equal(errorAt(32, { count: 8, error: 0.2 }), 0.1);
    assert.equal(countFor(0.1, { count: 8, error: 0.2 }), 32);
    assert.equal(countFor(0.15, { count: 8, error: 0.2 }), 15, 'rounded up');
  });

  it('tells the error of single maps and of others from few maps', () => {
    const maps = Array.from({ length: 8 }, (_, i) => noisy(0.04, i));
    const spread = spreadOfMaps(maps);
    near(errorOfOne(spread), 0.2, 0.02);
    near(errorAgainst(spread, 8, noisy(0.01, 'other')), 0.1, 0.05);
  });

  it('finds the count with which the peer has the error of the paper’s', async () => {
    const { asked, reached, evaluations, count } = await measured(
      'saliency-sg',
      fakePair({ ours: 0.6, best: 1.2 }, 0.9),
    );
    near(asked, Math.sqrt(0.6 / 30), 0.03);
    near(reached, 0.9 * asked, 0.05);
    near(count, 60, 0.07);
    assert.equal(evaluations, 77);
  });

  it('counts copies of noise where each has a path of its own', async () => {
    const precision = await measured('integrated-gradients-sg', fakePair({ ours: 30, best: 30 }));
    near(precision.asked, Math.sqrt(30 / 1500), 0.03);
    near(precision.count, 30, 0.07);
  });

  it('takes the same quadrature for as exact on both sides', async () => {
    const precision = await measured('integrated-gradients', fakePair({ ours: 0.5, best: Number.NaN }));
    assert.equal(precision.count, 50);
    near(precision.asked, Math.sqrt(0.5 / 50 + 0.5 / 400), 0.05);
  });

  it('says whether a tolerance was kept, chance apart', () => {
    const precision = { method: 'lime', asked: 0.1, evaluations: 100, count: 6000 };
    assert.equal(isReached({ ...precision, reached: 0.12 }), true);
    assert.equal(isReached({ ...precision, reached: 0.16 }), false);
  });

  it('refuses maps without a common part, and methods that do not sample', async () => {
    await assert.rejects(
      measured('saliency-sg', fakePair({ ours: 1, best: Number.NaN })),
      /best.*nothing in common/,
    );
    await assert.rejects(measured('saliency', fakePair({ ours: 1, best: 1 })), /samples nothing/);
  });
});
