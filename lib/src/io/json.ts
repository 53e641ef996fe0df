/** JSON of unknown origin: parsed within bounds, read from files of bounded size, and checked field by field. */
import { failAt, messageOf } from '../error.js';
import { type BoundedFileOptions, readBoundedFile } from './boundedFile.js';

/** Far more than any file of this field needs; what walks through the value may then do so recursively. */
const maximumDepth = 200;

/** @throws Error where the text is not JSON (of bytes: no UTF-8), or lists and objects nest more than 200 deep */
export function parseJson(content: string | Uint8Array): unknown {
  const text =
    typeof content === 'string' ? content : new TextDecoder('utf-8', { fatal: true }).decode(content);
  const value: unknown = JSON.parse(text);
  if (isDeeper(value, maximumDepth)) throw new Error(`nested more than ${maximumDepth} deep`);
  return value;
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const inner: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  return depth === 0 || inner.some((each) => isDeeper(each, depth - 1));
}

export type JsonObject = Readonly<Record<string, unknown>>;

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** The fields of an object; none of anything else. */
export const fieldsOf = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
export const isText = (value: unknown): value is string => typeof value === 'string';
export const isNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value);
/** A whole number from 0. */
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
export const isListOf = <T>(value: unknown, is: (item: unknown) => item is T): value is T[] =>
  Array.isArray(value) && value.every(is);
export const isTexts = (value: unknown): value is string[] => isListOf(value, isText);
export const isNumbers = (value: unknown): value is number[] => isListOf(value, isNumber);

/** Whether a value is what it should be. */
export type Check = (value: unknown) => boolean;

export const isFlag: Check = (value) => typeof value === 'boolean';
export const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
/** An object of any names. */
export const mapOf =
  (check: Check): Check =>
  (value) =>
    isJsonObject(value) && Object.values(value).every(check);
/** An object that has at least these fields. */
export const shape =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isJsonObject(value) && Object.entries(fields).every(([name, check]) => check(value[name]));

/**
 * The one object that a JSON file holds, its fields not yet checked.
 * @throws InputError if the file is missing, too large, no UTF-8, no JSON or no object
 */
export async function readJsonObject(path: string, options: BoundedFileOptions): Promise<JsonObject> {
  const fail = failAt(path, options.todo);
  const bytes = await readBoundedFile(path, options);
  let content: unknown;
  try {
    content = parseJson(bytes);
  } catch (thrown) {
    throw fail(`not JSON: ${messageOf(thrown)}`);
  }
  if (isJsonObject(content)) return content;
  throw fail('not a JSON object');
}
