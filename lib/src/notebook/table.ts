/** Tables, danfojs DataFrames among them, as HTML and as text. */
import { htmlText, oneLine } from '../text.js';

/** What a table needs; a danfojs DataFrame has it. */
export interface Table {
  readonly columns: readonly string[];
  /** Rows of cells, or the cells of a single column. */
  readonly values: readonly unknown[];
}

export interface TableOptions {
  /** Stands above the table. */
  readonly caption?: string;
  /** Decimal places of numbers, for all columns or by column (2 for the others); whole numbers in whole columns have none. */
  readonly decimals?: number | Readonly<Record<string, number>>;
  /** Stand below the table, one a line. */
  readonly notes?: readonly string[];
}

interface Cell {
  readonly text: string;
  readonly isNumber: boolean;
}

function cellsOf({ columns, values }: Table, { decimals }: TableOptions): readonly (readonly Cell[])[] {
  const rows = values.map((row) => (Array.isArray(row) ? row : [row]));
  const formats = columns.map((column, i) => {
    const isWhole = rows.every((row) => typeof row[i] !== 'number' || Number.isInteger(row[i]));
    const chosen = typeof decimals === 'number' ? decimals : decimals?.[column];
    return isWhole && chosen === undefined ? 0 : (chosen ?? 2);
  });
  return rows.map((row) => columns.map((_, i) => cell(row[i], formats[i])));
}

function cell(value: unknown, decimals: number): Cell {
  if (typeof value === 'number') {
    return { text: Number.isFinite(value) ? value.toFixed(decimals) : '–', isNumber: true };
  }
  const text = value === null || value === undefined ? '' : String(value);
  return { text: oneLine(text), isNumber: /^[-+–]?[\d.]+( ?[%¹²³])?$/.test(text) };
}

/** The table as HTML; numbers stand right, text left. All texts are escaped. */
export function tableHtml(table: Table, options: TableOptions = {}): string {
  const cells = cellsOf(table, options);
  const { caption, notes = [] } = options;
  const isRight = table.columns.map((_, i) => cells.some((row) => row[i].isNumber));
  const align = (i: number): string => `style="text-align: ${isRight[i] ? 'right' : 'left'}"`;
  return [
    '<table>',
    ...(caption === undefined
      ? []
      : [`<caption style="caption-side: top; text-align: left">${htmlText(caption)}</caption>`]),
    `<thead><tr>${table.columns.map((name, i) => `<th ${align(i)}>${htmlText(name)}</th>`).join('')}</tr></thead>`,
    '<tbody>',
    ...cells.map(
      (row) => `<tr>${row.map(({ text }, i) => `<td ${align(i)}>${htmlText(text)}</td>`).join('')}</tr>`,
    ),
    '</tbody>',
    '</table>',
    ...notes.map((note) => `<div><small>${htmlText(note)}</small></div>`),
  ].join('\n');
}

/** The table as lines of text with aligned columns. */
export function tableText(table: Table, options: TableOptions = {}): string {
  const cells = cellsOf(table, options);
  const { caption, notes = [] } = options;
  const widths = table.columns.map((name, i) =>
    Math.max(name.length, ...cells.map((row) => row[i].text.length)),
  );
  const isRight = table.columns.map((_, i) => cells.some((row) => row[i].isNumber));
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => (isRight[i] ? text.padStart(widths[i]) : text.padEnd(widths[i])))
      .join('  ')
      .trimEnd();
  return [
    ...(caption === undefined ? [] : [caption]),
    line(table.columns),
    line(widths.map((width) => '─'.repeat(width))),
    ...cells.map((row) => line(row.map(({ text }) => text))),
    ...notes,
  ].join('\n');
}
