/** A notebook file (nbformat 4): read, given other parameters, cleaned of what changes from run to run. */

import { InputError, messageOf } from '../lib/src/error.js';
import { readBoundedFile } from '../lib/src/io/boundedFile.js';
import { isNumbers, isTexts, parseJson } from '../lib/src/io/json.js';

interface Output {
  readonly output_type: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

interface Cell {
  readonly cell_type: string;
  readonly metadata: { readonly tags?: readonly string[] };
  readonly source: string | readonly string[];
  readonly outputs?: readonly Output[];
  readonly [field: string]: unknown;
}

export interface NotebookFile {
  readonly cells: readonly Cell[];
  readonly [field: string]: unknown;
}

/** Values of the constants in the cell tagged "parameters", by name. */
export type Parameters = Readonly<
  Record<string, string | number | boolean | readonly string[] | readonly number[]>
>;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOutput(value: unknown): value is Output {
  if (!isRecord(value) || typeof value.output_type !== 'string') return false;
  return value.data === undefined || isRecord(value.data);
}

function isCell(value: unknown): value is Cell {
  if (!isRecord(value) || typeof value.cell_type !== 'string' || !isRecord(value.metadata)) return false;
  const { outputs = [], source } = value;
  const { tags = [] } = value.metadata;
  const isSource = typeof source === 'string' || isTexts(source);
  return isSource && isTexts(tags) && Array.isArray(outputs) && outputs.every(isOutput);
}

function isNotebook(value: unknown): value is NotebookFile {
  return isRecord(value) && value.nbformat === 4 && Array.isArray(value.cells) && value.cells.every(isCell);
}

/** InputError where the file is no notebook of format 4. */
export async function readNotebook(path: string): Promise<NotebookFile> {
  const bytes = await readBoundedFile(path, { maximumBytes: 2 ** 28, todo: 'Name a notebook file.' });
  let value: unknown;
  try {
    value = parseJson(new TextDecoder().decode(bytes));
  } catch (thrown) {
    throw new InputError({ what: 'not a readable notebook', where: path, got: messageOf(thrown) });
  }
  if (isNotebook(value)) return value;
  throw new InputError({ what: 'not a notebook', where: path, expected: 'nbformat 4 with cells' });
}

/** The list of texts or of numbers that a JSON text holds, undefined where it holds none. */
function listIn(json: string): readonly string[] | readonly number[] | undefined {
  if (!json.startsWith('[')) return undefined;
  try {
    const value = parseJson(json);
    return isTexts(value) || isNumbers(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Reads `NAME=value` texts; numbers, true or false and lists of texts or numbers (in JSON) are taken as such, all else as text. */
export function parseParameters(texts: readonly string[]): Parameters {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, value] = /^([A-Z][A-Z0-9_]*)=([\s\S]*)$/.exec(text) ?? [];
      if (name === undefined) {
        throw new InputError({
          what: 'not a parameter',
          where: '--set',
          expected: 'NAME=value',
          got: `"${text}"`,
        });
      }
      if (value === 'true' || value === 'false') return [name, value === 'true'];
      const list = listIn(value);
      if (list !== undefined) return [name, list];
      const isNumber = value.trim() !== '' && Number.isFinite(Number(value));
      return [name, isNumber ? Number(value) : value];
    }),
  );
}

/** A text as notebooks keep it, whole or in lines; undefined for anything else. */
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : isTexts(value) ? value.join('') : undefined;

const sourceOf = ({ source }: Cell): string => textOf(source) ?? '';

const isParameters = ({ metadata }: Cell): boolean => metadata.tags?.includes('parameters') ?? false;

/** Names of the constants in the cells tagged "parameters". */
export function parametersOf({ cells }: NotebookFile): readonly string[] {
  const sources = cells.filter(isParameters).map(sourceOf);
  return sources.flatMap((source) => [...source.matchAll(/^const (\w+)/gm)].map(([, name]) => name));
}

/**
 * Files and folders that a notebook needs and landlens does not bring: the values of the constants that its metadata list
 * under landlens.needs, a data set's without its kind.
 * @param parameters other values than the notebook's own
 */
export function neededPaths(notebook: NotebookFile, parameters: Parameters = {}): readonly string[] {
  const { metadata } = notebook;
  const { landlens } = isRecord(metadata) ? metadata : {};
  const { needs } = isRecord(landlens) ? landlens : {};
  const source = notebook.cells.filter(isParameters).map(sourceOf).join('\n');
  const known = parametersOf(notebook);
  return (isTexts(needs) ? needs.filter((name) => known.includes(name)) : []).map((name) => {
    const [, own] = new RegExp(`^const ${name} = '([^']*)'`, 'm').exec(source) ?? [];
    return String(parameters[name] ?? own).replace(/^[a-z0-9]+:/, '');
  });
}

/**
 * The notebook with a cell after the one tagged "parameters" that declares its constants anew, as papermill does.
 * InputError for a name that the notebook does not have.
 */
export function withParameters(notebook: NotebookFile, parameters: Parameters, where: string): NotebookFile {
  const entries = Object.entries(parameters);
  if (entries.length === 0) return notebook;
  const index = notebook.cells.findLastIndex(isParameters);
  const known = parametersOf(notebook);
  const unknown = entries.find(([name]) => !known.includes(name));
  if (unknown !== undefined) {
    throw new InputError({
      what: `the notebook has no parameter ${unknown[0]}`,
      where,
      expected: known.join(', ') || 'a cell tagged "parameters"',
    });
  }
  const injected: Cell = {
    cell_type: 'code',
    id: 'injected-parameters',
    metadata: { tags: ['injected-parameters'] },
    execution_count: null,
    outputs: [],
    source: entries.map(([name, value]) => `const ${name} = ${JSON.stringify(value)};`).join('\n'),
  };
  return { ...notebook, cells: notebook.cells.toSpliced(index + 1, 0, injected) };
}

/** What a progress line leaves behind when it has vanished: an output that shows nothing. */
function isEmpty({ output_type: type, data = {}, text }: Output): boolean {
  if (type === 'stream') return text === '';
  return type === 'display_data' && Object.values(data).every((form) => textOf(form)?.trim() === '');
}

/** What tslab 1.0 prints into whatever cell is running when files beside the notebook change; nothing is wrong then. */
const watcherMessage = /^UncaughtException: Error: Unexpected pending rebuildTimer\n(?: {4}at .*\n?)*\s*/gm;

function withoutWatcher(output: Output): Output {
  const text = textOf(output.text);
  if (output.name !== 'stderr' || text === undefined) return output;
  return { ...output, text: text.replace(watcherMessage, '') };
}

/**
 * The notebook, executed from top to bottom, as it is kept: without what vanished and what tslab says of its own files,
 * its code cells numbered in order (tslab tells nbconvert no numbers).
 */
export function encodeNotebook(notebook: NotebookFile): string {
  let count = 0;
  const cells = notebook.cells.map((cell) => {
    if (cell.cell_type !== 'code') return cell;
    count += 1;
    const outputs = (cell.outputs ?? []).map(withoutWatcher).filter((output) => !isEmpty(output));
    return { ...cell, execution_count: count, outputs };
  });
  return `${JSON.stringify({ ...notebook, cells }, null, 1)}\n`;
}

/** The text of every output, what went wrong included. */
export function outputTexts({ cells }: NotebookFile): readonly string[] {
  return cells.flatMap(({ outputs = [] }) =>
    outputs.map(({ text, data }) => textOf(text ?? data?.['text/plain']) ?? ''),
  );
}
