/** What the readers of single ONNX operators share. */
import type { None, Operator, OperatorAttributes } from '../inference.js';
import { apply, type Value } from '../node.js';
import type { Shape } from '../type.js';
import { type Call, integers, operand, staticContents } from './call.js';

/** The values of the node's outputs; undefined if landlens can only pass the node through. */
export type Decoder = (call: Call) => readonly Value[] | undefined;

/** By the operator's name in ONNX. */
export type Decoders = Readonly<Record<string, Decoder>>;

/** Operators without attributes. */
type Plain = { [Op in Operator]: OperatorAttributes[Op] extends None ? Op : never }[Operator];

/** An operator without attributes. */
export const simple =
  (operator: Plain, inputs = 1): Decoder =>
  (call) => [apply(operator, inputsOf(call, inputs, inputs), {}, call.name)];

export const identity = simple('Identity');

/** An operator made of others, for float32 inputs. */
export const inSinglePrecision =
  (formula: (call: Call, x: Value) => Value): Decoder =>
  (call) => {
    const x = operand(call, 0);
    return x.type.dataType === 'float32' ? [formula(call, x)] : undefined;
  };

/** The inputs that are needed, and those given of further ones. */
export const inputsOf = (call: Call, required: number, most: number): Value[] => [
  ...Array.from({ length: required }, (_, i) => operand(call, i)),
  ...call.inputs.slice(required, most).filter((value) => value !== undefined),
];

/** Axes given as attribute (before opset `since`) or as input; `unknown` if they are computed. */
export function axesOf(call: Call, since: number): number[] | undefined | 'unknown' {
  if (call.opset < since) return integers(call, 'axes');
  if (call.inputs[1] === undefined) return undefined;
  return staticContents(call, 1) ?? 'unknown';
}

export const member = <Name extends string>(names: readonly Name[], name: string): Name | undefined =>
  names.find((candidate) => candidate === name);

/** The dimensions as numbers; undefined if one is symbolic. */
export function allStatic(dimensions: Shape): number[] | undefined {
  const plainDimensions = dimensions.filter((dimension) => typeof dimension === 'number');
  return plainDimensions.length === dimensions.length ? plainDimensions : undefined;
}
