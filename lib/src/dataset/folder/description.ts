/** `landlens.json` in a folder of images: the options that the folder is opened with unless others are given. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { failAt, InputError } from '../../error.js';
import { resolveInside } from '../../io/insideFolder.js';
import { isNumber, isText, isTexts, readJsonObject } from '../../io/json.js';
import type { BandStatistics } from '../patch.js';
import type { BandChoice } from '../raster/chooseBands.js';
import type { TableOptions } from './table.js';

/** Names of bands not given are the descriptions in the first file. */
export interface FolderOptions extends TableOptions, BandChoice {
  /** What figures and records call the data set; default: the folder's name. */
  readonly name?: string;
  /** Table of labels, relative to the folder; default: 'labels.csv'. */
  readonly table?: string;
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

const text = [isText, 'a text'] as const;
const texts = [isTexts, 'a list of texts'] as const;
const number = [isNumber, 'a number'] as const;
const isTextOrTexts = (value: unknown): value is string | string[] => isText(value) || isTexts(value);

/** What the file may hold: the check of each field, and what it expects. */
const fields = {
  ...{ name: text, table: text, nameColumn: text, splitColumn: text, units: text },
  ...{ classes: texts, bands: texts, select: texts, scale: number, offset: number },
  labelColumns: [isTextOrTexts, 'a text or a list of texts'],
} as const satisfies Partial<Record<keyof FolderOptions, readonly [(value: unknown) => boolean, string]>>;

/** The options in the file; none where there is no such file. InputError for a field that is unknown or wrong, and for a table outside the folder. */
export async function readDescription(folder: string): Promise<FolderOptions> {
  const path = join(folder, descriptionFile);
  if (!existsSync(path)) return {};
  const fail = failAt(path, todo);
  const content = await readJsonObject(path, { maximumBytes: 2 ** 20, todo });
  for (const [name, value] of Object.entries(content)) {
    const [is, expected] = Object.entries(fields).find(([known]) => known === name)?.[1] ?? [];
    if (is === undefined)
      throw fail('unknown field', Object.keys(fields).join(', '), JSON.stringify(name.slice(0, 40)));
    if (!is(value)) throw fail(`"${name}" is of another kind`, expected);
  }
  if (isText(content.table)) {
    await resolveInside(folder, content.table, path).catch((thrown) => {
      // That the table does not exist is for its reader to say.
      if (thrown instanceof InputError) throw thrown;
    });
  }
  // Every field is known and has been checked.
  return content as FolderOptions;
}
