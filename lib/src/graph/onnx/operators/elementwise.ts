/** Operators in ONNX that compute each value from the values at the same place of their inputs. */
import { apply, constantOf, scalar } from '../../node.js';
import { isBatch } from '../../type.js';
import { contents, flag, integer, operand, refuse, staticContents } from '../call.js';
import { hardSwishFactors, preluTerms } from '../composed.js';
import { type Decoder, type Decoders, identity, inputsOf, inSinglePrecision, simple } from '../decoder.js';
import { type Encoders, int } from '../encoder.js';
import { dataTypeCodes } from '../schema.js';
import { dataTypeOf } from '../tensorProto.js';

/** A sum or difference, which may be a PReLU. */
const sum =
  (operator: 'Add' | 'Sub'): Decoder =>
  (call) => {
    const [a, b] = inputsOf(call, 2, 2);
    return [apply(operator, preluTerms(operator, a, b) ?? [a, b], {}, call.name)];
  };

/** Whole numbers computed from the image are divided by positive ones only: -2^63 / -1 ends the process. */
const byPositive =
  (decoder: Decoder): Decoder =>
  (call) => {
    const [a, b] = inputsOf(call, 2, 2);
    const items = contents(call, 1) ?? Array.from(constantOf(b)?.data ?? [], Number);
    const positive = items.length > 0 && items.every((item) => isBatch(item) || item > 0);
    if (b.type.dataType.startsWith('float') || positive || call.known(a) !== undefined) return decoder(call);
    throw refuse(
      call,
      'whole numbers are divided by what may not be positive',
      'Divide them as floating-point numbers, or by positive constants.',
    );
  };

/** An operator of any number of inputs as a chain of one of two; the last one keeps the name. */
const chain =
  (operator: 'Add' | 'Max' | 'Min'): Decoder =>
  (call) => {
    const last = call.inputs.length - 1;
    if (last <= 0) return identity(call);
    let result = operand(call, 0);
    for (let i = 1; i <= last; i++) {
      result = apply(operator, [result, operand(call, i)], {}, i === last ? call.name : `${call.name}.${i}`);
    }
    return [result];
  };

export const decoders: Decoders = {
  Add: sum('Add'),
  Sub: sum('Sub'),
  /** It may be a hard-swish. */
  Mul(call) {
    const [a, b] = inputsOf(call, 2, 2);
    return [apply('Mul', hardSwishFactors(a, b), {}, call.name)];
  },
  Div: byPositive(simple('Div', 2)),
  Mod: byPositive((call) => {
    const [a, b] = inputsOf(call, 2, 2);
    return flag(call, 'fmod') || a.type.dataType !== 'int64'
      ? undefined
      : [apply('Mod', [a, b], {}, call.name)];
  }),
  Sum: chain('Add'),
  Max: chain('Max'),
  Min: chain('Min'),
  Pow(call) {
    const [base, exponent] = inputsOf(call, 2, 2);
    if (base.type.dataType !== 'float32' || exponent.type.dataType !== 'float32') return undefined;
    return [apply('Pow', [base, exponent], {}, call.name)];
  },
  Greater: simple('Greater', 2),
  Less: (call) => [apply('Greater', [operand(call, 1), operand(call, 0)], {}, call.name)],
  Where: simple('Where', 3),
  Abs: simple('Abs'),
  Neg: simple('Neg'),
  Sign: simple('Sign'),
  Exp: simple('Exp'),
  Log: simple('Log'),
  Sqrt: simple('Sqrt'),
  Erf: simple('Erf'),
  Sin: simple('Sin'),
  Cos: simple('Cos'),
  Atan: simple('Atan'),
  Reciprocal: inSinglePrecision((call, x) => apply('Div', [scalar(1), x], {}, call.name)),
  Identity: identity,
  Dropout(call) {
    const training = call.inputs[2];
    if (training !== undefined && staticContents(call, 2)?.[0] !== 0) {
      throw refuse(
        call,
        'dropout is in training mode',
        'Export the network for inference (PyTorch: model.eval() first).',
      );
    }
    if (call.outputs.slice(1).some(Boolean)) return undefined;
    return [apply('Dropout', [operand(call, 0)], {}, call.name)];
  },
  Cast(call) {
    const to = dataTypeOf(integer(call, 'to', 0), call.where);
    return [apply('Cast', [operand(call, 0)], { to }, call.name)];
  },
  /** Zeros of the shape of a value are ZerosLike; other fills are folded or left to the engine. */
  ConstantOfShape(call) {
    const { node } = operand(call, 0);
    const fill = call.raw.get('value');
    const zero =
      fill === undefined ||
      (fill.type === 'tensor' && fill.value.dataType === 'float32' && Object.is(fill.value.data[0], 0));
    const ofShape =
      node.operator === 'Opaque' &&
      node.attributes.operator === 'Shape' &&
      node.attributes.domain === '' &&
      Object.keys(node.attributes.raw).length === 0;
    const [source] = node.inputs;
    const float = source?.type.dataType === 'float32';
    return zero && ofShape && float ? [apply('ZerosLike', [source], {}, call.name)] : undefined;
  },
};

export const encoders = {
  Dropout: () => ({ operator: 'Identity' }),
  Cast: ({ attributes: { to } }) => ({ attributes: { to: int(dataTypeCodes[to]) } }),
} satisfies Encoders;
