/** Operators that landlens passes through to the engine: their present form, and the types of their outputs. */

import { failAt } from '../../error.js';
import { type RawAttribute, sliceRange } from '../inference.js';
import { constant, constantOf, createNode, type Value } from '../node.js';
import {
  broadcastShapes,
  type DataType,
  isBatch,
  normaliseAxis,
  type Shape,
  type TensorType,
} from '../type.js';
import { type Call, contents, flag, integer, integers, operand, refuse, staticContents } from './call.js';
import { dataTypeOf } from './tensorProto.js';

/** The opset in which landlens writes; operators of later ones keep their own. */
export const writtenOpset = 18;

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));

const elementwise = words(
  'Acos Acosh Asin Asinh Atan Atanh Ceil Celu Clip Cos Cosh CumSum Elu Erf Floor Gelu HardSigmoid HardSwish Hardmax ' +
    'InstanceNormalization GroupNormalization LayerNormalization LogSoftmax LpNormalization LRN MeanVarianceNormalization ' +
    'Mish PRelu Reciprocal Round Selu Shrink Sin Sinh Softsign Softmax Swish Tan ThresholdedRelu ScatterElements ScatterND Trilu Not IsNaN IsInf',
);
const broadcasting = words(
  'Add Sub Mul Div Pow Mod And Or Xor Equal Less LessOrEqual Greater GreaterOrEqual Max Min Sum Mean',
);
const reducing = words(
  'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare',
);
const boolean = words('And Or Xor Not Equal Less LessOrEqual Greater GreaterOrEqual IsNaN IsInf');
const integral = words('Shape Size ArgMax ArgMin NonZero');
const recurrent = words('GRU LSTM RNN');
const controlFlow = words('If Loop Scan SequenceMap');

/**
 * Operators passed through, besides those forms that operators.ts does not read: operators that give the same for the
 * same image, of a size that follows from shapes and attributes, and that networks for images hold. Of Microsoft's,
 * those that exporters, quantisers and fusing optimisers write. DynamicQuantizeLinear and similar ones are excluded:
 * an image's scores would depend on the other images of its batch.
 */
export const passedOperators: Readonly<Record<string, ReadonlySet<string>>> = {
  '': words(
    'Acos Acosh AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor ' +
      'CastLike Ceil CenterCropPad Col2Im ConvInteger Cos Cosh CumSum DeformConv DepthToSpace DequantizeLinear Det DFT Equal ' +
      'Floor GatherElements GlobalLpPool GreaterOrEqual GridSample GRU IsInf IsNaN LessOrEqual LpNormalization LpPool LRN ' +
      'LSTM MatMulInteger MaxUnpool Mean MeanVarianceNormalization Not OneHot Or QLinearConv QLinearMatMul QuantizeLinear ' +
      'Range ReduceLogSum ReduceLogSumExp ReduceMax ReduceMin ReduceProd ReverseSequence RMSNormalization RNN ' +
      'RotaryEmbedding Round ScatterND Shape Shrink SimplifiedLayerNormalization Sin Sinh Size SpaceToDepth Swish Tan ' +
      'ThresholdedRelu Tile TopK Trilu Xor',
  ),
  'com.microsoft': words(
    'Attention BiasGelu DequantizeLinear FastGelu FusedConv FusedGemm FusedMatMul Gelu MatMulIntegerToFloat ' +
      'MultiHeadAttention NhwcMaxPool QAttention QGemm QLinearAdd QLinearAveragePool QLinearConcat QLinearConv ' +
      'QLinearGlobalAveragePool QLinearLeakyRelu QLinearMul QLinearReduceMean QLinearSigmoid QLinearSoftmax QuantizeLinear ' +
      'QuickGelu SkipLayerNormalization SkipSimplifiedLayerNormalization',
  ),
};

/** The inputs, beside whole numbers behind the first, that say how large a result is. */
const sizes: ReadonlyMap<string, readonly number[]> = new Map([
  ['ConstantOfShape', [0]],
  ['OneHot', [1]],
  ['Range', [0, 1, 2]],
  ['Resize', [1, 2]],
  ['Upsample', [1]],
]);
/** Operators that compute with whole numbers, or check places that they are given. */
const takesWholeNumbers = words(
  'BitShift BitwiseAnd BitwiseOr BitwiseXor CastLike Concat Gather GatherElements GatherND MaxUnpool Scatter ' +
    'ScatterElements ScatterND Where',
);

