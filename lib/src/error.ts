/** The one kind of error that wrong input causes: what, where, expected, got, what to do. */

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
      ...(expected === undefined ? [] : [`expected ${expected}`]),
      ...(got === undefined ? [] : [`got ${got}`]),
    ].join(', ');
    super(`${where}: ${what}${comparison ? ` (${comparison})` : ''}.${todo ? ` ${todo}` : ''}`);
    // Notebooks print the stack and the visible properties of what a cell throws. The sentence says it all; where
    // landlens noticed the wrong input helps nobody.
    Object.defineProperty(this, 'parts', { value: parts, enumerable: false });
    Object.defineProperty(this, 'name', { value: 'InputError', enumerable: false });
    this.stack = `InputError: ${this.message}`;
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
