/** The optimiser Adam (Kingma and Ba, 2015) as graph operators over one flat vector of parameters. */
import { scalar, type Value } from '../graph/node.js';
import { add, divide, multiply, squareRoot, subtract } from '../graph/operators/elementwise.js';

export interface AdamOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

export interface AdamState {
  readonly parameters: Value;
  /** Running mean of the gradient. */
  readonly first: Value;
  /** Running mean of the squared gradient. */
  readonly second: Value;
}

const blend = (old: Value, fresh: Value, keep: number): Value =>
  add(multiply(old, scalar(keep)), multiply(fresh, scalar(1 - keep)));

/** One update; `rate` already holds the bias correction of `correctedRate`. */
export function adam(
  { parameters, first, second }: AdamState,
  gradient: Value,
  rate: Value,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamOptions = {},
): AdamState {
  const nextFirst = blend(first, gradient, beta1);
  const nextSecond = blend(second, multiply(gradient, gradient), beta2);
  const step = divide(nextFirst, add(squareRoot(nextSecond), scalar(epsilon)));
  return { parameters: subtract(parameters, multiply(rate, step)), first: nextFirst, second: nextSecond };
}

/** The step size at update t (from 1), corrected for moments that start at zero. */
export function correctedRate(
  rate: number,
  t: number,
  { beta1 = 0.9, beta2 = 0.999 }: AdamOptions = {},
): number {
  return (rate * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
}
