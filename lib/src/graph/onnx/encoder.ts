/** What the writers of single ONNX operators share. */
import type { Operator, RawAttribute } from '../inference.js';
import type { NodeOf } from '../node.js';
import type { ConstantTensor } from '../type.js';

export type Attributes = Readonly<Record<string, RawAttribute>>;

/** What ONNX needs beside a node's own inputs. */
export interface Encoded {
  /** The name in ONNX; default: the node's own. */
  readonly operator?: string;
  readonly attributes?: Attributes;
  /** int64 tensors and scalars that ONNX takes as inputs after the node's own. */
  readonly extra?: readonly (readonly number[] | ConstantTensor | undefined)[];
}

export type Encoder<Op extends Operator> = (node: NodeOf<Op>) => Encoded;

/** Operators that have no attributes, and their own name in ONNX, need no entry. */
export type Encoders = { readonly [Op in Operator]?: Encoder<Op> };

export const int = (value: number): RawAttribute => ({ type: 'int', value: BigInt(value) });
export const ints = (values: readonly number[]): RawAttribute => ({
  type: 'ints',
  value: values.map(BigInt),
});
export const float = (value: number): RawAttribute => ({ type: 'float', value });
export const text = (value: string): RawAttribute => ({
  type: 'string',
  value: new TextEncoder().encode(value),
});
export const flag = (value: boolean): RawAttribute => int(value ? 1 : 0);

export const number = (value: number): ConstantTensor => ({
  dataType: 'float32',
  shape: [],
  data: Float32Array.of(value),
});
