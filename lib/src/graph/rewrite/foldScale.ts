/** The scale of a batch normalisation in a backward pass, taken into the constant weights of a convolution beside it. */
import { isFixed, shapeOf } from '../graph.js';
import { constantOf, type Node, type Value, withInputs } from '../node.js';
import { multiply } from '../operators/elementwise.js';
import { alongAxis, scaleOf } from './foldNormalisation.js';
import { type Context, onlyUser, type Pass } from './rewrite.js';

const isZero = (value: Value): boolean =>
  constantOf(value)?.data.every((item) => Number(item) === 0) ?? false;

/** A normalisation with zero mean and bias, as the gradient of one with stored statistics is. */
function onlyScales(node: Node): boolean {
  if (node.operator !== 'BatchNormalization') return false;
  const [, scale, bias, mean, variance] = node.inputs;
  return isZero(bias) && isZero(mean) && isFixed(scale) && isFixed(variance);
}

/** A convolution whose weights can take a scale of its inputs or outputs. */
const isScalable = (node: Node): boolean =>
  (node.operator === 'Conv' || node.operator === 'ConvTranspose') &&
  node.attributes.group === 1 &&
  node.inputs.length === 2 &&
  isFixed(node.inputs[1]);

const isMask = ({ node }: Value): boolean => node.operator === 'Sign';

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

/** The weights times the scale of a normalisation, along one axis of channels. */
const scaled = (weight: Value, { node, axis }: { node: Node; axis: number }): Value =>
  multiply(weight, alongAxis(scaleOf(node), { axis, rank: shapeOf(weight).length }));

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
