/** What a notebook shows of the value at the end of a cell: a table of a DataFrame, a line of landlens's objects. */
import { shortForm } from './shortForm.js';
import { showTable } from './show.js';
import type { Table } from './table.js';

/** The parts of a danfojs DataFrame or Series that tell it from anything else. */
interface Frame extends Table {
  readonly index: readonly unknown[];
}

function isFrame(value: unknown): value is Frame {
  return (
    typeof value === 'object' &&
    value !== null &&
    'columns' in value &&
    Array.isArray(value.columns) &&
    'index' in value &&
    Array.isArray(value.index) &&
    '$dataIncolumnFormat' in value &&
    'values' in value &&
    Array.isArray(value.values)
  );
}

/** Rows of a frame that are shown; of more, these many first ones. */
const shownRows = 20;

/** Four digits of the middle one of the numbers by size; none where all are whole. */
function decimalsOf(cells: readonly unknown[]): number {
  const numbers = cells.filter((cell) => typeof cell === 'number').filter(Number.isFinite);
  if (numbers.every(Number.isInteger)) return 0;
  const sizes = numbers.map(Math.abs).filter((size) => size > 0);
  const middle = sizes.sort((a, b) => a - b)[Math.floor(sizes.length / 2)];
  return Math.min(8, Math.max(0, 3 - Math.floor(Math.log10(middle))));
}

function showFrame({ columns, values, index }: Frame): void {
  // The index of a frame says something where it is not the count of its rows, as after describe() and groupby.
  const isNamed = index.some((name, i) => name !== i);
  const rows = values.slice(0, shownRows).map((row, i) => {
    const cells: readonly unknown[] = Array.isArray(row) ? row : [row];
    return isNamed ? [String(index[i]), ...cells] : cells;
  });
  const shown = isNamed ? ['', ...columns] : columns;
  const decimals = Object.fromEntries(
    shown.map((column, i) => [column, decimalsOf(rows.map((row) => row[i]))]),
  );
  const notes = values.length > shownRows ? [`the first ${shownRows} of ${values.length} rows`] : [];
  showTable({ columns: shown, values: rows }, { notes, decimals });
}

/** tslab's name for the value of a cell's last expression. */
const lastExpression = 'tsLastExpr';

/** What cells export to each other, which holds the last value until it is printed. */
function cellExports(): object | undefined {
  const tslab: unknown = Object.entries(globalThis).find(([name]) => name === '__tslab__')?.[1];
  if (typeof tslab !== 'object' || tslab === null || !('exports' in tslab)) return undefined;
  return typeof tslab.exports === 'object' && tslab.exports !== null ? tslab.exports : undefined;
}

let isInstalled = false;

/**
 * In a kernel, once: bare values at the end of cells and in `console.log` are shown short. tslab offers no hook for the
 * former; it reads the value from the cells' exports, where an inherited property now stands in.
 */
export function showBareValues(): void {
  const exports = cellExports();
  if (isInstalled || exports === undefined) return;
  isInstalled = true;
  let value: unknown;
  const inherited = Object.create(Object.getPrototypeOf(exports), {
    [lastExpression]: {
      get() {
        if (!isFrame(value)) return shortForm(value);
        showFrame(value);
        // Nothing is left to print.
        value = undefined;
        return undefined;
      },
      set(given: unknown) {
        value = given;
      },
    },
  });
  Object.setPrototypeOf(exports, inherited);
  // The cell that is running has declared its own already.
  Reflect.deleteProperty(exports, lastExpression);
  const { log } = console;
  console.log = (...values: readonly unknown[]) => log(...values.map((one) => shortForm(one)));
}
