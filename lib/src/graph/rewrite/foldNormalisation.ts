/** A batch normalisation with stored statistics, taken into the convolution before it. */
import { isFixed, shapeOf } from '../graph.js';
import { type Node, scalar, type Value } from '../node.js';
import { reshape } from '../operators/arrangement.js';
import { conv } from '../operators/convolution.js';
import { add, divide, multiply, squareRoot, subtract } from '../operators/elementwise.js';
import { onlyUser, type Pass } from './rewrite.js';

/** The factor of a normalisation for each channel: scale / sqrt(variance + epsilon). */
export function scaleOf(node: Node): Value {
  if (node.operator !== 'BatchNormalization') throw new Error('a scale comes from a normalisation');
  const [, scale, , , variance] = node.inputs;
  return divide(scale, squareRoot(add(variance, scalar(node.attributes.epsilon))));
}

/** A vector [channels] as [1, ..., channels, ..., 1]. */
export const alongAxis = (vector: Value, { axis, rank }: { axis: number; rank: number }): Value =>
  reshape(
    vector,
    Array.from({ length: rank }, (_, i) => (i === axis ? shapeOf(vector)[0] : 1)),
  );

/** (w * x + b - mean) s + bias = (w s) * x + ((b - mean) s + bias), where nothing else reads the convolution. */
export const foldNormalisation: Pass = (node, [before], context) => {
  if (node.operator !== 'BatchNormalization' || !node.inputs.slice(1).every(isFixed)) return undefined;
  if (before.node.operator !== 'Conv' || onlyUser(node.inputs[0], context) !== node) return undefined;
  const [x, weight, offset] = before.node.inputs;
  if (![weight, offset ?? weight].every(isFixed)) return undefined;
  const [, , bias, mean] = node.inputs;
  const scale = scaleOf(node);
  const folded = multiply(weight, alongAxis(scale, { axis: 0, rank: shapeOf(weight).length }));
  const shift = multiply(offset ? subtract(offset, mean) : subtract(scalar(0), mean), scale);
  return [conv(x, folded, { ...before.node.attributes, bias: add(shift, bias), name: node.name })];
};
