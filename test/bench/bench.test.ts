/** What `npm run bench` computes from its measurements, without measuring. */
import assert from 'node:assert/strict';
import { methods } from 'landlens/attribution/methods';
import { chooseAmount, explanationAmounts, methodWork } from '../../bench/amounts.js';
import type { BenchRecord } from '../../bench/benchRecords.js';
import { reportMarkdown } from '../../bench/markdown.js';
import type { Agreement, Cell } from '../../bench/measureRow.js';
import { isWholePreset, parseBenchOptions } from '../../bench/options.js';
import { createReport } from '../../bench/report.js';
import { rowsAt } from '../../bench/rows.js';
import { difference, extrapolate, geometricMean, spread } from '../../bench/statistics.js';

const cell = (seconds: number, more: Partial<Cell> = {}): Cell => ({
  seconds: [seconds, 2 * seconds, seconds / 2],
  peak: 2 ** 30,
  ...more,
});
const agreement = (agrees: boolean): Agreement => ({ what: 'map', largest: 1e-6, norm: 1e-6, agrees });
const subject = { network: 'densenet121', size: 120 } as const;
const start: readonly BenchRecord[] = [
  { kind: 'peak', ours: { gflops: 80, size: 512 }, peer: { gflops: 100, size: 1024 } },
  { kind: 'subject', ...subject, multiplyAdds: 1e9, target: 0, versions: { landlens: '1' } },
];
const row = (id: string, ours: number, best: number, more: object = {}): BenchRecord => ({
  ...{
    kind: 'row',
    ...subject,
    id,
    agreement: agreement(true),
    cells: { ours: cell(ours), best: cell(best) },
  },
  ...more,
});

describe('bench', () => {
  it('summarises timings', () => {
    assert.deepEqual(spread([3, 1, 2, 10]), { median: 2.5, min: 1, max: 10 });
    assert.equal(geometricMean([2, 8]), 4);
  });

  it('scales a part up along a line through two parts, or through zero', () => {
    const [low, high] = [
      { units: 10, seconds: 2 },
      { units: 20, seconds: 3 },
    ];
    assert.equal(extrapolate(low, high, 100), 11);
    assert.equal(extrapolate(undefined, high, 100), 15);
    assert.equal(extrapolate({ units: 10, seconds: 5 }, high, 100), 15, 'a falling line is noise');
  });

  it('tells how far two maps are apart', () => {
    assert.deepEqual(difference([1, 2], [1, 4]), { largest: 0.5, norm: 2 / Math.sqrt(17) });
    assert.deepEqual(difference([0, 0], [0, 0]), { largest: 0, norm: 0 });
    assert.equal(difference([1], [0]).norm, Infinity);
    assert.ok(Number.isNaN(difference([Number.NaN], [1]).largest));
  });

  it('measures no column on more of a row than another', () => {
    const amounts = explanationAmounts(methodWork('lime', 120), 120);
    const choose = (seconds: number) =>
      chooseAmount(
        [
          { amounts, seconds: 0.01 },
          { amounts, seconds },
        ],
        4,
      );
    assert.deepEqual(choose(0.01), { high: amounts.length - 1 });
    // 1,024 samples in 4 s at 128 in 0.5 s; 256 is a third of it or less.
    assert.deepEqual([amounts[3].units, choose(0.5)], [1024, { high: 3, low: 1 }]);
    assert.deepEqual(choose(100), { high: 0 });
  });

  it('compares with the faster of defaults and best batch sizes, and with the larger peak', () => {
    const [{ rows }] = createReport([
      ...start,
      row('occlusion', 1, 3, { cells: { ours: cell(1), default: cell(2), best: cell(3) } }),
      row('lime', 1, 3, { cells: { ours: cell(1), default: cell(2, { needs: 2 ** 40 }), best: cell(3) } }),
      row('forward-1', 1, 3),
    ]).subjects;
    assert.deepEqual(
      rows.map(({ ratio }) => ratio),
      [
        { default: 2, best: 2 },
        { default: 2, best: 3 },
        { default: 3, best: 3 },
      ],
    );
    assert.equal(rows[2].share.ours, 2 / 100);
  });

  it('says which goals are met, and where the worst is', () => {
    const goals = (records: readonly BenchRecord[]) =>
      new Map(createReport([...start, ...records]).goals.map((goal) => [goal.text, goal]));
    const some = goals([row('saliency', 1, 4), row('grad-cam', 1, 1.2)]);
    const every = some.get('every method at least 1.5 x faster than (b)');
    assert.deepEqual([every?.isMet, every?.worst, every?.reached, every?.measured], [false, 1.2, 1, 2]);
    assert.equal(every?.where, 'Grad-CAM, DenseNet-121 at 120');
    assert.equal(some.get('no row slower than (b)')?.isMet, true);
    assert.equal(some.has('whole Table 3 at least 2 x faster than (b)'), false, 'not measured');
    const differs = goals([row('saliency', 1, 4), row('grad-cam', 1, 4, { agreement: agreement(false) })]);
    assert.equal(
      differs.get('every method at least 1.5 x faster than (b)')?.isMet,
      false,
      'a wrong map is no map',
    );
    const gradient = goals([row('forward-16', 1, 1), row('gradient-16', 2.1, 3)]);
    assert.equal(gradient.get('gradient at most 2.2 x forward, 16 images of DenseNet-121')?.isMet, true);
  });

  it('sums Table 3 from Max-Sensitivity and a curve of each method', () => {
    const records = rowsAt(120)
      .filter(({ id, group }) => group === 'sensitivity' || id === 'morf')
      .map(({ id }) => row(id, 1, 4));
    const [{ total }] = createReport([...start, ...records]).subjects;
    assert.deepEqual(total?.seconds, { ours: 24, default: 96, best: 96 });
    assert.match(
      reportMarkdown([...start, ...records]),
      /whole Table 3 at least 3 x.*\| met \| 1 of 1 \| 4.00/,
    );
    assert.equal(methods.length, 12);
  });

  it('reads its options', () => {
    const ids = parseBenchOptions(['--only', 'morf, methods'])?.only;
    assert.deepEqual(ids, [...methods.map(({ id }) => id), 'morf']);
    const quick = parseBenchOptions(['--quick']);
    assert.ok(quick && isWholePreset(quick));
    assert.deepEqual([quick.networks, quick.sides], [['densenet121'], [120]]);
    const refused = (argv: readonly string[], message: RegExp) =>
      assert.throws(() => parseBenchOptions(argv), message);
    refused(['--only', 'salliency'], /^InputError: --only: .*got "salliency"/);
    refused(['--side', '20'], /^InputError: --side: .*from 48 to 512/);
    refused(['--quick', '--full'], /^InputError: --quick, --full: .*Choose one/);
  });
});
