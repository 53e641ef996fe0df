/** A JSON file that holds one object, of bounded size, its fields not yet checked. */

import { InputError, messageOf } from '../error.js';
import { type BoundedFileOptions, readBoundedFile } from './boundedFile.js';
import { parseJson } from './json.js';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws InputError if the file is missing, too large, no UTF-8, no JSON or no object */
export async function readJsonObject(path: string, options: BoundedFileOptions): Promise<JsonObject> {
  const { todo } = options;
  const bytes = await readBoundedFile(path, options);
  let content: unknown;
  try {
    content = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (thrown) {
    throw new InputError({ what: `not JSON: ${messageOf(thrown)}`, where: path, todo });
  }
  if (isJsonObject(content)) return content;
  throw new InputError({ what: 'not a JSON object', where: path, todo });
}
