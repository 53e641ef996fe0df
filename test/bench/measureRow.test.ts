/** How a row is measured: in interleaved rounds, on two amounts where it is extrapolated, with sides that only pretend. */
import assert from 'node:assert/strict';
import type { Column } from '../../bench/amounts.js';
import { hasRun, wholeSeconds } from '../../bench/cell.js';
import { type Effort, measureRow, type RowResult } from '../../bench/measureRow.js';
import type { Pair } from '../../bench/pair.js';
import { rowsAt, sameErrorRowsAt } from '../../bench/rows.js';
import { OutOfMemory } from '../../bench/side.js';
import type { Task } from '../../bench/task.js';

const gibibyte = 2 ** 30;

interface Call {
  readonly column: Column;
  readonly task: Task;
}

/** Sides whose tasks take as long as `secondsOf` says. */
function pretend(secondsOf: (call: Call) => number): { readonly pair: Pair; readonly calls: Call[] } {
  const calls: Call[] = [];
  const pair: Pair = {
    ...{ target: 0, versions: {}, memory: gibibyte },
    async run(column, task) {
      calls.push({ column, task });
      return { seconds: secondsOf({ column, task }), start: 0, peak: gibibyte / 4 };
    },
    async forget() {},
    async stop() {},
  };
  return { pair, calls };
}

const effort: Effort = { rounds: [5, 5], budget: 1, rowBudget: 0 };
const tuning = { forward: 8, gradient: 4 };

const rowNamed = (id: string) => {
  const row = rowsAt(120).find((one) => one.id === id);
  assert.ok(row);
  // What the sides compute is none of this test's business.
  const { check: _, ...rest } = row;
  return rest;
};

const samplesOf = ({ task }: Call): number => ('parameters' in task ? (task.parameters.samples ?? 0) : 0);

function cellOf({ cells }: RowResult, column: Column) {
  const cell = cells[column];
  assert.ok(hasRun(cell));
  return cell;
}

describe('rows of the bench', () => {
  it('lets the sides take turns, every other round backwards', async () => {
    const { pair, calls } = pretend(() => 0.1);
    const result = await measureRow(pair, rowNamed('saliency'), tuning, effort, '');
    assert.deepEqual(
      calls.slice(-10).map(({ column }) => column),
      ['ours', 'best', 'best', 'ours', 'ours', 'best', 'best', 'ours', 'ours', 'best'],
    );
    assert.deepEqual(cellOf(result, 'ours').measured, [{ units: 1, seconds: new Array(5).fill(0.1) }]);
  });

  it('does not scale what every call costs', async () => {
    const fixed: Readonly<Record<Column, number>> = { ours: 0.5, default: 0, best: 2 };
    const { pair } = pretend((call) => fixed[call.column] + 0.01 * samplesOf(call));
    const result = await measureRow(pair, rowNamed('lime'), tuning, effort, '');
    for (const column of ['ours', 'default', 'best'] as const) {
      const cell = cellOf(result, column);
      assert.deepEqual(
        cell.measured.map(({ units }) => units),
        [128, 512],
        'four times the first, as no second is enough for more',
      );
      for (const seconds of wholeSeconds(cell)) {
        assert.ok(Math.abs((seconds ?? 0) - (fixed[column] + 60)) < 1e-9, `${column}: ${seconds}`);
      }
    }
    assert.equal(cellOf(result, 'ours').scaledFrom, '128 samples and 512 samples');
  });

  it('keeps a round in which more work took no longer', async () => {
    let runs = 0;
    const { pair } = pretend((call) => {
      const isSmall = call.column === 'ours' && samplesOf(call) === 128;
      if (isSmall) runs++;
      // After two of the warm-up, the fourth round's.
      const held = isSmall && runs === 6 ? 50 : 0;
      return held + 0.01 * samplesOf(call);
    });
    const result = await measureRow(pair, rowNamed('lime'), tuning, effort, '');
    const rounds = wholeSeconds(cellOf(result, 'ours'));
    assert.deepEqual(
      rounds.map((seconds) => seconds === undefined),
      [false, false, false, true, false],
    );
  });

  it('takes more rounds where they are short, never fewer than asked', async () => {
    const { pair } = pretend(() => 1e-6);
    const count = async (rounds: readonly [number, number], rowBudget: number) => {
      const result = await measureRow(
        pair,
        rowNamed('saliency'),
        tuning,
        { ...effort, rounds, rowBudget },
        '',
      );
      return cellOf(result, 'ours').measured[0].seconds.length;
    };
    assert.equal(await count([5, 9], 60), 9);
    assert.equal(await count([5, 9], 0), 5);
  });

  it('stops early only where it is told to, and then has too few rounds', async () => {
    const { pair } = pretend(() => 1e-6);
    const count = async (rowLimit?: number) => {
      const given = { ...effort, ...(rowLimit !== undefined && { rowLimit }) };
      const result = await measureRow(pair, rowNamed('saliency'), tuning, given, '');
      return cellOf(result, 'ours').measured[0].seconds.length;
    };
    assert.deepEqual([await count(), await count(0), await count(60)], [5, 1, 5]);
  });

  it('gives up a column that has not enough memory, and goes on with the others', async () => {
    const { pair } = pretend((call) => {
      if (call.column === 'default') throw new OutOfMemory('no');
      return 0.01 * samplesOf(call);
    });
    const { cells } = await measureRow(pair, rowNamed('saliency-sg'), tuning, effort, '');
    assert.deepEqual(cells.default, { outOfMemory: '30 images at once' });
    assert.ok(hasRun(cells.ours) && hasRun(cells.best));
  });

  it('does so too where memory ends in the middle of the rounds', async () => {
    let runs = 0;
    const { pair } = pretend(({ column }) => {
      if (column === 'best' && ++runs === 4) throw new OutOfMemory('no');
      return 0.1;
    });
    const { cells } = await measureRow(pair, rowNamed('saliency'), tuning, effort, '');
    assert.deepEqual(cells.best, { outOfMemory: '' });
    assert.ok(hasRun(cells.ours) && cells.ours.measured[0].seconds.length === 5);
  });

  it('asks landlens for the error and Captum for the count', async () => {
    const precision = { method: 'lime', asked: 0.07, reached: 0.07, evaluations: 1900, count: 5400 };
    const { pair, calls } = pretend((call) => (call.column === 'ours' ? 7 : 0.01 * samplesOf(call)));
    const [explanation, sensitivity] = sameErrorRowsAt(120, [precision]);
    const result = await measureRow(pair, explanation, tuning, effort, '');
    assert.deepEqual(wholeSeconds(cellOf(result, 'ours')), new Array(5).fill(7));
    assert.equal(cellOf(result, 'ours').scaledFrom, undefined, 'measured as a whole');
    for (const seconds of wholeSeconds(cellOf(result, 'best'))) {
      assert.ok(Math.abs((seconds ?? 0) - 54) < 1e-9);
    }
    const tasks = calls.flatMap(({ column, task }) =>
      column === 'ours' && 'parameters' in task ? task : [],
    );
    assert.deepEqual(tasks[0].parameters, { tolerance: 0.07 });
    const drawn = await measureRow(pair, sensitivity, tuning, effort, '');
    assert.deepEqual(wholeSeconds(cellOf(drawn, 'ours')), new Array(5).fill(38.5), 'two of eleven maps');
    assert.equal(cellOf(drawn, 'ours').scaledFrom, 'error 7.0 %, 1 draw');
  });
});
