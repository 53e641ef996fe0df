/** The CSV of labels of a folder of images, read row by row in bounded memory. */
import { isAbsolute } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { type Fail, failAt, InputError, messageOf } from '../../error.js';
import { openRegularFile } from '../../io/boundedFile.js';
import type { Split } from '../patch.js';
import { splitOf } from '../splitNames.js';

export interface TableOptions {
  /** Heading of the column of file names, relative to the folder, with or without their ending; default: 'name'. */
  readonly nameColumn?: string;
  /**
   * Heading of the column that holds the names of an image's classes, separated by semicolons, or a list of headings,
   * one a class, of columns that hold 0 or 1. Default: 'labels' if there is such a column, else all columns
   * but those of names and splits.
   */
  readonly labelColumns?: string | readonly string[];
  /** Heading of the column that holds train, validation (or val) or test; default: 'split', where there is one. */
  readonly splitColumn?: string;
  /** The classes, in the order of a network's outputs; default: those of the table, sorted or in its columns' order. */
  readonly classes?: readonly string[];
}

export interface TableRow {
  /** Path of the image, relative to the folder, with `/` between its parts. */
  readonly name: string;
  /** Indices into the classes, ascending. Rows with the same labels share them. */
  readonly labels: readonly number[];
  readonly split: Split;
  /** Line of the table that the row ends on, from 1. */
  readonly line: number;
}

export interface Table {
  readonly classes: readonly string[];
  readonly rows: readonly TableRow[];
}

const todo = 'Correct the table: a heading, then a line for each image, separated by commas.';

/**
 * Reads the table.
 * @throws InputError naming file and line: a missing column, a name twice, outside the folder or empty, an unknown class
 *   or split, a cell that is neither 0 nor 1, a line of another length
 */
export async function readTable(path: string, options: TableOptions = {}): Promise<Table> {
  const wrong = failAt(path, todo);
  const { handle } = await openRegularFile(path, {
    name: 'the table of labels',
    todo: 'Name the folder that holds it, or say its name in landlens.json; docs/data.md shows one.',
  });
  let columns: Columns | undefined;
  const found: { name: string; key: string; split: Split; line: number }[] = [];
  const lineOf = new Map<string, number>();
  // The same few sets of labels occur again and again.
  const labelSets = new Map<string, readonly string[]>();
  const classNames = new Set<string>();
  const chosen = options.classes && new Set(options.classes);
  const take = (record: readonly string[], line: number): void => {
    if (columns === undefined) {
      columns = findColumns(record, options, path);
      return;
    }
    const where = `${path}, line ${line}`;
    const fail = failAt(where, todo);
    const name = safeName(record[columns.name], fail);
    const earlier = lineOf.get(name);
    if (earlier !== undefined) {
      const what = `the image is listed twice: ${name}`;
      throw fail(what, 'each image once', `lines ${earlier} and ${line}`);
    }
    lineOf.set(name, line);
    const splitText = columns.split === undefined ? 'test' : record[columns.split];
    const split = splitOf(splitText.toLowerCase());
    if (split === undefined)
      throw fail('unknown split', 'train, validation, val or test', JSON.stringify(splitText));
    const cells = columns.labels.map((index) => record[index]);
    const key = cells.join('\n');
    if (!labelSets.has(key)) {
      const names = labelsIn(cells, columns, where);
      const unknown = chosen && names.find((label) => !chosen.has(label));
      if (unknown !== undefined)
        throw fail('unknown class', options.classes?.join('; '), JSON.stringify(unknown));
      for (const label of names) classNames.add(label);
      labelSets.set(key, names);
    }
    found.push({ name, key, split, line });
  };
  const parser = parse({
    ...{ bom: true, trim: true, skip_empty_lines: true, max_record_size: 2 ** 20 },
    // Taken here, rows need not pass through the stream one by one.
    on_record(record: readonly string[], { lines }) {
      take(record, lines);
      return null;
    },
  });
  try {
    // The stream closes the file, however it ends.
    await pipeline(handle.createReadStream(), parser, new Writable({ objectMode: true }));
  } catch (thrown) {
    if (thrown instanceof InputError) throw thrown;
    const what = messageOf(thrown).split('\n')[0];
    throw wrong(thrown instanceof CsvError ? what : `the file cannot be read: ${what}`);
  }
  if (found.length === 0) throw wrong('the table lists no image');
  const classes = options.classes ?? columns?.classes ?? [...classNames].sort();
  if (classes.length === 0) throw wrong('the table names no class');
  const indexOf = indicesOf(classes);
  const indices = new Map(
    [...labelSets].map(([key, names]) => [
      key,
      [...new Set(names.flatMap((label) => indexOf.get(label) ?? []))].sort((a, b) => a - b),
    ]),
  );
  return {
    classes,
    rows: found.map(({ name, key, split, line }) => ({ name, split, line, labels: indices.get(key) ?? [] })),
  };
}

