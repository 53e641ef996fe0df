/** Shape and type inference: one row per operator. */
import type { Operator, OperatorAttributes } from './attributes.js';
import {
  inferConcat,
  inferFlatten,
  inferGather,
  inferPad,
  inferReshape,
  inferSlice,
  inferSplit,
  inferSqueeze,
  inferTranspose,
  inferUnsqueeze,
} from './operators/arrangement.js';
import { inferConv, inferConvTranspose } from './operators/convolution.js';
import { inferBroadcast, inferExpand, inferWhere } from './operators/elementwise.js';
import { inferGemm, inferMatMul } from './operators/matMul.js';
import { inferAveragePool, inferMaxPool } from './operators/pooling.js';
import { inferGlobalAveragePool, inferReduce } from './operators/reduction.js';
import { inferResize } from './operators/resize.js';
import type { TensorType } from './type.js';

type Inference<Op extends Operator> = (
  inputs: readonly TensorType[],
  attributes: OperatorAttributes[Op],
  where: string,
) => readonly TensorType[] | TensorType;

const same = ([x]: readonly TensorType[]): TensorType => ({ dataType: x.dataType, shape: x.shape });
const broadcast = (inputs: readonly TensorType[], _: unknown, where: string): TensorType =>
  inferBroadcast(inputs, where);

const table: { readonly [Op in Operator]: Inference<Op> } = {
  Input: (_, { type }) => type,
  Constant: (_, { value }) => ({ dataType: value.dataType, shape: value.shape }),
  Opaque: (_, { outputTypes }) => outputTypes,
  Conv: inferConv,
  ConvTranspose: inferConvTranspose,
  Gemm: inferGemm,
  MatMul: (inputs, _, where) => inferMatMul(inputs, where),
  Add: broadcast,
  Sub: broadcast,
  Mul: broadcast,
  Div: broadcast,
  Max: broadcast,
  Min: broadcast,
  Pow: broadcast,
  Mod: broadcast,
  Greater: (inputs, _, where) => inferBroadcast(inputs, where, 'bool'),
  Where: (inputs, _, where) => inferWhere(inputs, where),
  BatchNormalization: same,
  Relu: same,
  LeakyRelu: same,
  Elu: same,
  Sigmoid: same,
  Tanh: same,
  Softplus: same,
  Softmax: same,
  LogSoftmax: same,
  Clip: same,
  Abs: same,
  Neg: same,
  Sign: same,
  Exp: same,
  Log: same,
  Sqrt: same,
  Erf: same,
  Sin: same,
  Cos: same,
  Atan: same,
  MaxPool: inferMaxPool,
  AveragePool: inferAveragePool,
  GlobalAveragePool: inferGlobalAveragePool,
  ReduceMean: inferReduce,
  ReduceSum: inferReduce,
  ReduceMax: inferReduce,
  CumSum: same,
  Concat: inferConcat,
  Split: inferSplit,
  Slice: inferSlice,
  Gather: inferGather,
  Expand: inferExpand,
  Pad: inferPad,
  Reshape: inferReshape,
  Flatten: inferFlatten,
  Squeeze: inferSqueeze,
  Unsqueeze: inferUnsqueeze,
  Transpose: inferTranspose,
  Identity: same,
  Dropout: same,
  Resize: inferResize,
  Cast: ([{ shape }], { to }) => ({ dataType: to, shape }),
  ScatterElements: same,
  ZerosLike: same,
};

/** The types of a node's outputs; throws InputError where the operator cannot take these inputs. */
export function inferTypes<Op extends Operator>(
  operator: Op,
  inputs: readonly TensorType[],
  attributes: OperatorAttributes[Op],
  where: string,
): readonly TensorType[] {
  const infer: Inference<Op> = table[operator];
  const types = infer(inputs, attributes, where);
  return 'dataType' in types ? [types] : types;
}
