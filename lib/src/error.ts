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
  override readonly name = 'InputError';

  constructor(readonly parts: InputErrorParts) {
    const { what, where, expected, got, todo } = parts;
    const comparison = [
      ...(expected === undefined ? [] : [`expected ${expected}`]),
      ...(got === undefined ? [] : [`got ${got}`]),
    ].join(', ');
    super(`${where}: ${what}${comparison ? ` (${comparison})` : ''}.${todo ? ` ${todo}` : ''}`);
    // Notebooks print the stack of what a cell throws; where landlens noticed the wrong input helps nobody.
    this.stack = `${this.name}: ${this.message}`;
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
