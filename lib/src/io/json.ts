/** Parsing JSON of unknown origin. */

/** Far more than any file of this field needs; what walks through the value may then do so recursively. */
const maximumDepth = 200;

/** @throws Error where the text is not JSON, or lists and objects nest more than 200 deep */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (isDeeper(value, maximumDepth)) throw new Error(`nested more than ${maximumDepth} deep`);
  return value;
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const inner: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  return depth === 0 || inner.some((each) => isDeeper(each, depth - 1));
}