/** Where each text stands first. */
function indicesOf(texts: readonly string[]): ReadonlyMap<string, number> {
  const indices = new Map<string, number>();
  for (const [index, text] of texts.entries()) if (!indices.has(text)) indices.set(text, index);
  return indices;
}

interface Columns {
  readonly name: number;
  readonly split?: number;
  readonly labels: readonly number[];
  /** Of columns with 0 or 1: the class of each. */
  readonly classes?: readonly string[];
}

function findColumns(heading: readonly string[], options: TableOptions, path: string): Columns {
  const { nameColumn = 'name', splitColumn } = options;
  const indices = indicesOf(heading);
  const repeated = new Set(heading.filter((name, index) => indices.get(name) !== index));
  const indexOf = (name: string): number => {
    const index = indices.get(name);
    if (index !== undefined && !repeated.has(name)) return index;
    const advice = 'Name the columns: options nameColumn, labelColumns and splitColumn.';
    const what = index === undefined ? `no column "${name}"` : `two columns "${name}"`;
    const got = heading.slice(0, 30).join(', ');
    throw failAt(`${path}, line 1`, advice)(what, 'a heading with that column once', got);
  };
  const name = indexOf(nameColumn);
  const splitName = splitColumn ?? heading.find((each) => each === 'split');
  const place = { name, split: splitName === undefined ? undefined : indexOf(splitName) };
  const { labelColumns = heading.includes('labels') ? 'labels' : undefined } = options;
  if (typeof labelColumns === 'string') return { ...place, labels: [indexOf(labelColumns)] };
  const classes = labelColumns ?? heading.filter((_, index) => index !== name && index !== place.split);
  return { ...place, labels: classes.map(indexOf), classes };
}

function labelsIn(cells: readonly string[], { classes }: Columns, where: string): readonly string[] {
  if (classes === undefined) {
    return cells[0]
      .split(';')
      .map((label) => label.trim())
      .filter((label) => label !== '');
  }
  return classes.filter((name, index) => {
    if (cells[index] === '0' || cells[index] === '1') return cells[index] === '1';
    const fail = failAt(where, 'Name the columns of classes: option labelColumns.');
    const got = JSON.stringify(cells[index].slice(0, 60));
    throw fail(`column "${name}" says neither yes nor no`, '0 or 1', got);
  });
}

/** The name with its ending and `/` between its parts; InputError, by `fail`, if it leads out of the folder. */
function safeName(text: string, fail: Fail): string {
  const parts = text.split(/[/\\]/);
  const isSafe =
    text !== '' &&
    !text.includes('\0') &&
    !isAbsolute(text) &&
    !/^[A-Za-z]:/.test(text) &&
    parts.every((part) => part !== '' && part !== '..' && part !== '.');
  if (isSafe) {
    const name = parts.join('/');
    return /\.tiff?$/i.test(name) ? name : `${name}.tif`;
  }
  const got = JSON.stringify(text.slice(0, 80));
  throw fail('not a name of a file in the folder', 'a path inside the folder, such as images/one.tif', got);
}
