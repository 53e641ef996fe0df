/** The affine beginning of a network: the part that is a linear map of the image plus a constant. */

import { topologicalOrder } from './graph.js';
import type { Operator } from './inference.js';
import type { Value } from './node.js';

/** Affine maps of their first input, if the others are fixed. */
const affine = new Set<Operator>([
  'Conv',
  'ConvTranspose',
  'BatchNormalization',
  'Add',
  'Sub',
  'Mul',
  'Pad',
  'AveragePool',
  'Identity',
  'Dropout',
]);

/**
 * The last value [N, C, height, width] of the chain of affine operators with which the network begins, including the
 * stem's convolution; the image itself if it does not begin with one.
 */
export function affinePrefix(image: Value, output: Value): Value {
  const order = topologicalOrder([output]);
  const dependent = new Set<Value>([image]);
  for (const node of order) {
    if (!node.inputs.some((value) => dependent.has(value))) continue;
    for (const value of node.outputs) dependent.add(value);
  }
  const next = (value: Value): Value | undefined => {
    const [user, ...others] = order.filter((node) => node.inputs.includes(value));
    if (user === undefined || others.length > 0 || !affine.has(user.operator)) return undefined;
    const changing = user.inputs.filter((one) => dependent.has(one));
    const [found] = user.outputs;
    return changing.length === 1 && user.inputs[0] === value && found.type.shape?.length === 4
      ? found
      : undefined;
  };
  let last = image;
  for (let found = next(last); found !== undefined; found = next(last)) last = found;
  return last;
}
