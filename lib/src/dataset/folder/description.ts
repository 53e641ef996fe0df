/** `landlens.json` in a folder of images: the options that the folder is opened with unless others are given. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../error.js';
import { resolveInside } from '../../io/insideFolder.js';
import { readJsonObject } from '../../io/jsonFile.js';
import type { BandStatistics } from '../patch.js';
import type { TableOptions } from './table.js';

export interface FolderOptions extends TableOptions {
  /** What figures and records call the data set; default: the folder's name. */
  readonly name?: string;
  /** Table of labels, relative to the folder; default: 'labels.csv'. */
  readonly table?: string;
  /** Names of the files' bands, in their order; default: the bands' descriptions in the first file. */
  readonly bands?: readonly string[];
  /** The bands wanted, in this order; default: all. */
  readonly select?: readonly string[];
  /** What a value is once scaled; default: 'reflectance x 10,000'. */
  readonly units?: string;
  /** Pixel values are multiplied by this to have the units: 10,000 for a file of reflectances. Default: 1. */
  readonly scale?: number;
  /** Added after that: -1000 for Level-2A digital numbers of processing baseline 04.00. Default: 0. */
  readonly offset?: number;
  /** Mean and deviation of the bands, in the units; default: those that `bandStatistics` kept in the folder. */
  readonly statistics?: BandStatistics;
}

export const descriptionFile = 'landlens.json';

const todo = 'See docs/data.md.';

const isText = (value: unknown): value is string => typeof value === 'string';
const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** The options in the file; none where there is no such file. InputError for a field that is unknown or wrong, and for a table outside the folder. */
export async function readDescription(folder: string): Promise<FolderOptions> {
  const path = join(folder, descriptionFile);
  if (!existsSync(path)) return {};
  const content = await readJsonObject(path, { maximumBytes: 2 ** 20, todo });
  const known = ['name', 'table', 'nameColumn', 'labelColumns', 'splitColumn', 'classes', 'bands', 'select'];
  const numbers = ['scale', 'offset'];
  const field = <T>(
    name: string,
    is: (value: unknown) => value is T,
    expected: string,
  ): Partial<Record<string, T>> => {
    const value = content[name];
    if (value === undefined) return {};
    if (is(value)) return { [name]: value };
    throw new InputError({ what: `"${name}" is of another kind`, where: path, expected, todo });
  };
  const allowed = [...known, ...numbers, 'units'];
  const unknown = Object.keys(content).find((name) => !allowed.includes(name));
  if (unknown !== undefined) {
    throw new InputError({
      what: 'unknown field',
      where: path,
      expected: allowed.join(', '),
      got: JSON.stringify(unknown.slice(0, 40)),
      todo,
    });
  }
  if (isText(content.table)) {
    await resolveInside(folder, content.table, path).catch((thrown) => {
      // That the table does not exist is for its reader to say.
      if (thrown instanceof InputError) throw thrown;
    });
  }
  const isTextOrTexts = (value: unknown): value is string | readonly string[] =>
    isText(value) || isTexts(value);
  return {
    ...field('name', isText, 'a text'),
    ...field('table', isText, 'a text'),
    ...field('nameColumn', isText, 'a text'),
    ...field('splitColumn', isText, 'a text'),
    ...field('units', isText, 'a text'),
    ...field('labelColumns', isTextOrTexts, 'a text or a list of texts'),
    ...field('classes', isTexts, 'a list of texts'),
    ...field('bands', isTexts, 'a list of texts'),
    ...field('select', isTexts, 'a list of texts'),
    ...field('scale', isNumber, 'a number'),
    ...field('offset', isNumber, 'a number'),
  };
}
