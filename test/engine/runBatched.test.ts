import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import * as fc from 'fast-check';
import { after, describe, it } from 'mocha';
import type { Feeds, Program } from '../../lib/src/engine/engine.js';
import { memoryPerImage } from '../../lib/src/engine/memory.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { pieceSize, runBatched } from '../../lib/src/engine/runBatched.js';
import { createGraph } from '../../lib/src/graph/graph.js';
import { input } from '../../lib/src/graph/node.js';
import { add, multiply } from '../../lib/src/graph/operators/elementwise.js';
import { reduceSum } from '../../lib/src/graph/operators/reduction.js';
import { tensor } from '../../lib/src/tensor.js';

/** A program [n, 2] -> [n, 2], [n] that counts its runs: ten times the image plus "offset", and the sum of a row. */
function arithmetic(batchSize: number, fail: (run: number) => void = () => {}) {
  const runs: Feeds[] = [];
  const unused = () => Promise.reject(new Error('not part of a run'));
  const program: Program = {
    batchSize,
    async run(feeds) {
      runs.push(feeds);
      fail(runs.length);
      const { image, offset } = feeds;
      const [count] = image.shape;
      const sums = Array.from({ length: count }, (_, i) => image.data[2 * i] + image.data[2 * i + 1]);
      return {
        scaled: tensor(
          image.data.map((value) => 10 * value + (offset?.data[0] ?? 0)),
          image.shape,
        ),
        sum: tensor(Float32Array.from(sums), [count]),
      };
    },
    writeState: unused,
    readState: unused,
    dispose: async () => {},
  };
  return { program, runs };
}

/** Rows (0, 1), (2, 3), … */
const images = (count: number) =>
  tensor(
    Float32Array.from({ length: 2 * count }, (_, i) => i),
    [count, 2],
  );
const sizesOf = (runs: readonly Feeds[]): number[] => runs.map(({ image }) => image.shape[0]);

describe('a run in batches', () => {
  it('gives the rows of every output in the order of the feeds, whatever their number', async () => {
    const counts = fc.integer({ min: 1, max: 60 });
    const limits = fc.integer({ min: 1, max: 16 });
    await fc.assert(
      fc.asyncProperty(counts, limits, async (count, limit) => {
        const { program, runs } = arithmetic(limit);
        const { scaled, sum } = await runBatched(program, { image: images(count) });
        deepEqual(
          scaled,
          tensor(
            images(count).data.map((value) => 10 * value),
            [count, 2],
          ),
        );
        deepEqual(
          [...sum.data],
          Array.from({ length: count }, (_, i) => 4 * i + 1),
        );
        ok(sizesOf(runs).every((size) => size <= limit));
        equal(
          sizesOf(runs).reduce((total, size) => total + size, 0),
          count,
        );
      }),
      { seed: 1 },
    );
  });

  it('cuts an odd number into equal pieces, or leaves a shorter last one', async () => {
    for (const [count, limit, expected] of [
      [9, 4, [3, 3, 3]],
      [11, 4, [4, 4, 3]],
      [4, 4, [4]],
      [1, 16, [1]],
    ] as const) {
      const { program, runs } = arithmetic(limit);
      await runBatched(program, { image: images(count) });
      deepEqual(sizesOf(runs), expected, `${count} rows, at most ${limit} at once`);
    }
  });

  it('feeds what is shared to every run, whole', async () => {
    const { program, runs } = arithmetic(2);
    const offset = tensor(Float32Array.of(5, 6, 7), [3]);
    const { scaled } = await runBatched(program, { image: images(5) }, { offset });
    deepEqual([...scaled.data], [5, 15, 25, 35, 45, 55, 65, 75, 85, 95]);
    equal(runs.length, 3);
    ok(
      runs.every((feeds) => feeds.offset === offset),
      'as it is, without a copy per row',
    );
  });

  it('refuses no rows, nothing to cut, and feeds of different numbers of rows', async () => {
    const { program, runs } = arithmetic(2);
    const what = /the inputs of a run differ in their number of rows, or have none.*at least one/;
    await rejects(runBatched(program, { image: images(0) }), what);
    await rejects(runBatched(program, {}, { image: images(2) }), what);
    await rejects(runBatched(program, { image: images(2), target: images(3) }), /"image", "target".*2, 3/);
    equal(runs.length, 0, 'nothing was run');
  });

  it('ends at the first run that fails, with its error', async () => {
    const { program, runs } = arithmetic(2, (run) => {
      if (run === 2) throw new Error('out of memory');
    });
    await rejects(runBatched(program, { image: images(8) }), /^Error: out of memory$/);
    equal(runs.length, 2, 'no further run is begun');
  });

  it('keeps the engine to its memory budget, with the results of one large run', async () => {
    const [image, offset] = [input('image', ['N', 2]), input('offset', [1])];
    const scaled = add(multiply(image, image), offset);
    const graph = createGraph({ scaled, sum: reduceSum(scaled, [1], false) });
    const feeds = { image: images(7) };
    const shared = { offset: tensor(Float32Array.of(0.5), [1]) };
    const results = [];
    for (const [fits, memoryBudget] of [
      [1, 1],
      [3, 3 * memoryPerImage(graph)],
      [16, 2 ** 20],
    ]) {
      const engine = createEngine({ threads: 1, memoryBudget });
      after(() => engine.dispose());
      const program = await engine.compile(graph);
      equal(program.batchSize, fits);
      results.push(await runBatched(program, feeds, shared));
    }
    const [one, three, all] = results;
    deepEqual(
      [...all.scaled.data],
      [...feeds.image.data].map((value) => value ** 2 + 0.5),
    );
    deepEqual(one, all);
    deepEqual(three, all);
  });
});

describe('the size of pieces', () => {
  it('keeps the limit, and leaves no rest where a size in its upper half allows that', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 32 }), (count, limit) => {
        const size = pieceSize(count, limit);
        ok(size >= 1 && size <= limit);
        const divisors = Array.from({ length: limit }, (_, i) => i + 1).filter((i) => count % i === 0);
        if (divisors.some((i) => i > limit / 2)) ok(size === Math.max(...divisors));
      }),
      { seed: 1 },
    );
  });
});
