/** The operators that landlens understands, with their attributes in one normalised form (opset differences end in the reader). */
import type { ConstantTensor, DataType, Shape, TensorType } from './type.js';

/** Attribute values as an ONNX file stores them; kept for operators that landlens only passes through. */
export type RawAttribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'string'; readonly value: Uint8Array }
  | { readonly type: 'tensor'; readonly value: ConstantTensor }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly bigint[] }
  | { readonly type: 'strings'; readonly value: readonly Uint8Array[] };

export interface ConvolutionAttributes {
  readonly strides: readonly number[];
  /** Begin of every spatial axis, then end of every spatial axis. */
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  readonly group: number;
}

export interface PoolAttributes {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly ceilMode: boolean;
}

export interface ReduceAttributes {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** What the axes of a Resize become: of these lengths, or so many times as long (rounded down). */
export type ResizeTarget = { readonly sizes: readonly number[] } | { readonly scales: readonly number[] };

type None = Readonly<Record<string, never>>;

export interface OperatorAttributes {
  /** A value fed from outside. */
  Input: { readonly type: TensorType };
  Constant: { readonly value: ConstantTensor };
  /** An operator that the engine can run and landlens cannot differentiate. */
  Opaque: {
    readonly operator: string;
    readonly domain: string;
    /** Version of the domain's operator set that the operator needs, where it is not 18 (own domain) or 1 (others). */
    readonly opset?: number;
    readonly raw: Readonly<Record<string, RawAttribute>>;
    /** ONNX input slot of each input (optional inputs may be missing). */
    readonly slots: readonly number[];
    readonly outputTypes: readonly TensorType[];
  };

  Conv: ConvolutionAttributes;
  ConvTranspose: ConvolutionAttributes & { readonly outputPadding: readonly number[] };
  Gemm: {
    readonly alpha: number;
    readonly beta: number;
    readonly transA: boolean;
    readonly transB: boolean;
  };
  MatMul: None;

  Add: None;
  Sub: None;
  Mul: None;
  Div: None;
  Max: None;
  Min: None;
  Pow: None;
  /** Comparison to a bool tensor. */
  Greater: None;
  Where: None;

  /** Inputs x, scale, bias, mean, variance; mean and variance may be computed values (batch statistics). */
  BatchNormalization: { readonly epsilon: number };

  Relu: None;
  LeakyRelu: { readonly alpha: number };
  Elu: { readonly alpha: number };
  Sigmoid: None;
  Tanh: None;
  Softplus: None;
  Softmax: { readonly axis: number };
  LogSoftmax: { readonly axis: number };
  Clip: { readonly min: number; readonly max: number };
  Abs: None;
  Neg: None;
  Sign: None;
  Exp: None;
  Log: None;
  Sqrt: None;
  Erf: None;
  Sin: None;
  Cos: None;
  Atan: None;

  /** With two outputs the second holds flat int64 indices of the maxima in the whole input. */
  MaxPool: PoolAttributes & { readonly dilations: readonly number[]; readonly indices: boolean };
  AveragePool: PoolAttributes & { readonly countIncludePad: boolean };
  GlobalAveragePool: None;
  ReduceMean: ReduceAttributes;
  ReduceSum: ReduceAttributes;
  ReduceMax: ReduceAttributes;
  /** Sums of the values up to each along an axis: without it (exclusive), or from it on (reverse). */
  CumSum: { readonly axis: number; readonly exclusive: boolean; readonly reverse: boolean };

  Concat: { readonly axis: number };
  Split: { readonly axis: number; readonly sizes: readonly number[] };
  Slice: {
    readonly axes: readonly number[];
    readonly starts: readonly number[];
    readonly ends: readonly number[];
    readonly steps: readonly number[];
  };
  /** Dimensions of 1 are repeated; a length of 1 keeps what is there. */
  Expand: { readonly lengths: readonly number[] };
  /** The values at given positions of one axis. */
  Gather: { readonly axis: number };
  /** Begin of every axis, then end of every axis; negative values crop. */
  Pad: {
    readonly pads: readonly number[];
    readonly mode: 'constant' | 'reflect' | 'edge';
    readonly value: number;
  };
  Reshape: { readonly shape: Shape };
  Flatten: { readonly axis: number };
  Squeeze: { readonly axes: readonly number[] };
  Unsqueeze: { readonly axes: readonly number[] };
  Transpose: { readonly permutation: readonly number[] };
  Identity: None;
  /** Inference: the identity. */
  Dropout: None;
  Resize: {
    readonly mode: 'nearest' | 'linear' | 'cubic';
    readonly coordinates: 'half_pixel' | 'pytorch_half_pixel' | 'asymmetric' | 'align_corners';
    readonly nearest: 'round_prefer_floor' | 'round_prefer_ceil' | 'floor' | 'ceil';
    readonly cubicCoefficient: number;
    /** The axes that are resampled. */
    readonly axes: readonly number[];
    readonly to: ResizeTarget;
  };
  Cast: { readonly to: DataType };

  /** data + updates at flat indices (reduction add), or overwritten by the last update (reduction none). */
  ScatterElements: { readonly axis: number; readonly reduction: 'none' | 'add' };
  /** Remainder of int64 values. */
  Mod: None;
  /** Zeros like the input, whatever its batch. */
  ZerosLike: None;
}

export type Operator = keyof OperatorAttributes;
