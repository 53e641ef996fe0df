/** The affine beginning of a network: how far what it computes is a linear map of the image plus a constant. */
import { topologicalOrder } from './graph.js';
import type { Operator, Value } from './node.js';

/** Affine maps of their first input, where the others are given. */
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
 * The last value, a map [N, C, height, width], up to which one affine operator follows the other, the stem's convolution
 * among them; the image itself where the network begins otherwise.
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
