/** Activation functions in ONNX. */
import { sizeOf } from '../../../tensor.js';
import { apply, scalar, type Value } from '../../node.js';
import { elu, gelu, geluTanh, hardSigmoid, prelu, softplus, tanh } from '../../operators/activation.js';
import { absolute, add, divide, greater } from '../../operators/elementwise.js';
import { normaliseAxis } from '../../type.js';
import { type Call, integer, number, operand, refuse, staticContents, text } from '../call.js';
import { allStatic, type Decoders, inSinglePrecision, simple } from '../decoder.js';
import { type Encoders, float, int, number as tensor } from '../encoder.js';
import { passThrough } from '../opaque.js';

/**
 * Softmax, LogSoftmax or Hardmax over an axis. Before opset 13 they saw a matrix: all axes from `axis` on were one.
 * @param operate applies the operator along one axis.
 */
function alongAxis(call: Call, operate: (x: Value, axis: number, name: string) => Value): readonly Value[] {
  const x = operand(call, 0);
  const { shape } = x.type;
  const axis = integer(call, 'axis', call.opset < 13 ? 1 : -1);
  if (call.opset >= 13) {
    if (shape !== undefined) normaliseAxis(axis, shape.length, call.where);
    return [operate(x, axis, call.name)];
  }
  if (shape === undefined) {
    throw refuse(call, 'before opset 13 this operator needs a known shape', 'Export with opset 13 or later.');
  }
  const at = normaliseAxis(axis, shape.length, call.where);
  if (shape.slice(at + 1).every((dimension) => dimension === 1)) return [operate(x, at, call.name)];
  const rest = allStatic(shape.slice(at));
  if (rest === undefined) throw refuse(call, 'the batch cannot be normalised over');
  const matrix = apply('Reshape', [x], { shape: [...shape.slice(0, at), sizeOf(rest)] }, `${call.name}.rows`);
  return [apply('Reshape', [operate(matrix, at, call.name)], { shape }, `${call.name}.restored`)];
}

export const decoders: Decoders = {
  Relu: simple('Relu'),
  Sigmoid: simple('Sigmoid'),
  Tanh: simple('Tanh'),
  Softplus: simple('Softplus'),
  LeakyRelu: (call) => [
    apply('LeakyRelu', [operand(call, 0)], { alpha: number(call, 'alpha', 0.01) }, call.name),
  ],
  Elu: (call) => [apply('Elu', [operand(call, 0)], { alpha: number(call, 'alpha', 1) }, call.name)],
  Softmax: (call) => alongAxis(call, (x, axis, name) => apply('Softmax', [x], { axis }, name)),
  LogSoftmax: (call) => alongAxis(call, (x, axis, name) => apply('LogSoftmax', [x], { axis }, name)),
  /** Hardmax stays the engine's, in its present form with one axis. */
  Hardmax: (call) =>
    alongAxis(call, (x, axis, name) => {
      const raw = new Map(call.raw).set('axis', { type: 'int', value: BigInt(axis) });
      return passThrough({ ...call, inputs: [x], raw, name })[0];
    }),
  Clip(call) {
    const x = operand(call, 0);
    if (x.type.dataType !== 'float32') return undefined;
    if (call.opset < 11) {
      const min = number(call, 'min', Number.NEGATIVE_INFINITY);
      return [apply('Clip', [x], { min, max: number(call, 'max', Number.POSITIVE_INFINITY) }, call.name)];
    }
    const bound = (index: number, open: number): number | undefined => {
      if (call.inputs[index] === undefined) return open;
      const items = staticContents(call, index);
      return items?.length === 1 ? items[0] : undefined;
    };
    const min = bound(1, Number.NEGATIVE_INFINITY);
    const max = bound(2, Number.POSITIVE_INFINITY);
    return min === undefined || max === undefined ? undefined : [apply('Clip', [x], { min, max }, call.name)];
  },
  Gelu: inSinglePrecision((call, x) =>
    text(call, 'approximate', 'none') === 'tanh' ? geluTanh(x, call.name) : gelu(x, call.name),
  ),
  HardSigmoid: inSinglePrecision((call, x) =>
    hardSigmoid(x, number(call, 'alpha', 0.2), number(call, 'beta', 0.5), call.name),
  ),
  HardSwish: inSinglePrecision((call, x) => apply('Mul', [x, hardSigmoid(x, 1 / 6, 0.5)], {}, call.name)),
  Mish: inSinglePrecision((call, x) => apply('Mul', [x, tanh(softplus(x))], {}, call.name)),
  Softsign: inSinglePrecision((call, x) => apply('Div', [x, add(absolute(x), scalar(1))], {}, call.name)),
  PRelu: inSinglePrecision((call, x) => prelu(x, operand(call, 1), call.name)),
  /** max(0, x) + min(0, alpha (e^(x / alpha) - 1)). */
  Celu: inSinglePrecision((call, x) => {
    const alpha = number(call, 'alpha', 1);
    const curve = elu(divide(x, scalar(alpha)));
    return apply('Mul', [curve, scalar(alpha)], {}, call.name);
  }),
  Selu: inSinglePrecision((call, x) => {
    const alpha = number(call, 'alpha', 1.6732632423543772);
    const gamma = number(call, 'gamma', 1.0507009873554805);
    return apply('Mul', [elu(x, alpha), scalar(gamma)], {}, call.name);
  }),
  /** x above alpha, else 0. */
  ThresholdedRelu: inSinglePrecision((call, x) => {
    const above = greater(x, scalar(number(call, 'alpha', 1)));
    return apply('Where', [above, x, scalar(0)], {}, call.name);
  }),
};

export const encoders = {
  LeakyRelu: ({ attributes: { alpha } }) => ({ attributes: { alpha: float(alpha) } }),
  Elu: ({ attributes: { alpha } }) => ({ attributes: { alpha: float(alpha) } }),
  Softmax: ({ attributes: { axis } }) => ({ attributes: { axis: int(axis) } }),
  LogSoftmax: ({ attributes: { axis } }) => ({ attributes: { axis: int(axis) } }),
  Clip: ({ attributes: { min, max } }) => ({
    extra: [Number.isFinite(min) ? tensor(min) : undefined, ...(Number.isFinite(max) ? [tensor(max)] : [])],
  }),
} satisfies Encoders;
