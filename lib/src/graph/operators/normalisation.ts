/** Batch normalisation, with stored or with computed statistics; layer normalisation. */
import type { OperatorAttributes } from '../inference.js';
import { apply, scalar, type Value } from '../node.js';
import { add, divide, multiply, squareRoot, subtract } from './elementwise.js';
import { reduceMean } from './reduction.js';

/**
 * (x - mean) / sqrt(variance + epsilon) scale + bias: x [N, C, ..] with one of each [C] per channel. ONNX:
 * BatchNormalization.
 */
export function batchNormalization(
  x: Value,
  { scale, bias, mean, variance }: { scale: Value; bias: Value; mean: Value; variance: Value },
  { epsilon = 1e-5 }: Partial<OperatorAttributes['BatchNormalization']> = {},
  name?: string,
): Value {
  return apply('BatchNormalization', [x, scale, bias, mean, variance], { epsilon }, name);
}

/**
 * (x - mean) / sqrt(variance + epsilon) scale + bias, with mean and variance over these axes of each image. ONNX:
 * LayerNormalization.
 */
export function layerNormalization(
  x: Value,
  { scale, bias }: { scale: Value; bias: Value | undefined },
  { axes, epsilon }: { axes: readonly number[]; epsilon: number },
  name?: string,
): Value {
  const difference = subtract(x, reduceMean(x, axes, true));
  const variance = reduceMean(multiply(difference, difference), axes, true);
  const normal = divide(difference, squareRoot(add(variance, scalar(epsilon))));
  return bias
    ? apply('Add', [multiply(normal, scale), bias], {}, name)
    : apply('Mul', [normal, scale], {}, name);
}
