/** The one kind of error that wrong input causes: what, where, expected, got, what to do. */
import { plainText } from './text.js';

export interface InputErrorParts {
  /** What is wrong, as a short sentence without a full stop. */
  readonly what: string;
  /** The file, argument or node that is wrong. */
  readonly where: string;
  readonly expected?: string;
  readonly got?: string;
  /** What the user can do about it. */
  readonly todo?: string;
}

/** Wrong input. Commands print its message alone (no stack trace) and exit with status 1. */
export class InputError extends Error {
  declare readonly parts: InputErrorParts;

  constructor(parts: InputErrorParts) {
    const { what, where, expected, got, todo } = parts;
    const comparison = [
      ...(expected === undefined ? [] : [`expected ${readable(expected)}`]),
      ...(got === undefined ? [] : [`got ${readable(got)}`]),
    ].join(', ');
    const sentence = `${readable(where)}: ${readable(what)}${comparison ? ` (${comparison})` : ''}.`;
    super(todo ? `${sentence} ${readable(todo)}` : sentence);
    // Notebooks print the stack and the visible properties of what a cell throws. The sentence says it all; where
    // landlens noticed the wrong input helps nobody.
    Object.defineProperty(this, 'parts', { value: parts, enumerable: false });
    Object.defineProperty(this, 'name', { value: 'InputError', enumerable: false });
    this.stack = `InputError: ${this.message}`;
  }
}

/** Parts may quote a file, whose texts are of any length and may hold what would drive a terminal. */
function readable(text: string): string {
  const short = text.length <= 800 ? text : `${text.slice(0, 600)} … ${text.slice(-100)}`;
  return plainText(short);
}

/** An error of one file or argument: what is wrong with it, what was expected and what was got. */
export type Fail = (what: string, expected?: string, got?: string) => InputError;

/** The errors of one place, all with the same advice. */
export const failAt =
  (where: string, todo?: string): Fail =>
  (what, expected, got) =>
    new InputError({ what, where, expected, got, todo });

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** A value that a file holds, in short: a list or object is not written out, since it may be large or nested without end. */
export function describeValue(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  if (value === undefined) return 'nothing';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value);
}
