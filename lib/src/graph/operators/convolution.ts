/** Convolution and transposed convolution of any spatial rank. */
import { InputError } from '../../error.js';
import { shapeOf } from '../graph.js';
import { apply, define, type OperatorAttributes, type Value } from '../node.js';
import { type Shape, shapeText, staticDimension } from '../type.js';

export interface ConvolutionAttributes {
  readonly strides: readonly number[];
  /** Begin of every spatial axis, then end of every spatial axis. */
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  readonly group: number;
}

declare module '../node.js' {
  interface OperatorAttributes {
    Conv: ConvolutionAttributes;
    ConvTranspose: ConvolutionAttributes & { readonly outputPadding: readonly number[] };
  }
}

function channelError(where: string, x: Shape, weight: Shape, expected: string): InputError {
  return new InputError({
    what: 'the input does not fit the weights',
    where,
    expected,
    got: `input ${shapeText(x)}, weights ${shapeText(weight)}`,
  });
}

/** floor((size + pads - dilated kernel) / stride) + 1 along every spatial axis. */
export const Conv = define('Conv', ([x, weight], { strides, pads, dilations, group }, where) => {
  const { dataType } = x;
  if (x.shape === undefined || weight.shape === undefined) return { dataType, shape: undefined };
  const { shape } = x;
  const weights = weight.shape;
  const [outputs, perGroup, ...kernel] = weights;
  if (shape.length !== weight.shape.length || shape[1] !== Number(perGroup) * group) {
    throw channelError(where, shape, weight.shape, `${Number(perGroup) * group} input channels`);
  }
  const spatial = kernel.map((size, i) => {
    const reach = dilations[i] * (staticDimension(size, where) - 1) + 1;
    const padded = staticDimension(shape[i + 2], where) + pads[i] + pads[i + kernel.length];
    if (padded < reach) throw channelError(where, shape, weights, `at least ${reach} padded pixels`);
    return Math.floor((padded - reach) / strides[i]) + 1;
  });
  return { dataType, shape: [shape[0], outputs, ...spatial] };
});

export const ConvTranspose = define(
  'ConvTranspose',
  ([x, weight], { strides, pads, dilations, group, outputPadding }, where) => {
    const { dataType } = x;
    if (x.shape === undefined || weight.shape === undefined) return { dataType, shape: undefined };
    const shape = x.shape;
    const [inputs, perGroup, ...kernel] = weight.shape;
    if (shape.length !== weight.shape.length || shape[1] !== inputs) {
      throw channelError(where, shape, weight.shape, `${inputs} input channels`);
    }
    // The transposed convolution must be the gradient of a convolution; onnxruntime asks for the same.
    if (outputPadding.some((amount, i) => amount >= strides[i])) {
      throw new InputError({
        what: 'the output padding must be smaller than the stride',
        where,
        expected: `less than [${strides.join(', ')}]`,
        got: `[${outputPadding.join(', ')}]`,
      });
    }
    const spatial = kernel.map((size, i) => {
      const reach = dilations[i] * (staticDimension(size, where) - 1) + 1;
      const steps = strides[i] * (staticDimension(shape[i + 2], where) - 1);
      return steps + reach - pads[i] - pads[i + kernel.length] + outputPadding[i];
    });
    return { dataType, shape: [shape[0], Number(perGroup) * group, ...spatial] };
  },
);

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
  return apply(Conv, bias ? [x, weight, bias] : [x, weight], complete(weight, attributes), name);
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
  return apply(ConvTranspose, [x, weight], {
    ...full,
    outputPadding: outputPadding ?? full.strides.map(() => 0),
  });
}