/** Sizes, axes and counts that follow from pixels would let an image decide what memory a run takes. */
function refuseImagesInPlaceOfSizes(call: Call): void {
  const { operator, inputs, where } = call;
  for (const [i, value] of inputs.entries()) {
    if (value === undefined || !call.depends(value)) continue;
    const { dataType } = value.type;
    const whole = i > 0 && (dataType === 'int64' || dataType === 'int32');
    const computes = takesWholeNumbers.has(operator) || broadcasting.has(operator);
    if (!sizes.get(operator)?.includes(i) && (!whole || computes)) continue;
    throw failAt(where, 'Export the network for a fixed size of images.')(
      `input ${i + 1} of ${operator.slice(0, 80)} depends on the contents of the image`,
      'sizes, axes and counts that follow from shapes and constants',
    );
  }
}

/** Operators whose result has the type of another input than the first. */
const typedBy: ReadonlyMap<string, number> = new Map([
  ['CastLike', 1],
  ['DequantizeLinear', 1],
  ['OneHot', 2],
  ['QLinearConcat', 1],
  ['QLinearConv', 7],
  ['QLinearMatMul', 7],
  ['Where', 1],
]);

function dataTypeOfOutput(call: Call, index: number): DataType {
  const { operator, raw, where } = call;
  const typing = typedBy.get(operator);
  if (typing !== undefined) return operand(call, typing).type.dataType;
  if (operator === 'QuantizeLinear') return call.inputs[2]?.type.dataType ?? 'uint8';
  if (operator === 'QGemm') return call.inputs[8]?.type.dataType ?? 'float32';
  if (operator === 'ConvInteger' || operator === 'MatMulInteger') return 'int32';
  if (operator === 'MatMulIntegerToFloat' || operator === 'QAttention') return 'float32';
  if (call.domain === '') {
    if (boolean.has(operator)) return 'bool';
    if (integral.has(operator) || (index === 1 && (operator === 'TopK' || operator === 'MaxPool')))
      return 'int64';
    if (operator === 'Dropout' && index === 1) return 'bool';
    const fill = raw.get('value');
    if (operator === 'ConstantOfShape') return fill?.type === 'tensor' ? fill.value.dataType : 'float32';
    if (operator === 'Cast') return dataTypeOf(integer(call, 'to', 0), where);
  }
  return call.inputs.find((value) => value !== undefined)?.type.dataType ?? 'float32';
}

function broadcastAll(call: Call): Shape | undefined {
  return call.inputs.reduce<Shape | undefined>(
    (shape, value) =>
      shape && value?.type.shape ? broadcastShapes(shape, value.type.shape, call.where) : undefined,
    [],
  );
}

function reducedShape(call: Call, shape: Shape): Shape | undefined {
  const stored = call.inputs[1] === undefined ? integers(call, 'axes') : staticContents(call, 1);
  if (call.inputs[1] !== undefined && stored === undefined) return undefined;
  if (stored === undefined && flag(call, 'noop_with_empty_axes')) return shape;
  const axes = stored ?? shape.map((_, axis) => axis);
  const reduced = new Set(axes.map((axis) => normaliseAxis(axis, shape.length, call.where)));
  const keep = flag(call, 'keepdims', true);
  return shape.flatMap((dimension, axis) => (reduced.has(axis) ? (keep ? [1] : []) : [dimension]));
}

/** 0, 1, ..., limit - 1 is as long as the limit, which may be the batch. */
function rangeShape(call: Call): Shape | undefined {
  const [start, limit, delta] = [0, 1, 2].map((i) => contents(call, i)?.[0]);
  return start === 0 && delta === 1 && isBatch(limit) ? [limit] : undefined;
}

