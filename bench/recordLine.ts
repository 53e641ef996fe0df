/** A line of a benchmark's record: one JSON object that names its kind. */
import { failAt } from 'landlens/error';
import { isJsonObject, isText, parseJson } from 'landlens/io/json';

/**
 * Reads lines of the given kinds, written by this benchmark: their fields are not looked at.
 * @throws InputError for any other line
 */
export const lineReader =
  <Line extends { readonly kind: string }>(kinds: readonly Line['kind'][], todo: string) =>
  (line: string, where: string): Line => {
    const fail = failAt(where, todo);
    let value: unknown;
    try {
      value = parseJson(line);
    } catch {
      throw fail('not a record of this benchmark', 'JSON');
    }
    const isLine = (found: unknown): found is Line =>
      isJsonObject(found) && isText(found.kind) && kinds.some((kind) => kind === found.kind);
    if (isLine(value)) return value;
    throw fail('not a record of this benchmark', `a line of the kinds ${kinds.join(', ')}`);
  };
