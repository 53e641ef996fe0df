/** Convolution and transposed convolution of any spatial rank. */

import { shapeOf } from '../graph.js';
import type { ConvolutionAttributes, OperatorAttributes } from '../inference.js';
import { apply, type Value } from '../node.js';

function complete(weight: Value, attributes: Partial<ConvolutionAttributes>): ConvolutionAttributes {
  const spatial = shapeOf(weight).slice(2);
  return {
    strides: attributes.strides ?? spatial.map(() => 1),
    pads: attributes.pads ?? [...spatial, ...spatial].map(() => 0),
    dilations: attributes.dilations ?? spatial.map(() => 1),
    group: attributes.group ?? 1,
  };
}

/**
 * A convolution: x [N, C, ..], weight [K, C / group, ..] and bias [K] to [N, K, ..]. Defaults: stride 1, no padding, no
 * dilation, one group. ONNX: Conv.
 * @throws InputError if the input does not fit the weights
 */
export function conv(
  x: Value,
  weight: Value,
  { bias, name, ...attributes }: Partial<ConvolutionAttributes> & { bias?: Value; name?: string } = {},
): Value {
  return apply('Conv', bias ? [x, weight, bias] : [x, weight], complete(weight, attributes), name);
}

/**
 * A transposed convolution: x [N, C, ..] and weight [C, K / group, ..] to [N, K, ..]. ONNX: ConvTranspose.
 * @throws InputError if the input does not fit the weights, or the output padding is not smaller than the stride
 */
export function convTranspose(
  x: Value,
  weight: Value,
  { outputPadding, ...attributes }: Partial<OperatorAttributes['ConvTranspose']> = {},
): Value {
  const full = complete(weight, attributes);
  return apply('ConvTranspose', [x, weight], {
    ...full,
    outputPadding: outputPadding ?? full.strides.map(() => 0),
  });
}
