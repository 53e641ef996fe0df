/** The scale of a batch normalisation in a backward pass, taken into the constant weights of a convolution beside it. */
import { topologicalOrder } from '../graph.js';
import { constantOf, type Node, scalar, type Value, withInputs } from '../node.js';
import { reshape } from '../operators/arrangement.js';
import { add, divide, multiply, squareRoot } from '../operators/elementwise.js';
import type { Context, Pass } from './rewrite.js';

const isZero = (value: Value): boolean =>
  constantOf(value)?.data.every((item) => Number(item) === 0) ?? false;

/** A normalisation with zero mean and bias, as the gradient of one with stored statistics is. */
function onlyScales(node: Node): boolean {
  if (node.operator !== 'BatchNormalization') return false;
  const [, scale, bias, mean, variance] = node.inputs;
  return isZero(bias) && isZero(mean) && isFixed(scale) && isFixed(variance);
}

const isFixed = (value: Value): boolean =>
  topologicalOrder([value]).every(({ operator }) => operator !== 'Input' && operator !== 'Opaque');

/** A convolution whose weights can take a scale of its inputs or outputs. */
const isScalable = (node: Node): boolean =>
  (node.operator === 'Conv' || node.operator === 'ConvTranspose') &&
  node.attributes.group === 1 &&
  node.inputs.length === 2 &&
  isFixed(node.inputs[1]);

const isMask = ({ node }: Value): boolean => node.operator === 'Sign';

function onlyUser(value: Value, { users, isOutput }: Context): Node | undefined {
  const found = users(value);
  return found.length === 1 && !isOutput(value) ? found[0] : undefined;
}

/** The normalisation that scales what a convolution computes; a mask between them changes nothing. */
function scaleAfter(convolution: Node, context: Context): Node | undefined {
  const next = onlyUser(convolution.outputs[0], context);
  const isMasking = next?.operator === 'Mul' && next.inputs.some(isMask);
  const scaling = isMasking ? onlyUser(next.outputs[0], context) : next;
  return scaling && onlyScales(scaling) ? scaling : undefined;
}

/** The convolution before a normalisation that takes its scale. */
function convolutionBefore(scaling: Node, context: Context): Node | undefined {
  const { node } = scaling.inputs[0];
  const factors = node.operator === 'Mul' ? node.inputs.map((value) => value.node) : [node];
  return factors.find((factor) => isScalable(factor) && scaleAfter(factor, context) === scaling);
}

const isTakenAfter = (scaling: Node, { users, isOutput }: Context): boolean =>
  !isOutput(scaling.outputs[0]) &&
  users(scaling.outputs[0]).every((user) => isScalable(user) && user.inputs[0] === scaling.outputs[0]);

/** The weights times a factor per channel of one axis. */
function scaled(weight: Value, { node, axis }: { node: Node; axis: number }): Value {
  if (node.operator !== 'BatchNormalization') throw new Error('a scale comes from a normalisation');
  const [, scale, , , variance] = node.inputs;
  const factor = divide(scale, squareRoot(add(variance, scalar(node.attributes.epsilon))));
  const rank = weight.type.shape?.length ?? 0;
  const shape = Array.from({ length: rank }, (_, i) => (i === axis ? -1 : 1));
  const channels = weight.type.shape?.[axis];
  return multiply(
    weight,
    reshape(
      factor,
      shape.map((length) => (length === -1 ? (channels ?? 1) : length)),
    ),
  );
}

/**
 * conv(x) scale = conv'(x) with scaled weights of the output channels, and conv(x scale) with scaled weights of the
 * input channels: exact up to rounding.
 */
export const foldScale: Pass = (node, inputs, context) => {
  if (onlyScales(node)) {
    const isTaken = convolutionBefore(node, context) !== undefined || isTakenAfter(node, context);
    return isTaken ? [inputs[0]] : undefined;
  }
  if (!isScalable(node)) return undefined;
  const [outputAxis, inputAxis] = node.operator === 'Conv' ? [0, 1] : [1, 0];
  let [, weight] = inputs;
  const after = scaleAfter(node, context);
  if (after) weight = scaled(weight, { node: after, axis: outputAxis });
  const before = node.inputs[0].node;
  const isBefore = onlyScales(before) && !convolutionBefore(before, context) && isTakenAfter(before, context);
  if (isBefore) weight = scaled(weight, { node: before, axis: inputAxis });
  return weight === inputs[1] ? undefined : withInputs(node, [inputs[0], weight]).outputs;
};