/** The shape of the first output, if it is easily inferred. */
function outputShape(call: Call): Shape | undefined {
  const { operator } = call;
  const shape = call.inputs[0]?.type.shape;
  if (call.domain !== '' || shape === undefined) return undefined;
  if (elementwise.has(operator)) return shape;
  if (broadcasting.has(operator)) return broadcastAll(call);
  if (reducing.has(operator)) return reducedShape(call, shape);
  switch (operator) {
    case 'Shape':
      return [
        sliceRange(shape.length, integer(call, 'start', 0), integer(call, 'end', shape.length), 1).count,
      ];
    case 'Size':
      return [];
    case 'Gather': {
      const indices = call.inputs[1]?.type.shape;
      const axis = normaliseAxis(integer(call, 'axis', 0), shape.length, call.where);
      return indices && [...shape.slice(0, axis), ...indices, ...shape.slice(axis + 1)];
    }
    case 'Range':
      return rangeShape(call);
    case 'ConstantOfShape':
      return contents(call, 0);
    case 'Expand': {
      const target = contents(call, 1);
      return target && broadcastShapes(shape, target, call.where);
    }
    default:
      return undefined;
  }
}

/** Forms that changed between the file's opset and the written one: attributes that became inputs. */
function present(call: Call): { inputs: readonly (Value | undefined)[]; raw: Map<string, RawAttribute> } {
  const raw = new Map(call.raw);
  const list = (values: readonly number[]): Value =>
    constant({ dataType: 'int64', shape: [values.length], data: BigInt64Array.from(values, BigInt) });
  const { operator, opset } = call;
  if (call.domain === '' && reducing.has(operator) && raw.has('axes')) {
    const axes = integers(call, 'axes') ?? [];
    raw.delete('axes');
    return { inputs: [call.inputs[0], list(axes)], raw };
  }
  if (call.domain === '' && operator === 'TopK' && opset < 10) {
    const k = integer(call, 'k', 1);
    raw.delete('k');
    return { inputs: [call.inputs[0], list([k])], raw };
  }
  if (call.domain === '' && recurrent.has(operator)) {
    // Without a first state it is 0 for any number of images; files for one image store it as such.
    const isZero = (value: Value): boolean =>
      constantOf(value)?.data.every((item) => Number(item) === 0) ?? false;
    return {
      inputs: call.inputs.map((value, i) => (i >= 5 && value && isZero(value) ? undefined : value)),
      raw,
    };
  }
  return { inputs: call.inputs, raw };
}

/** Refuses an operator that is neither read nor run. */
export function refuseUnlisted(call: Call): void {
  const { operator, domain } = call;
  if (controlFlow.has(operator)) return;
  if (Object.hasOwn(passedOperators, domain) && passedOperators[domain].has(operator)) return;
  const name = `operator ${operator.slice(0, 80)}${domain === '' ? '' : ` of domain "${domain.slice(0, 80)}"`}`;
  throw refuse(
    call,
    `${name} is not supported`,
    'Build this layer from operators that docs/operators.md lists, and export again.',
  );
}

/** A node that only the engine understands; control flow is refused, because its branches hide whole networks. */
export function passThrough(call: Call): readonly Value[] {
  if (call.domain === '' && controlFlow.has(call.operator)) {
    throw refuse(
      call,
      `control flow (${call.operator}) is not supported`,
      'Export the network for inference, without branches and loops (for example by tracing).',
    );
  }
  refuseImagesInPlaceOfSizes(call);
  const shape = outputShape(call);
  const outputTypes = call.outputs.map(
    (_, index): TensorType => ({
      dataType: dataTypeOfOutput(call, index),
      shape: index === 0 ? shape : undefined,
    }),
  );
  const { inputs, raw } = present(call);
  const given = inputs.flatMap((value, slot) => (value === undefined ? [] : [{ value, slot }]));
  const opset = call.domain === '' && call.opset <= writtenOpset ? undefined : call.opset;
  const node = createNode(
    'Opaque',
    given.map(({ value }) => value),
    {
      operator: call.operator,
      domain: call.domain,
      ...(opset === undefined ? {} : { opset }),
      raw: Object.fromEntries(raw),
      slots: given.map(({ slot }) => slot),
      outputTypes,
    },
    call.name,
  );
  return node.outputs;
}
