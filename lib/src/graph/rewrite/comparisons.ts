/** Signs and zeros by comparisons, for runtimes that lack Sign and ConstantOfShape. */
import { scalar } from '../node.js';
import { greater, where } from '../operators/elementwise.js';
import type { Pass } from './rewrite.js';

/** 1, 0 or -1; behind a ReLU no value is negative. */
export const signByComparison: Pass = (node, [x]) => {
  if (node.operator !== 'Sign') return undefined;
  const zero = scalar(0);
  const negative = x.node.operator === 'Relu' ? zero : where(greater(zero, x), scalar(-1), zero);
  return [where(greater(x, zero), scalar(1), negative)];
};

/** No number is greater than itself, and neither infinity nor NaN is. */
export const zerosByComparison: Pass = (node, [x]) => {
  if (node.operator !== 'ZerosLike' || x.type.dataType !== 'float32') return undefined;
  return [where(greater(x, x), x, scalar(0))];
};
