/** The ordinary gradient: one backward rule per operator. */

import {
  clipRule,
  eluRule,
  leakyReluRule,
  logSoftmaxRule,
  reluRule,
  sigmoidRule,
  softmaxRule,
  softplusRule,
  tanhRule,
} from '../operators/activation.js';
import {
  concatRule,
  gatherRule,
  padRule,
  rearrangeRule,
  sliceRule,
  splitRule,
  transposeRule,
} from '../operators/arrangement.js';
import { cast } from '../operators/cast.js';
import { convRule, convTransposeRule } from '../operators/convolution.js';
import {
  absoluteRule,
  addRule,
  arctangentRule,
  cosineRule,
  divideRule,
  errorFunctionRule,
  expandRule,
  exponentialRule,
  extremumRule,
  logarithmRule,
  multiplyRule,
  negateRule,
  powerRule,
  sineRule,
  squareRootRule,
  subtractRule,
  whereRule,
} from '../operators/elementwise.js';
import { gemmRule, matMulRule } from '../operators/matMul.js';
import { batchNormalizationRule } from '../operators/normalisation.js';
import { averagePoolRule, maxPoolRule } from '../operators/pooling.js';
import {
  cumulativeSumRule,
  globalAveragePoolRule,
  reduceMaxRule,
  reduceMeanRule,
  reduceSumRule,
} from '../operators/reduction.js';
import { resizeRule } from '../operators/resize.js';
import type { RuleTable } from '../rule.js';

export const plain: RuleTable = {
  Conv: convRule,
  ConvTranspose: convTransposeRule,
  Gemm: gemmRule,
  MatMul: matMulRule,
  Add: addRule,
  Sub: subtractRule,
  Mul: multiplyRule,
  Div: divideRule,
  Max: extremumRule,
  Min: extremumRule,
  Pow: powerRule,
  Where: whereRule,
  BatchNormalization: batchNormalizationRule,
  Relu: reluRule,
  LeakyRelu: leakyReluRule,
  Elu: eluRule,
  Sigmoid: sigmoidRule,
  Tanh: tanhRule,
  Softplus: softplusRule,
  Softmax: softmaxRule,
  LogSoftmax: logSoftmaxRule,
  Clip: clipRule,
  Abs: absoluteRule,
  Neg: negateRule,
  Exp: exponentialRule,
  Log: logarithmRule,
  Sqrt: squareRootRule,
  Erf: errorFunctionRule,
  Sin: sineRule,
  Cos: cosineRule,
  Atan: arctangentRule,
  MaxPool: maxPoolRule,
  AveragePool: averagePoolRule,
  GlobalAveragePool: globalAveragePoolRule,
  ReduceMean: reduceMeanRule,
  ReduceSum: reduceSumRule,
  ReduceMax: reduceMaxRule,
  CumSum: cumulativeSumRule,
  Concat: concatRule,
  Split: splitRule,
  Slice: sliceRule,
  Gather: gatherRule,
  Expand: expandRule,
  Pad: padRule,
  Reshape: rearrangeRule,
  Flatten: rearrangeRule,
  Squeeze: rearrangeRule,
  Unsqueeze: rearrangeRule,
  Transpose: transposeRule,
  Identity: ({ gradient }) => [gradient],
  Dropout: ({ gradient }) => [gradient],
  Resize: resizeRule,
  Cast: ({ node, gradient }) => {
    const from = node.inputs[0].type.dataType;
    return [from.startsWith('float') ? cast(gradient, from) : undefined];
  },
};
