/** `landlens.json` in a folder of images: the options that the folder is opened with unless others are given. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../error.js';
import { resolveInside } from '../../io/insideFolder.js';
import { readJsonObject } from '../../io/jsonFile.js';
import type { FolderOptions } from '../folder.js';

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
