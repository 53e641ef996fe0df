/** One node of a file while it is read: its inputs, its attributes, and what is known of their contents. */

import { failAt, type InputError } from '../../error.js';
import type { RawAttribute } from '../inference.js';
import type { Value } from '../node.js';
import type { DataType, Dimension } from '../type.js';

/** The contents of a small tensor, in which the batch may appear as the symbol N. */
export interface Known {
  readonly dataType: DataType;
  readonly shape: readonly number[];
  readonly items: readonly Dimension[];
}

export interface Call {
  readonly operator: string;
  readonly domain: string;
  readonly opset: number;
  readonly name: string;
  /** For messages. */
  readonly where: string;
  /** Undefined where an optional input is left out. */
  readonly inputs: readonly (Value | undefined)[];
  /** Names of the outputs; empty where an optional output is left out. */
  readonly outputs: readonly string[];
  readonly raw: ReadonlyMap<string, RawAttribute>;
  readonly known: (value: Value) => Known | undefined;
  /** Whether a value follows from what is fed, not from its shape alone. */
  readonly depends: (value: Value) => boolean;
  /** A graph input with the batch, for constants that are repeated for every image. */
  readonly batch: Value | undefined;
  /** The file was exported for a batch of exactly 1, so a leading 1 in a target shape means the batch. */
  readonly batchOfOne: boolean;
}

/**
 * A required input.
 * @throws InputError if it is missing
 */
export function operand(call: Call, index: number): Value {
  const value = call.inputs[index];
  if (value !== undefined) return value;
  throw failAt(call.where)(
    'an input is missing',
    `input ${index + 1}`,
    `${call.inputs.filter(Boolean).length} inputs`,
  );
}

function wrongAttribute(call: Call, name: string, expected: string, got: string): InputError {
  return failAt(call.where)(`attribute "${name}" is not what the operator takes`, expected, got);
}

function attribute<Type extends RawAttribute['type']>(
  call: Call,
  name: string,
  type: Type,
): Extract<RawAttribute, { type: Type }> | undefined {
  const found = call.raw.get(name);
  if (found === undefined) return undefined;
  const isWanted = (candidate: RawAttribute): candidate is Extract<RawAttribute, { type: Type }> =>
    candidate.type === type;
  if (isWanted(found)) return found;
  throw wrongAttribute(call, name, `type ${type}`, found.type);
}

export function integer(call: Call, name: string, fallback: number): number {
  return Number(attribute(call, name, 'int')?.value ?? fallback);
}

export function flag(call: Call, name: string, fallback = false): boolean {
  return integer(call, name, fallback ? 1 : 0) !== 0;
}

export function number(call: Call, name: string, fallback: number): number {
  return attribute(call, name, 'float')?.value ?? fallback;
}

export function text(call: Call, name: string, fallback: string): string {
  const bytes = attribute(call, name, 'string')?.value;
  return bytes === undefined ? fallback : new TextDecoder().decode(bytes);
}

export function integers(call: Call, name: string): number[] | undefined {
  return attribute(call, name, 'ints')?.value.map(Number);
}

export function numbers(call: Call, name: string): readonly number[] | undefined {
  return attribute(call, name, 'floats')?.value;
}

/**
 * A list with one entry per axis, such as strides.
 * @throws InputError if the length is another or an entry is below `minimum`
 */
export function perAxis(
  call: Call,
  name: string,
  { count, fallback, minimum }: { count: number; fallback: number; minimum: number },
): number[] {
  const values = integers(call, name);
  if (values === undefined) return new Array<number>(count).fill(fallback);
  if (values.length === count && values.every((value) => value >= minimum && value < 2 ** 31)) return values;
  throw wrongAttribute(call, name, `${count} whole numbers from ${minimum}`, listText(values));
}

/** A list of a file in short, for messages. */
export const listText = (values: readonly Dimension[]): string => `[${values.slice(0, 16).join(', ')}]`;

/** The contents of an input; undefined if it is left out or computed. */
export function contents(call: Call, index: number): readonly Dimension[] | undefined {
  const value = call.inputs[index];
  return value === undefined ? undefined : call.known(value)?.items;
}

/** The contents of an input as plain numbers; undefined if they depend on the batch. */
export function staticContents(call: Call, index: number): number[] | undefined {
  const items = contents(call, index);
  const plain = items?.filter((item) => typeof item === 'number');
  return plain?.length === items?.length ? plain : undefined;
}

export function refuse(call: Call, what: string, todo?: string): InputError {
  return failAt(call.where, todo)(what);
}
