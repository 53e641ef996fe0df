/** Means, sums, products and extremes over axes in ONNX. */
import type { ReduceAttributes } from '../../inference.js';
import { apply, type NodeOf, type Value } from '../../node.js';
import { absolute, multiply, negate } from '../../operators/elementwise.js';
import { reduceLogSumExp, reduceMax, reduceProduct, reduceSum } from '../../operators/reduction.js';
import { isBatch, normaliseAxis } from '../../type.js';
import { flag, operand, staticContents } from '../call.js';
import { axesOf, type Decoder, type Decoders, identity, inputsOf } from '../decoder.js';
import { type Encoded, type Encoders, flag as int } from '../encoder.js';

type Reduction = (x: Value, attributes: ReduceAttributes, name: string) => Value | undefined;

/** A reduction whose axes are an input from the opset `since` on. */
const over =
  (reduction: Reduction, since = 18): Decoder =>
  (call) => {
    const x = operand(call, 0);
    const given = axesOf(call, since);
    if (given === 'unknown') return undefined;
    if (!given?.length && flag(call, 'noop_with_empty_axes')) return identity(call);
    const axes = given?.length ? given : x.type.shape?.map((_, axis) => axis);
    if (axes === undefined) return undefined;
    const result = reduction(x, { axes, keepDims: flag(call, 'keepdims', true) }, call.name);
    return result && [result];
  };

type Reducing = 'ReduceMean' | 'ReduceSum' | 'ReduceMax';

const reduction =
  (operator: Reducing): Reduction =>
  (x, attributes, name) =>
    apply(operator, [x], attributes, name);

/** Reductions of whole numbers stay the engine's. */
const ofFloats =
  (formula: Reduction): Reduction =>
  (x, attributes, name) =>
    x.type.dataType === 'float32' && x.type.shape !== undefined ? formula(x, attributes, name) : undefined;

const reduceMin: Reduction = (x, attributes, name) =>
  apply('Neg', [reduceMax(negate(x), attributes.axes, attributes.keepDims)], {}, name);

/** The factors must be as many for every batch. */
const reduceProd: Reduction = (x, attributes, name) => {
  const { shape = [] } = x.type;
  const overBatch = attributes.axes.some((axis) => isBatch(shape[normaliseAxis(axis, shape.length, name)]));
  return overBatch ? undefined : reduceProduct(x, attributes, name);
};

/** A sum over axes of what a formula makes of every value, such as a sum of squares. */
const sumOf =
  (term: (x: Value) => Value, last: 'Identity' | 'Sqrt' | 'Log'): Decoder =>
  (call) => {
    const x = operand(call, 0);
    const given = axesOf(call, 18);
    const all = x.type.shape?.map((_, axis) => axis);
    const axes = given === undefined && !flag(call, 'noop_with_empty_axes') ? all : given;
    if (axes === 'unknown' || !axes?.length || x.type.dataType !== 'float32') return undefined;
    return [apply(last, [reduceSum(term(x), axes, flag(call, 'keepdims', true))], {}, call.name)];
  };

export const decoders: Decoders = {
  ReduceMean: over(reduction('ReduceMean')),
  ReduceSum: over(reduction('ReduceSum'), 13),
  ReduceMax: over(ofFloats(reduction('ReduceMax'))),
  ReduceMin: over(ofFloats(reduceMin)),
  ReduceProd: over(ofFloats(reduceProd)),
  ReduceLogSumExp: over(ofFloats(reduceLogSumExp)),
  ReduceL1: sumOf(absolute, 'Identity'),
  ReduceL2: sumOf((x) => multiply(x, x), 'Sqrt'),
  ReduceSumSquare: sumOf((x) => multiply(x, x), 'Identity'),
  ReduceLogSum: sumOf((x) => x, 'Log'),
  CumSum(call) {
    const [x] = inputsOf(call, 2, 2);
    const [axis] = staticContents(call, 1) ?? [];
    if (axis === undefined || x.type.shape === undefined || x.type.dataType !== 'float32') return undefined;
    normaliseAxis(axis, x.type.shape.length, call.where);
    const attributes = { axis, exclusive: flag(call, 'exclusive'), reverse: flag(call, 'reverse') };
    return [apply('CumSum', [x], attributes, call.name)];
  },
};

/** No axes means none here; in ONNX it means all by default. */
const reduce = ({ attributes: { axes, keepDims } }: NodeOf<Reducing>): Encoded => ({
  attributes: { keepdims: int(keepDims), noop_with_empty_axes: int(true) },
  extra: [axes],
});

export const encoders = {
  ReduceMean: reduce,
  ReduceSum: reduce,
  ReduceMax: reduce,
  CumSum: ({ attributes: { axis, exclusive, reverse } }) => ({
    attributes: { exclusive: int(exclusive), reverse: int(reverse) },
    extra: [[axis]],
  }),
} satisfies Encoders;
