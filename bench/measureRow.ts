/** One row: agreement first, then a warm-up of every column that says how much is measured, then interleaved rounds. */
import { join } from 'node:path';
import { type Amount, amountText, type Column, chooseAmount, columns } from './amounts.js';
import type { Cell, Measured, NoCell } from './cell.js';
import type { Pair } from './pair.js';
import type { Check, Row, Tuning } from './rows.js';
import { OutOfMemory } from './side.js';
import { difference } from './statistics.js';
import { readTensors, tensorNamed } from './tensorFile.js';

export interface Agreement {
  readonly what: string;
  /** See Difference. */
  readonly largest: number;
  readonly norm: number;
  readonly agrees: boolean;
}

export interface RowResult {
  readonly agreement?: Agreement;
  /** Absent where a column is the same as "best". */
  readonly cells: Readonly<Partial<Record<Column, Cell | NoCell>>>;
}

export interface Effort {
  /** Timings of each column: the fewest, and the most where they are short. */
  readonly rounds: readonly [number, number];
  /** Seconds that one timing may take, the two least amounts apart; infinite to scale nothing. */
  readonly budget: number;
  /** Seconds after which a row starts no round beyond the fewest. */
  readonly rowBudget: number;
  /** Seconds after which a row starts no round at all, so that the dearest have too few for a verdict. Default: none. */
  readonly rowLimit?: number;
}

/** Maps in single precision differ where a ReLU's input is 0 but for rounding: by single pixels, hardly in norm. */
const tolerance = { largest: 1e-3, norm: 0.02 } as const;

async function compare(pair: Pair, { ours, peer, what }: Check, folder: string): Promise<Agreement> {
  const results = [];
  for (const [column, task] of [['ours', ours] as const, ['best', peer] as const]) {
    const path = join(folder, `${column}.result`);
    const { result } = await pair.run(column, task, { keep: path });
    if (result === undefined) throw new Error(`${column} returned nothing to compare`);
    results.push(tensorNamed(await readTensors({ path, entries: [result] }), 'result'));
  }
  const { largest, norm } = difference(results[0].data, results[1].data);
  return { what, largest, norm, agrees: largest <= tolerance.largest || norm <= tolerance.norm };
}

interface Plan {
  readonly column: Column;
  readonly amounts: readonly Amount[];
  /** Seconds of the first amount. */
  readonly seconds: number;
  /** Bytes that the process had before the task and at most, by the amount that was warmed up. */
  readonly memory: Map<number, { readonly start: number; readonly peak: number }>;
}

/** Bytes that the whole takes where its images are in one pass, by the growth with those of a part. */
function wholeMemory(row: Row, { amounts, memory }: Plan, high: number): number {
  const { start, peak } = memory.get(high) ?? { start: 0, peak: 0 };
  const share = row.atOnce(amounts[amounts.length - 1]) / row.atOnce(amounts[high]);
  return start + (peak - start) * share;
}

/** Measures a row on both sides. */
export async function measureRow(
  pair: Pair,
  row: Row,
  tuning: Tuning,
  { rounds: [fewest, most], budget, rowBudget, rowLimit = Infinity }: Effort,
  folder: string,
): Promise<RowResult> {
  await pair.forget();
  const agreement = row.check && (await compare(pair, row.check, folder));
  const plans: Plan[] = [];
  const cells = new Map<Column, Cell | NoCell>();
  const warmUp = async ({ column, amounts, memory }: Omit<Plan, 'seconds'>, i: number): Promise<number> => {
    const task = row.task(column, amounts[i], tuning);
    const { seconds, start, peak } = await pair.run(column, task, { fresh: true });
    memory.set(i, { start, peak });
    return seconds;
  };
  /** Forgets a column for which there is not enough memory; landlens has to make do with what there is. */
  const attempt = async (column: Column, amount: Amount, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (thrown) {
      if (!(thrown instanceof OutOfMemory) || column === 'ours') throw thrown;
      const outOfMemory = column === 'default' ? `${row.atOnce(amount)} images at once` : row.tuned(tuning);
      cells.set(column, { outOfMemory });
    }
  };
  const isWhole = budget === Infinity;
  for (const column of columns) {
    if (column === 'default' && !row.isTunable) continue;
    const all = row.amounts(column);
    const amounts = isWhole ? all.slice(-1) : all;
    await attempt(column, amounts[0], async () => {
      const plan = { column, amounts, memory: new Map() };
      const first = await warmUp(plan, 0);
      // The first run also compiled and allocated.
      const isShort = amounts.length > 1 && first < 2 * budget;
      plans.push({ ...plan, seconds: isShort ? await warmUp(plan, 0) : first });
    });
  }
  const shared = row.hasOwnWork || plans.length === 0 ? undefined : chooseAmount(plans, budget);
  const placesOf = (plan: Plan): readonly number[] => {
    const { low, high } = shared ?? chooseAmount([plan], budget);
    return low === undefined ? [high] : [low, high];
  };
  for (const plan of plans) {
    // Other amounts make other batches, which have to be compiled.
    for (const i of placesOf(plan)) {
      if (i > 0) await attempt(plan.column, plan.amounts[i], async () => void (await warmUp(plan, i)));
    }
  }
  const timed = plans.map((plan) => ({
    ...plan,
    parts: placesOf(plan).map((place) => ({ place, seconds: [] as number[] })),
  }));
  const running = () => timed.filter(({ column }) => !cells.has(column));
  const since = performance.now();
  for (let round = 0; round < most; round++) {
    // Whatever drifts favours no side: every other round runs backwards.
    for (const { column, amounts, parts } of round % 2 === 0 ? running() : running().reverse()) {
      await attempt(column, amounts[parts[parts.length - 1].place], async () => {
        for (const { place, seconds: timings } of parts) {
          const { seconds } = await pair.run(column, row.task(column, amounts[place], tuning));
          timings.push(seconds * amounts[place].times);
        }
      });
    }
    // A round takes as long as the mean of those before it.
    const next = ((performance.now() - since) / 1000) * ((round + 2) / (round + 1));
    if (next > (round + 1 < fewest ? rowLimit : rowBudget)) break;
  }
  for (const { parts, ...plan } of running()) {
    const { column, amounts, memory } = plan;
    const { place: high } = parts[parts.length - 1];
    const batch = column === 'best' ? row.tuned(tuning) : '';
    const needs = column === 'default' ? wholeMemory(row, plan, high) : 0;
    const measured = parts.map(({ place, seconds }): Measured => ({ units: amounts[place].units, seconds }));
    const scaledFrom = parts.map(({ place }) => amountText(amounts[place])).join(' and ');
    cells.set(column, {
      ...{ measured, units: amounts[amounts.length - 1].units, peak: memory.get(high)?.peak ?? 0 },
      ...((high < amounts.length - 1 || amounts[high].times !== 1) && { scaledFrom }),
      ...(batch !== '' && { batch }),
      ...(needs > pair.memory && { needs }),
    });
  }
  return { ...(agreement && { agreement }), cells: Object.fromEntries(cells) };
}
