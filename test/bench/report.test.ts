/** What a run's report concludes: ratios, sums and verdicts, from synthetic records. */
import assert from 'node:assert/strict';
import { methods } from 'landlens/attribution/methods';
import type { BenchRecord } from '../../bench/benchRecords.js';
import { reportMarkdown } from '../../bench/markdown.js';
import { createReport, type Goal } from '../../bench/report.js';
import { rowsAt, sampledMethods } from '../../bench/rows.js';
import { geometricMean } from '../../bench/statistics.js';
import { around, cell, ratioRow, row, start } from './records.js';

const everyMethod = 'every method at least 1.5 x faster than (b)';
const mean = 'methods, geometric mean at least 2.5 x against (b)';
const table = 'whole Table 3 at least 2 x faster than (b)';

function goalOf(text: string, records: readonly BenchRecord[]): Goal {
  const goal = createReport([...start, ...records]).goals.find((one) => one.text === text);
  assert.ok(goal, `no goal "${text}"`);
  return goal;
}

const near = (actual: number | undefined, expected: number) =>
  assert.ok(Math.abs((actual ?? Number.NaN) - expected) < 1e-9 * expected, `${actual}, not ${expected}`);

/** All rows of Table 3; the peer takes so many times as long. */
const tableRows = (ratio: number): readonly BenchRecord[] =>
  rowsAt(120)
    .filter(({ id, group }) => group === 'sensitivity' || id === 'morf')
    .map(({ id }) => ratioRow(id, ratio));

