/** landlens/graph: the network as a graph, its operators, and differentiation by rules, to write a method of your own. */

export { type DifferentiateOptions, differentiate } from './differentiate.js';
export { createGraph, type Graph, shapeOf, substitute } from './graph.js';
export { apply, constant, floats, input, type Node, scalar, type Value } from './node.js';
export { loadOnnx, type OnnxModel, type ReadOptions, readOnnx } from './onnx/read.js';
export { type WriteOptions, writeOnnx } from './onnx/write.js';
export * from './operators/activation.js';
export * from './operators/arrangement.js';
export * from './operators/convolution.js';
export * from './operators/einsum.js';
export * from './operators/elementwise.js';
export { gemm, matMul, matrixTranspose } from './operators/matMul.js';
export * from './operators/normalisation.js';
export { averagePool, maxPool } from './operators/pooling.js';
export { globalAveragePool, reduceMax, reduceMean, reduceSum } from './operators/reduction.js';
export { resize } from './operators/resize.js';
export type { Rule, RuleArguments, RuleTable } from './rule.js';
export { type DeepLiftOptions as DeepLiftRuleOptions, deepLift } from './rules/deepLift.js';
export { deconvnet, guided } from './rules/guided.js';
export { plain } from './rules/plain.js';
export type { DataType, Dimension, Shape } from './type.js';