describe('report of the bench', () => {
  it('takes ratios round by round, so that what slows both sides cancels', () => {
    const [{ rows }] = createReport([
      ...start,
      row('saliency', { ours: cell([1, 2, 4, 8, 16]), best: cell([3, 6, 12, 24, 48]) }),
    ]).subjects;
    assert.deepEqual(rows[0].ratio.best, { value: 3, low: 3, high: 3, level: 0.9375 });
    assert.deepEqual(rows[0].seconds.ours, { value: 4, low: 1, high: 16, level: 0.9375 });
  });

  it('compares with the faster of defaults and best batch sizes, and with the larger peak', () => {
    const five = (seconds: number) => cell(new Array(5).fill(seconds));
    const [{ rows }] = createReport([
      ...start,
      row('occlusion', { ours: five(1), default: five(2), best: five(3) }),
      row('lime', { ours: five(1), default: { ...five(2), needs: 2 ** 40 }, best: five(3) }),
      row('forward-1', { ours: five(1), best: five(3) }),
    ]).subjects;
    assert.deepEqual(
      rows.map(({ ratio }) => [ratio.default?.value, ratio.best?.value]),
      [
        [2, 2],
        [2, 3],
        [3, 3],
      ],
    );
    assert.equal(rows[2].share.ours?.value, 2 / 100);
  });

  it('extrapolates round by round on lines with an intercept', () => {
    const measured = [
      { units: 10, seconds: [1.1, 1.2, 1.1, 1.1, 1.1] },
      { units: 20, seconds: [1.2, 1.4, 1.2, 1.2, 1.2] },
    ];
    const [{ rows }] = createReport([
      ...start,
      row('lime', { ours: cell([], { measured, units: 100 }), best: cell(around(4)) }),
    ]).subjects;
    near(rows[0].seconds.ours?.value, 2);
    near(rows[0].seconds.ours?.high, 3);
  });

  it('names a round whose line falls, and lets it have been anything', () => {
    const measured = [
      { units: 10, seconds: [1, 1, 1, 1.3, 1] },
      { units: 20, seconds: [1.2, 1.2, 1.2, 1.2, 1.2] },
    ];
    const records = [
      ...start,
      row('lime', { ours: cell([], { measured, units: 100 }), best: cell(around(40)) }),
    ];
    const [{ rows }] = createReport(records).subjects;
    assert.deepEqual(rows[0].odd, [{ column: 'ours', round: 4 }]);
    assert.deepEqual([rows[0].ratio.best?.low, rows[0].ratio.best?.high], [0, Infinity]);
    assert.equal(goalOf(everyMethod, records.slice(start.length)).verdict, 'not decided');
    assert.match(reportMarkdown(records), /- LIME, landlens, round 4: more work took no longer/);
  });

  it('meets a goal only where the lower end of every interval passes', () => {
    const met = goalOf(everyMethod, [ratioRow('saliency', 4), ratioRow('grad-cam', 1.6)]);
    assert.deepEqual([met.verdict, met.reached, met.failed, met.measured], ['met', 2, 0, 2]);
    assert.equal(met.where, 'Grad-CAM, DenseNet-121 at 120');
    // The median passes, its lower end does not.
    const wide = row('grad-cam', { ours: cell(around(1)), best: cell([1.4, 1.7, 1.7, 1.7, 1.7]) });
    const undecided = goalOf(everyMethod, [ratioRow('saliency', 4), wide]);
    assert.deepEqual([undecided.verdict, undecided.reached, undecided.failed], ['not decided', 1, 0]);
    assert.ok(undecided.worst.value > 1.5 && undecided.worst.low < 1.5);
  });

  it('misses a goal where the upper end of an interval fails, and names that one', () => {
    const wide = row('grad-cam', { ours: cell(around(1)), best: cell([1, 1.7, 1.7, 1.7, 1.7]) });
    const goal = goalOf(everyMethod, [ratioRow('saliency', 4), wide, ratioRow('deeplift', 1.3)]);
    assert.deepEqual([goal.verdict, goal.reached, goal.failed], ['missed', 1, 1]);
    assert.equal(goal.where, 'DeepLift, DenseNet-121 at 120', 'not the one that is undecided');
  });

  it('decides nothing by fewer than five rounds', () => {
    const of = (rounds: number) =>
      row('saliency', { ours: cell(around(1).slice(0, rounds)), best: cell(around(9).slice(0, rounds)) });
    assert.equal(goalOf(everyMethod, [of(4)]).verdict, 'not decided');
    assert.equal(goalOf(everyMethod, [of(5)]).verdict, 'met');
    assert.equal(goalOf(mean, [of(4)]).verdict, 'not decided');
    assert.equal(goalOf(mean, [of(5)]).verdict, 'met');
    const slow = row('saliency', { ours: cell([1, 1]), best: cell([1, 1]) });
    assert.equal(goalOf(everyMethod, [slow]).verdict, 'not decided', 'nor against it');
    assert.match(reportMarkdown([...start, of(4)]), /9\.00 x \(9\.00–9\.00 x, level 88 %\)/);
  });

  it('bounds what shall be small from above', () => {
    const text = 'gradient at most 2.2 x forward, 16 images of DenseNet-121';
    const goal = (gradient: readonly number[]) =>
      goalOf(text, [
        ratioRow('forward-16', 1),
        row('gradient-16', { ours: cell(gradient), best: cell(gradient) }),
      ]);
    assert.equal(goal(around(2)).verdict, 'met');
    assert.equal(goal(around(3)).verdict, 'missed');
    assert.equal(goal([2, 2, 2, 2.4, 2.6]).verdict, 'not decided');
    assert.equal(goal(around(3)).worst.value, 3);
  });

  it('takes a map that differs for a goal missed, and a peer that cannot run for one met', () => {
    const differs = row('grad-cam', { ours: cell(around(1)), best: cell(around(4)) }, false);
    assert.equal(goalOf(everyMethod, [ratioRow('saliency', 4), differs]).verdict, 'missed');
    const cannot = row('lime', { ours: cell(around(1)), best: { outOfMemory: 'perturbations_per_eval 8' } });
    const goal = goalOf(everyMethod, [cannot]);
    assert.deepEqual([goal.verdict, goal.worst.value], ['met', Infinity]);
  });

  it('lets no outlier lift the geometric mean over the bar', () => {
    // Eleven methods at 2.2, and Grad-CAM, whose peer was held up: as measured once, in two rounds.
    const others = methods.filter(({ id }) => id !== 'grad-cam').map(({ id }) => ratioRow(id, 2.2));
    assert.ok(geometricMean([...new Array(11).fill(2.2), 93.6]) > 2.5, 'by itself it would');
    const two = row('grad-cam', { ours: cell([0.02, 0.02]), best: cell([0.046, 3.698]) });
    assert.equal(createReport([...start, two]).subjects[0].rows[0].ratio.best?.value.toFixed(1), '93.6');
    assert.equal(goalOf(mean, [...others, two]).verdict, 'not decided', 'two rounds decide nothing');
    const held = (seconds: readonly number[]) =>
      row('grad-cam', { ours: cell(new Array(5).fill(0.02)), best: cell(seconds) });
    const one = goalOf(mean, [...others, held([0.046, 0.045, 1.872, 0.047, 0.046])]);
    assert.notEqual(one.verdict, 'met');
    near(one.worst.value, geometricMean([...new Array(11).fill(2.2), 2.3]));
    const twice = goalOf(mean, [...others, held([0.046, 1.7, 1.872, 0.047, 0.046])]);
    assert.notEqual(twice.verdict, 'met');
    const records = [...start, ...others, held([0.046, 0.045, 1.872, 0.047, 0.046])];
    assert.match(
      reportMarkdown(records),
      /- Grad-CAM, \(b\) best batch, round 3: 1\.87 s, median 46\.0 ms/,
      'it is named',
    );
  });

  it('sums Table 3 from Max-Sensitivity and a curve of each method', () => {
    const [{ total }] = createReport([...start, ...tableRows(4)]).subjects;
    near(total?.seconds.ours?.value, 24);
    near(total?.seconds.best?.value, 96);
    near(total?.ratio.best?.value, 4);
    assert.match(
      reportMarkdown([...start, ...tableRows(4)]),
      /whole Table 3 at least 3 x.*\| met \| 1 of 1 \| 0 \| 4\.00/,
    );
    assert.equal(methods.length, 12);
  });

  it('gives whole Table 3 an interval and a verdict', () => {
    assert.equal(goalOf(table, tableRows(4)).verdict, 'met');
    assert.equal(goalOf(table, tableRows(1.5)).verdict, 'missed');
    const wild = [1, 10, 2.1, 1, 10];
    const records = tableRows(2.1).map((record) =>
      record.kind === 'row' && record.id === 'morf'
        ? row('morf', { ours: cell(new Array(5).fill(1)), best: cell(wild) })
        : record,
    );
    const goal = goalOf(table, records);
    assert.equal(goal.verdict, 'not decided');
    assert.ok(goal.worst.low < 2 && goal.worst.high > 4, 'the curve, twelve times, goes together');
  });

  it('sums Table 3 at the error of the paper’s counts', () => {
    const atPaper = tableRows(2);
    const known = sampledMethods.map(
      ({ id }): BenchRecord => ({
        ...{ kind: 'precision', network: 'densenet121', size: 120, method: id },
        ...{ asked: 0.1, reached: 0.1, evaluations: 80, count: 30 },
      }),
    );
    const same = sampledMethods.map(({ id }) =>
      row(`same-error-sensitivity-${id}`, { ours: cell(around(0.1)), best: cell(around(1)) }),
    );
    const records = [...start, ...known, ...atPaper, ...same];
    const [{ sameError, rows }] = createReport(records).subjects;
    // 24 parts of 1 s each, five of which take 0.1 s; the peer takes 48 s, or 19 * 2 + 5.
    near(sameError?.total.seconds.ours?.value, 19.5);
    near(sameError?.total.seconds.best?.value, 43);
    near(sameError?.total.ratio.best?.value, 43 / 19.5);
    near(sameError?.paper.best?.value, 48 / 19.5);
    near(sameError?.own.value, 24 / 19.5);
    assert.equal(rows.at(-1)?.share.ours, undefined, 'how much was computed is not known');
    const markdown = reportMarkdown(records);
    assert.match(
      markdown,
      /Same error, Max-Sensitivity, LIME .*yes: error 10 % where 10 % was asked for, 80 evaluations; \(b\): count 30/,
    );
    assert.match(markdown, /with the paper’s counts takes 2\.46 x .* as long/);
    const text = 'whole Table 3 at the error of the paper’s counts, at least 5 x faster than (b) with these';
    assert.equal(goalOf(text, records.slice(start.length)).verdict, 'missed');
  });

  it('takes a map that is not as exact as asked for a goal missed', () => {
    const of = (reached: number): BenchRecord[] => [
      {
        ...{ kind: 'precision', network: 'densenet121', size: 120, method: 'lime' },
        ...{ asked: 0.1, reached, evaluations: 80, count: 6000 },
      },
      row('same-error-lime', { ours: cell(around(0.1)), best: cell(around(1)) }),
    ];
    assert.equal(goalOf('no row slower than (b)', of(0.11)).verdict, 'met');
    assert.equal(goalOf('no row slower than (b)', of(0.3)).verdict, 'missed');
  });

  it('measured nothing, says nothing', () => {
    const { goals } = createReport([...start, ratioRow('saliency', 4)]);
    assert.equal(
      goals.some(({ text }) => text === table),
      false,
    );
  });

  it('writes JSON that holds every interval', () => {
    const report = JSON.parse(JSON.stringify(createReport([...start, ...tableRows(4)])));
    assert.equal(report.subjects[0].total.ratio.best.level, 0.9375);
    assert.equal(report.goals[0].verdict, 'met');
  });
});
