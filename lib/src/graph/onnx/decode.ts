/** From the nodes of an ONNX file, opsets 7 to 23, to the operators of landlens: one row per ONNX operator. */
import { InputError } from '../../error.js';
import type { OperatorAttributes, ReduceAttributes } from '../attributes.js';
import { isFixed } from '../graph.js';
import { apply, constant, constantOf, createNode, scalar, type Value } from '../node.js';
import { gelu, geluTanh, hardSigmoid, prelu, softplus, tanh } from '../operators/activation.js';
import { reshape } from '../operators/arrangement.js';
import { einsum } from '../operators/einsum.js';
import {
  absolute,
  add,
  divide,
  greater,
  multiply,
  negate,
  squareRoot,
  subtract,
  zerosLike,
} from '../operators/elementwise.js';
import { matMul, matrixTranspose } from '../operators/matMul.js';
import { layerNormalization } from '../operators/normalisation.js';
import { reduceLogSumExp, reduceMean, reduceProduct, reduceSum } from '../operators/reduction.js';
import { depthToSpace, spaceToDepth, tile } from '../operators/tiles.js';
import {
  broadcastShapes,
  type ConstantTensor,
  type Dimension,
  isBatch,
  normaliseAxis,
  perImage,
  rowsPerImage,
  type Shape,
  shapeText,
} from '../type.js';
import {
  type Call,
  contents,
  flag,
  integer,
  integers,
  number,
  numbers,
  operand,
  perAxis,
  refuse,
  staticContents,
  text,
} from './call.js';
import { hardSwishFactors, preluTerms } from './composed.js';
import { passThrough, refuseUnlisted } from './opaque.js';
import { dataTypeOf } from './tensorProto.js';

/** The values of the node's outputs; nothing where landlens can only pass the node through. */
type Decoder = (call: Call) => readonly Value[] | undefined;

type Plain =
  | 'Relu'
  | 'Sigmoid'
  | 'Tanh'
  | 'Softplus'
  | 'Abs'
  | 'Neg'
  | 'Sign'
  | 'Exp'
  | 'Log'
  | 'Sqrt'
  | 'Erf'
  | 'Sin'
  | 'Cos'
  | 'Atan'
  | 'Identity'
  | 'GlobalAveragePool';

/** An operator of one input and no attributes. */
const plain =
  (operator: Plain): Decoder =>
  (call) => [apply(operator, [operand(call, 0)], {}, call.name)];

/** A sum or product, which may be a PReLU or a hard-swish. */
const composed =
  (operator: 'Add' | 'Sub' | 'Mul'): Decoder =>
  (call) => {
    const [a, b] = inputsOf(call, 2, 2);
    const parts = operator === 'Mul' ? hardSwishFactors(a, b) : preluTerms(operator, a, b);
    return [apply(operator, parts ?? [a, b], {}, call.name)];
  };

const binary =
  (operator: 'Div' | 'Greater'): Decoder =>
  (call) => [apply(operator, [operand(call, 0), operand(call, 1)], {}, call.name)];

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
    if (last <= 0) return plain('Identity')(call);
    let result = operand(call, 0);
    for (let i = 1; i <= last; i++) {
      result = apply(operator, [result, operand(call, i)], {}, i === last ? call.name : `${call.name}.${i}`);
    }
    return [result];
  };

const product = (dimensions: readonly number[]): number =>
  dimensions.reduce((total, dimension) => total * dimension, 1);

/** The dimensions as numbers; nothing where one is symbolic. */
function allStatic(dimensions: Shape): number[] | undefined {
  const plainDimensions = dimensions.filter((dimension) => typeof dimension === 'number');
  return plainDimensions.length === dimensions.length ? plainDimensions : undefined;
}

interface Windows {
  readonly strides: number[];
  readonly pads: number[];
  readonly dilations: number[];
}

/** Splits a total padding per axis: the odd pixel goes to the end (SAME_UPPER) or to the begin (SAME_LOWER). */
function splitPads(totals: readonly number[], upper: boolean): number[] {
  const begins = totals.map((total) => (upper ? Math.floor(total / 2) : Math.ceil(total / 2)));
  return [...begins, ...totals.map((total, i) => total - begins[i])];
}

function autoPad(call: Call): 'NOTSET' | 'VALID' | 'SAME_UPPER' | 'SAME_LOWER' {
  const mode = text(call, 'auto_pad', 'NOTSET');
  if (mode === 'NOTSET' || mode === 'VALID' || mode === 'SAME_UPPER' || mode === 'SAME_LOWER') return mode;
  throw new InputError({
    what: 'unknown auto_pad',
    where: call.where,
    expected: 'NOTSET, VALID, SAME_UPPER or SAME_LOWER',
    got: mode.slice(0, 40),
  });
}

/** The image size that a sliding window sees. */
function imageSize(call: Call, { type: { shape } }: Value): number[] {
  const size = shape && allStatic(shape.slice(2));
  if (size !== undefined) return size;
  throw refuse(
    call,
    `the image size must be known here (got ${shapeText(shape)})`,
    'Export the network with static shapes (all but the batch), or pass inputShapes.',
  );
}

/** Strides, pads and dilations of a convolution or pooling window; SAME means ceil(size / stride) outputs. */
function windows(call: Call, x: Value, kernel: readonly number[]): Windows {
  const count = kernel.length;
  const { shape } = x.type;
  if (shape !== undefined && shape.length !== count + 2) {
    throw new InputError({
      what: 'the input has the wrong rank',
      where: call.where,
      expected: `${count + 2} dimensions`,
      got: shapeText(shape),
    });
  }
  const strides = perAxis(call, 'strides', { count, fallback: 1, minimum: 1 });
  const dilations = perAxis(call, 'dilations', { count, fallback: 1, minimum: 1 });
  const mode = autoPad(call);
  if (mode === 'NOTSET') {
    return { strides, dilations, pads: perAxis(call, 'pads', { count: 2 * count, fallback: 0, minimum: 0 }) };
  }
  const pads = new Array<number>(2 * count).fill(0);
  if (mode === 'VALID') return { strides, dilations, pads };
  const size = imageSize(call, x);
  const totals = kernel.map((length, i) => {
    const outputs = Math.ceil(size[i] / strides[i]);
    return Math.max(0, (outputs - 1) * strides[i] + dilations[i] * (length - 1) + 1 - size[i]);
  });
  return { strides, dilations, pads: splitPads(totals, mode === 'SAME_UPPER') };
}

/** The window of a convolution, from its weights; nothing where their shape is not known. */
function kernelOf(call: Call, weight: Value): number[] | undefined {
  const { shape } = weight.type;
  const kernel = shape && allStatic(shape.slice(2));
  const stated = integers(call, 'kernel_shape');
  if (kernel === undefined) return undefined;
  if (shape === undefined || shape.length < 3 || (stated !== undefined && stated.join() !== kernel.join())) {
    throw new InputError({
      what: 'the weights do not fit the kernel',
      where: call.where,
      expected: stated ? `a kernel of [${stated.slice(0, 16).join(', ')}]` : 'weights of rank 3 or more',
      got: shapeText(shape),
    });
  }
  return kernel;
}

function groups(call: Call, channels: Dimension | undefined): number {
  const group = integer(call, 'group', 1);
  if (Number.isSafeInteger(group) && group >= 1 && typeof channels === 'number' && channels % group === 0) {
    return group;
  }
  throw new InputError({
    what: 'the number of groups does not fit the weights',
    where: call.where,
    expected: `a divisor of ${channels ?? 'the channels'}`,
    got: String(group),
  });
}

const inputsOf = (call: Call, required: number, most: number): Value[] => [
  ...Array.from({ length: required }, (_, i) => operand(call, i)),
  ...call.inputs.slice(required, most).filter((value) => value !== undefined),
];

const decodeConv: Decoder = (call) => {
  const [x, weight] = inputsOf(call, 2, 2);
  const kernel = kernelOf(call, weight);
  if (kernel === undefined) return undefined;
  const group = groups(call, weight.type.shape?.[0]);
  return [apply('Conv', inputsOf(call, 2, 3), { ...windows(call, x, kernel), group }, call.name)];
};

/** ONNX derives the pads of a transposed convolution from output_shape, or from SAME: size x stride outputs. */
const decodeConvTranspose: Decoder = (call) => {
  const [x, weight] = inputsOf(call, 2, 2);
  const kernel = kernelOf(call, weight);
  if (kernel === undefined) return undefined;
  const count = kernel.length;
  const group = groups(call, weight.type.shape?.[0]);
  const outputPadding = perAxis(call, 'output_padding', { count, fallback: 0, minimum: 0 });
  const { strides, dilations, pads: given } = windows(call, x, kernel);
  const mode = autoPad(call);
  let pads = given;
  if (call.raw.has('output_shape') || mode.startsWith('SAME')) {
    const size = imageSize(call, x);
    const target = call.raw.has('output_shape')
      ? perAxis(call, 'output_shape', { count, fallback: 1, minimum: 1 })
      : size.map((length, i) => length * strides[i]);
    const totals = size.map(
      (length, i) =>
        strides[i] * (length - 1) + outputPadding[i] + dilations[i] * (kernel[i] - 1) + 1 - target[i],
    );
    if (totals.some((total) => total < 0)) return undefined;
    pads = splitPads(totals, mode === 'SAME_UPPER');
  }
  const attributes = { strides, dilations, pads, group, outputPadding };
  return [apply('ConvTranspose', inputsOf(call, 2, 3), attributes, call.name)];
};

function poolKernel(call: Call): number[] {
  const count = integers(call, 'kernel_shape')?.length;
  if (count) return perAxis(call, 'kernel_shape', { count, fallback: 1, minimum: 1 });
  throw refuse(call, 'attribute "kernel_shape" is missing');
}

const decodeMaxPool: Decoder = (call) => {
  const indices = call.outputs.length > 1 && call.outputs[1] !== '';
  if (indices && flag(call, 'storage_order')) return undefined;
  const x = operand(call, 0);
  const kernel = poolKernel(call);
  const ceilMode = flag(call, 'ceil_mode');
  return createNode('MaxPool', [x], { kernel, ...windows(call, x, kernel), ceilMode, indices }, call.name)
    .outputs;
};

const decodeAveragePool: Decoder = (call) => {
  const x = operand(call, 0);
  const kernel = poolKernel(call);
  const { strides, pads, dilations } = windows(call, x, kernel);
  if (dilations.some((dilation) => dilation !== 1)) return undefined;
  const countIncludePad = flag(call, 'count_include_pad');
  const ceilMode = flag(call, 'ceil_mode');
  return [apply('AveragePool', [x], { kernel, strides, pads, ceilMode, countIncludePad }, call.name)];
};

/** The maximum over the whole image: one window as large as it. */
const decodeGlobalMaxPool: Decoder = (call) => {
  const x = operand(call, 0);
  const kernel = x.type.shape && allStatic(x.type.shape.slice(2));
  if (!kernel?.length) return undefined;
  const ones = kernel.map(() => 1);
  const pads = [...kernel, ...kernel].map(() => 0);
  const attributes = { kernel, strides: ones, pads, dilations: ones, ceilMode: false, indices: false };
  return [apply('MaxPool', [x], attributes, call.name)];
};

const decodeGemm: Decoder = (call) => {
  const attributes = {
    alpha: number(call, 'alpha', 1),
    beta: number(call, 'beta', 1),
    transA: flag(call, 'transA'),
    transB: flag(call, 'transB'),
  };
  return [apply('Gemm', inputsOf(call, 2, 3), attributes, call.name)];
};

const decodeMatMul: Decoder = (call) => {
  const factors = inputsOf(call, 2, 2);
  if (factors.some(({ type: { shape } }) => shape !== undefined && shape.length < 2)) return undefined;
  return [apply('MatMul', factors, {}, call.name)];
};

/** A normalisation of stored weights by their own statistics per channel, as PyTorch writes weight standardisation. */
function standardise(call: Call, [x, scale, bias, ...running]: readonly Value[], shape: Shape): Value[] {
  const axes = shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const momentum = scalar(number(call, 'momentum', 0.9));
  const rest = scalar(1 - number(call, 'momentum', 0.9));
  const mean = reduceMean(x, axes, true);
  const difference = subtract(x, mean);
  const variance = reduceMean(multiply(difference, difference), axes, true);
  const perChannel = (value: Value): Value => reshape(value, mean.type.shape ?? []);
  const deviation = squareRoot(add(variance, scalar(number(call, 'epsilon', 1e-5))));
  const scaled = multiply(divide(difference, deviation), perChannel(scale));
  const statistics = [mean, variance].map((value) => reshape(value, shape.slice(1, 2)));
  const updated = statistics.map((value, i) => add(multiply(running[i], momentum), multiply(value, rest)));
  return [apply('Add', [scaled, perChannel(bias)], {}, call.name), ...updated, ...statistics];
}

const decodeBatchNormalization: Decoder = (call) => {
  const { opset } = call;
  const training = opset >= 14 ? flag(call, 'training_mode') : call.outputs.slice(1).some(Boolean);
  if (opset < 9 && !flag(call, 'spatial', true)) throw refuse(call, 'spatial = 0 is not supported');
  const inputs = inputsOf(call, 5, 5);
  const { shape } = inputs[0].type;
  if (shape !== undefined && shape.length < 2) {
    throw refuse(call, `batch normalisation needs channels (got ${shapeText(shape)})`);
  }
  if (training) {
    if (shape !== undefined && isFixed(inputs[0])) return standardise(call, inputs, shape);
    throw refuse(
      call,
      'batch normalisation is in training mode',
      'Export the network for inference (PyTorch: model.eval() first).',
    );
  }
  return [apply('BatchNormalization', inputs, { epsilon: number(call, 'epsilon', 1e-5) }, call.name)];
};

const decodeDropout: Decoder = (call) => {
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
};

const decodeClip: Decoder = (call) => {
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
};

/**
 * Softmax and its kin over the axis. Before opset 13 they saw a matrix: all axes from `axis` on were one.
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
  const matrix = apply(
    'Reshape',
    [x],
    { shape: [...shape.slice(0, at), product(rest)] },
    `${call.name}.rows`,
  );
  return [apply('Reshape', [operate(matrix, at, call.name)], { shape }, `${call.name}.restored`)];
}

const decodeSoftmax: Decoder = (call) =>
  alongAxis(call, (x, axis, name) => apply('Softmax', [x], { axis }, name));

const decodeLogSoftmax: Decoder = (call) =>
  alongAxis(call, (x, axis, name) => apply('LogSoftmax', [x], { axis }, name));

/** Hardmax stays the engine's, in its present form with one axis. */
const decodeHardmax: Decoder = (call) =>
  alongAxis(call, (x, axis, name) => {
    const raw = new Map(call.raw).set('axis', { type: 'int', value: BigInt(axis) });
    return passThrough({ ...call, inputs: [x], raw, name })[0];
  });

/** Axes given as attribute (before opset `since`) or as input; `unknown` where they are computed. */
function axesOf(call: Call, since: number): number[] | undefined | 'unknown' {
  if (call.opset < since) return integers(call, 'axes');
  if (call.inputs[1] === undefined) return undefined;
  return staticContents(call, 1) ?? 'unknown';
}

type Reduction = (x: Value, attributes: ReduceAttributes, name: string) => Value | undefined;

/** A reduction whose axes are an input from the opset `since` on. */
const decodeReduce =
  (reduction: Reduction, since = 18): Decoder =>
  (call) => {
    const x = operand(call, 0);
    const given = axesOf(call, since);
    if (given === 'unknown') return undefined;
    if (!given?.length && flag(call, 'noop_with_empty_axes')) return plain('Identity')(call);
    const axes = given?.length ? given : x.type.shape?.map((_, axis) => axis);
    if (axes === undefined) return undefined;
    const result = reduction(x, { axes, keepDims: flag(call, 'keepdims', true) }, call.name);
    return result && [result];
  };

const reduction =
  (operator: 'ReduceMean' | 'ReduceSum' | 'ReduceMax'): Reduction =>
  (x, attributes, name) =>
    apply(operator, [x], attributes, name);

/** Reductions of whole numbers stay the engine's. */
const ofFloats =
  (formula: Reduction): Reduction =>
  (x, attributes, name) =>
    x.type.dataType === 'float32' && x.type.shape !== undefined ? formula(x, attributes, name) : undefined;

const reduceMin: Reduction = (x, attributes, name) =>
  apply('Neg', [apply('ReduceMax', [negate(x)], attributes)], {}, name);

/** The factors must be as many for every batch. */
const reduceProd: Reduction = (x, attributes, name) => {
  const { shape = [] } = x.type;
  const overBatch = attributes.axes.some((axis) => isBatch(shape[normaliseAxis(axis, shape.length, name)]));
  return overBatch ? undefined : reduceProduct(x, attributes, name);
};

const decodeConcat: Decoder = (call) => {
  const given = call.inputs.map((_, i) => operand(call, i));
  // In a file for one image a constant beside a batch stands for every image.
  const batched = call.batchOfOne && given.some(({ type: { shape } }) => shape?.[0] === 'N');
  const values = given.map((value) => {
    const { shape, dataType } = value.type;
    if (!batched || shape?.[0] !== 1 || dataType !== 'float32') return value;
    return spreadTo(call, value, shape.with(0, 'N')) ?? value;
  });
  const first = operand(call, 0);
  const axis = integer(call, 'axis', 1);
  if (first.type.shape !== undefined) normaliseAxis(axis, first.type.shape.length, call.where);
  return [apply('Concat', values, { axis }, call.name)];
};

const decodeSplit: Decoder = (call) => {
  const x = operand(call, 0);
  const axis = integer(call, 'axis', 0);
  const count = call.outputs.length;
  const given = call.opset < 13 ? integers(call, 'split') : staticContents(call, 1);
  if (given !== undefined) {
    if (given.length !== count || given.some((size) => size < 0)) {
      throw new InputError({
        what: 'split sizes and outputs disagree',
        where: call.where,
        expected: `${count} sizes`,
        got: `[${given.slice(0, 16).join(', ')}]`,
      });
    }
    return createNode('Split', [x], { axis, sizes: given }, call.name).outputs;
  }
  const { shape } = x.type;
  if ((call.opset >= 13 && call.inputs[1] !== undefined) || shape === undefined) return undefined;
  const length = shape[normaliseAxis(axis, shape.length, call.where)];
  if (isBatch(length)) throw refuse(call, 'the batch cannot be split');
  // Equal parts; the last is smaller where they do not divide the length.
  const part = Math.ceil(length / count);
  const sizes = Array.from({ length: count }, (_, i) => Math.max(0, Math.min(part, length - i * part)));
  return createNode('Split', [x], { axis, sizes }, call.name).outputs;
};

/** Bounds beyond every tensor mean "to the end"; files write them as the largest int64, which no number holds. */
const bounded = (value: number): number => Math.min(Math.max(value, -(2 ** 31)), 2 ** 31 - 1);

const decodeSlice: Decoder = (call) => {
  const x = operand(call, 0);
  const asInputs = call.opset >= 10;
  const starts = asInputs ? staticContents(call, 1) : integers(call, 'starts');
  const ends = asInputs ? staticContents(call, 2) : integers(call, 'ends');
  if (starts === undefined || ends === undefined) {
    if (asInputs) return undefined;
    throw refuse(call, 'attributes "starts" and "ends" are needed');
  }
  const count = starts.length;
  const list = (index: number, name: string, otherwise: (i: number) => number): number[] | undefined => {
    if (!asInputs) return integers(call, name) ?? starts.map((_, i) => otherwise(i));
    if (call.inputs[index] === undefined) return starts.map((_, i) => otherwise(i));
    return staticContents(call, index);
  };
  const axes = list(3, 'axes', (i) => i);
  const steps = asInputs ? list(4, 'steps', () => 1) : starts.map(() => 1);
  if (axes === undefined || steps === undefined) return undefined;
  if ([ends, axes, steps].some((values) => values.length !== count) || steps.includes(0)) {
    throw new InputError({
      what: 'starts, ends, axes and steps do not fit together',
      where: call.where,
      expected: `${count} of each, no step of 0`,
      got: `${ends.length} ends, ${axes.length} axes, steps [${steps.slice(0, 16).join(', ')}]`,
    });
  }
  const { shape } = x.type;
  /** The whole batch, which a slice may name but not cut. */
  const wholeBatch = (i: number): boolean =>
    isBatch(shape?.[normaliseAxis(axes[i], shape.length, call.where)]) &&
    steps[i] === 1 &&
    (starts[i] === 0 || starts[i] <= -(2 ** 31)) &&
    ends[i] >= 2 ** 31 - 1;
  const kept = axes.flatMap((_, i) => (wholeBatch(i) ? [] : [i]));
  if (kept.length === 0) return plain('Identity')(call);
  const attributes = {
    axes: kept.map((i) => axes[i]),
    starts: kept.map((i) => bounded(starts[i])),
    ends: kept.map((i) => bounded(ends[i])),
    steps: kept.map((i) => bounded(steps[i])),
  };
  return [apply('Slice', [x], attributes, call.name)];
};

/** In a file for one image the rows of each image are one more axis, from which the same positions are taken. */
function gatherPerImage(call: Call, x: Value, indices: Value, axis: number): Value | undefined {
  const shape = x.type.shape ?? [];
  const [first, ...others] = allStatic(indices.type.shape ?? []) ?? [];
  if (first === undefined) return undefined;
  const before = shape.slice(0, axis);
  const after = shape.slice(axis + 1);
  const split = reshape(x, [...before, 'N', perImage(shape[axis]), ...after]);
  const taken = apply('Gather', [split, indices], { axis: axis + 1 }, call.name);
  return reshape(taken, [...before, rowsPerImage(first), ...others, ...after]);
}

/** One position of an axis, x[:, 3], is a slice without that axis; shapes and other integers stay the engine's. */
const decodeGather: Decoder = (call) => {
  const [x, indices] = inputsOf(call, 2, 2);
  const { shape } = x.type;
  const picked = indices.type.shape;
  if (shape === undefined || picked === undefined) return undefined;
  const axis = normaliseAxis(integer(call, 'axis', 0), shape.length, call.where);
  const length = shape[axis];
  const constantIndices = constantOf(indices);
  const outside =
    constantIndices &&
    Array.from(constantIndices.data, Number).find(
      (index) => index < -perImage(length) || index >= perImage(length),
    );
  if (outside !== undefined && (!isBatch(length) || call.batchOfOne)) {
    throw refuse(call, `no position ${outside} along axis ${axis} of ${shapeText(shape)}`);
  }
  const [index] = staticContents(call, 1) ?? [];
  if (picked.length === 0 && index !== undefined && !isBatch(length)) {
    const start = index < 0 ? index + length : index;
    const part = { axes: [axis], starts: [start], ends: [start + 1], steps: [1] };
    const slice = apply('Slice', [x], part, `${call.name}.slice`);
    return [apply('Squeeze', [slice], { axes: [axis] }, call.name)];
  }
  const batches = [...shape.toSpliced(axis, 1), ...picked].filter(isBatch).length;
  if (x.type.dataType !== 'float32' || batches > 1) return undefined;
  if (isBatch(length) && !picked.some(isBatch)) {
    const result = call.batchOfOne ? gatherPerImage(call, x, indices, axis) : undefined;
    return result && [result];
  }
  return [apply('Gather', [x, indices], { axis }, call.name)];
};

/** Positions over the leading axes, x[i, j], as positions along these axes merged into one. */
const decodeGatherND: Decoder = (call) => {
  const [x, indices] = inputsOf(call, 2, 2);
  const picked = indices.type.shape;
  const depth = picked?.at(-1);
  const { shape, dataType } = x.type;
  if (shape === undefined || picked === undefined || typeof depth !== 'number' || dataType !== 'float32') {
    return undefined;
  }
  const leading = allStatic(shape.slice(0, depth));
  const rest = shape.slice(depth);
  const stored = constantOf(indices);
  const whole = indices.type.dataType === 'int64';
  if (integer(call, 'batch_dims', 0) !== 0 || depth < 1 || leading?.length !== depth || !whole)
    return undefined;
  if (stored === undefined) {
    if (depth > 1) return undefined;
    return [apply('Gather', [x, reshape(indices, picked.slice(0, -1))], { axis: 0 }, call.name)];
  }
  const data = new BigInt64Array(stored.data.length / depth);
  for (const [i, index] of Array.from(stored.data, Number).entries()) {
    const length = leading[i % depth];
    if (index < -length || index >= length) throw refuse(call, `no position ${index} in ${shapeText(shape)}`);
    const row = Math.floor(i / depth);
    data[row] = data[row] * BigInt(length) + BigInt(index < 0 ? index + length : index);
  }
  const rows = constant({ dataType: 'int64', shape: stored.shape.slice(0, -1), data });
  return [apply('Gather', [reshape(x, [product(leading), ...rest]), rows], { axis: 0 }, call.name)];
};

const decodeEinsum: Decoder = (call) => {
  const equation = text(call, 'equation', '');
  const values = call.inputs.map((_, i) => operand(call, i));
  const known = values.every(({ type }) => type.shape !== undefined && type.dataType === 'float32');
  if (!known) return undefined;
  return [einsum(equation, values, call.where, call.name)];
};

const decodePad: Decoder = (call) => {
  const x = operand(call, 0);
  const mode = text(call, 'mode', 'constant');
  const asInputs = call.opset >= 11;
  const given = asInputs ? staticContents(call, 1) : integers(call, 'pads');
  const filled = asInputs && call.inputs[2] !== undefined;
  const value = filled ? staticContents(call, 2)?.[0] : number(call, 'value', 0);
  const known = mode === 'constant' || mode === 'reflect' || mode === 'edge';
  if (!known || given === undefined || value === undefined || x.type.dataType !== 'float32') {
    if (asInputs) return undefined;
    throw refuse(call, `padding of this kind is not supported (mode ${mode.slice(0, 40)})`);
  }
  const axes = call.opset >= 18 && call.inputs[3] !== undefined ? staticContents(call, 3) : undefined;
  if (call.inputs[3] !== undefined && axes === undefined) return undefined;
  const rank = x.type.shape?.length ?? (axes === undefined ? given.length / 2 : undefined);
  if (rank === undefined) return undefined;
  const places = axes?.map((axis) => normaliseAxis(axis, rank, call.where));
  const count = places?.length ?? rank;
  if (given.length !== 2 * count || given.some((amount) => Math.abs(amount) >= 2 ** 31)) {
    throw new InputError({
      what: 'the pads do not fit the tensor',
      where: call.where,
      expected: `${2 * count} amounts`,
      got: `[${given.slice(0, 16).join(', ')}]`,
    });
  }
  const pads = places ? new Array<number>(2 * rank).fill(0) : given;
  for (const [i, axis] of places?.entries() ?? []) {
    pads[axis] = given[i];
    pads[axis + rank] = given[i + count];
  }
  return [apply('Pad', [x], { pads, mode, value }, call.name)];
};

/** The target shape with 0 (keep), -1 (infer) and the batch worked out; nothing where that takes the input's shape. */
function targetShape(call: Call, shape: Shape | undefined, target: readonly Dimension[]): Shape | undefined {
  const kept = target.map((dimension, i) => (dimension === 0 ? shape?.[i] : dimension));
  const known = kept.filter((dimension) => dimension !== undefined);
  if (known.length !== kept.length) {
    if (shape === undefined) return undefined;
    throw refuse(call, `0 in the target shape keeps a dimension that ${shapeText(shape)} does not have`);
  }
  const inferred = known.indexOf(-1);
  if (known.some((dimension, i) => !isBatch(dimension) && dimension < 0 && i !== inferred)) {
    throw refuse(call, `impossible target shape [${known.slice(0, 16).join(', ')}]`);
  }
  if (shape === undefined) return inferred < 0 ? known : undefined;
  const size = (dimensions: Shape): number =>
    product(dimensions.map((dimension, i) => (i === inferred ? 1 : perImage(dimension))));
  const ratio = product(shape.map(perImage)) / size(known);
  const batched = shape.some(isBatch) && !known.some(isBatch);
  const infer = (missing: Dimension): Shape =>
    known.map((dimension, i) => (i === inferred ? missing : dimension));
  if (!batched) return infer(ratio);
  if (call.batchOfOne) return withBatch(shape, infer(ratio));
  // The batch is what is left to infer, alone or merged with what the other dimensions leave of an image.
  return inferred >= 0 && Number.isInteger(ratio) ? infer(rowsPerImage(ratio)) : infer(ratio);
}

/**
 * The target shape for one image with its batch back. It lies behind as many values as in the source, at best in a
 * dimension of 1. Without one it is merged: into the next dimension where that is a part of one of the source (heads of
 * attention), otherwise into the dimension before.
 */
function withBatch(source: Shape, target: Shape): Shape {
  const before = (shape: Shape, axis: number): number => product(shape.slice(0, axis).map(perImage));
  const from = source.findIndex(isBatch);
  const first = before(source, from);
  const last = first * perImage(source[from]);
  const single = target.findIndex(
    (dimension, axis) => dimension === 1 && before(target, axis) >= first && before(target, axis) <= last,
  );
  const next = target.findIndex((_, axis) => before(target, axis) === first);
  const joined = next > 0 && target.length - next < source.length - from;
  const at = single >= 0 ? single : joined ? next - 1 : next;
  return target.map((dimension, axis) => (axis === at ? rowsPerImage(perImage(dimension)) : dimension));
}

const decodeReshape: Decoder = (call) => {
  const x = operand(call, 0);
  const target = contents(call, 1);
  if (target === undefined) return undefined;
  if (flag(call, 'allowzero') && target.includes(0)) throw refuse(call, 'empty tensors are not supported');
  const shape = targetShape(call, x.type.shape, target);
  return shape && [apply('Reshape', [x], { shape }, call.name)];
};

const decodeFlatten: Decoder = (call) => {
  const x = operand(call, 0);
  const axis = integer(call, 'axis', 1);
  const { shape } = x.type;
  if (shape !== undefined && axis !== shape.length) normaliseAxis(axis, shape.length, call.where);
  return [apply('Flatten', [x], { axis }, call.name)];
};

const decodeSqueeze: Decoder = (call) => {
  const x = operand(call, 0);
  const given = axesOf(call, 13);
  if (given === 'unknown') return undefined;
  const axes = given ?? x.type.shape?.flatMap((dimension, axis) => (dimension === 1 ? [axis] : []));
  return axes && [apply('Squeeze', [x], { axes }, call.name)];
};

const decodeUnsqueeze: Decoder = (call) => {
  const x = operand(call, 0);
  const axes = axesOf(call, 13);
  if (axes === 'unknown') return undefined;
  if (axes === undefined) throw refuse(call, 'the axes are missing');
  const rank = (x.type.shape?.length ?? 0) + axes.length;
  const places = axes.map((axis) => (axis < 0 ? axis + rank : axis));
  if (new Set(places).size !== axes.length) throw refuse(call, 'an axis is named twice');
  return [apply('Unsqueeze', [x], { axes }, call.name)];
};

const decodeTranspose: Decoder = (call) => {
  const x = operand(call, 0);
  const permutation = integers(call, 'perm') ?? x.type.shape?.map((_, axis) => axis).reverse();
  return permutation && [apply('Transpose', [x], { permutation }, call.name)];
};

type ResizeAttributes = OperatorAttributes['Resize'];

const member = <Name extends string>(names: readonly Name[], name: string): Name | undefined =>
  names.find((candidate) => candidate === name);

/** The scales or sizes of the axes that change; nothing where they are computed. */
function resizeTarget(call: Call, x: Value): Pick<ResizeAttributes, 'axes' | 'to'> | undefined {
  const legacy = call.opset < 11;
  const { shape } = x.type;
  const scales = call.opset < 9 ? numbers(call, 'scales') : staticContents(call, legacy ? 1 : 2);
  const sizes = legacy ? undefined : contents(call, 3);
  const chosen = scales?.length ? scales : sizes;
  if (!chosen?.length) return undefined;
  const rank = shape?.length ?? (call.raw.has('axes') ? undefined : chosen.length);
  if (rank === undefined) return undefined;
  const axes =
    integers(call, 'axes')?.map((axis) => normaliseAxis(axis, rank, call.where)) ??
    Array.from({ length: rank }, (_, axis) => axis);
  if (axes.length !== chosen.length) throw refuse(call, 'the scales or sizes do not fit the rank');
  const stays = (axis: number, wanted: Dimension): boolean => {
    if (chosen === scales) return wanted === 1;
    const length = shape?.[axis];
    return wanted === length || (isBatch(length) && wanted === 1 && call.batchOfOne);
  };
  const kept = axes.flatMap((axis, i) => (stays(axis, chosen[i]) ? [] : [{ axis, wanted: chosen[i] }]));
  const values = kept.flatMap(({ wanted }) => (isBatch(wanted) ? [] : [wanted]));
  if (values.length !== kept.length || kept.some(({ axis }) => isBatch(shape?.[axis]))) return undefined;
  if (values.some((value) => !(value > 0 && value < 2 ** 31))) {
    throw refuse(call, `impossible scales or sizes [${values.slice(0, 16).join(', ')}]`);
  }
  const to = chosen === scales ? { scales: values } : { sizes: values };
  return { axes: kept.map(({ axis }) => axis), to };
}

/** Upsample and Resize of opset 10 divide coordinates by the scale; later ones state how they map them. */
const decodeResize: Decoder = (call) => {
  const legacy = call.opset < 11;
  const x = operand(call, 0);
  const target = resizeTarget(call, x);
  const mode = member<ResizeAttributes['mode']>(
    ['nearest', 'linear', 'cubic'],
    text(call, 'mode', 'nearest'),
  );
  const coordinates = member<ResizeAttributes['coordinates']>(
    ['half_pixel', 'pytorch_half_pixel', 'asymmetric', 'align_corners'],
    legacy ? 'asymmetric' : text(call, 'coordinate_transformation_mode', 'half_pixel'),
  );
  const nearest = member<ResizeAttributes['nearest']>(
    ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'],
    legacy ? 'floor' : text(call, 'nearest_mode', 'round_prefer_floor'),
  );
  const special =
    flag(call, 'antialias') ||
    flag(call, 'exclude_outside') ||
    text(call, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch';
  if (!target || !mode || !coordinates || !nearest || special) {
    if (!legacy) return undefined;
    throw refuse(call, 'resampling of this kind is not supported', 'Export with opset 11 or later.');
  }
  if (target.axes.length === 0) return plain('Identity')(call);
  const cubicCoefficient = number(call, 'cubic_coeff_a', -0.75);
  return [apply('Resize', [x], { mode, coordinates, nearest, cubicCoefficient, ...target }, call.name)];
};

/** What a formula gives for a float32 input, for operators that are made of others. */
const inSinglePrecision =
  (formula: (call: Call, x: Value) => Value): Decoder =>
  (call) => {
    const x = operand(call, 0);
    return x.type.dataType === 'float32' ? [formula(call, x)] : undefined;
  };

/** max(0, x) + min(0, alpha (e^(x / alpha) - 1)). */
function decodeCelu(call: Call, x: Value): Value {
  const alpha = number(call, 'alpha', 1);
  const curve = apply('Elu', [divide(x, scalar(alpha))], { alpha: 1 });
  return apply('Mul', [curve, scalar(alpha)], {}, call.name);
}

function decodeSelu(call: Call, x: Value): Value {
  const alpha = number(call, 'alpha', 1.6732632423543772);
  const gamma = number(call, 'gamma', 1.0507009873554805);
  return apply('Mul', [apply('Elu', [x], { alpha }), scalar(gamma)], {}, call.name);
}

/** x above alpha, else 0. */
function decodeThresholdedRelu(call: Call, x: Value): Value {
  const above = greater(x, scalar(number(call, 'alpha', 1)));
  return apply('Where', [above, x, scalar(0)], {}, call.name);
}

const decodePow: Decoder = (call) => {
  const [base, exponent] = inputsOf(call, 2, 2);
  if (base.type.dataType !== 'float32' || exponent.type.dataType !== 'float32') return undefined;
  return [apply('Pow', [base, exponent], {}, call.name)];
};

const decodeLayerNormalization: Decoder = (call) => {
  const [x, scale, bias] = inputsOf(call, 2, 3);
  const { shape, dataType } = x.type;
  if (shape === undefined || dataType !== 'float32' || call.outputs.slice(1).some(Boolean)) return undefined;
  const first = normaliseAxis(integer(call, 'axis', -1), shape.length, call.where);
  const axes = shape.flatMap((_, axis) => (axis < first ? [] : [axis]));
  const epsilon = number(call, 'epsilon', 1e-5);
  return [layerNormalization(x, { scale, bias }, { axes, epsilon }, call.name)];
};

/** softmax(q k^T scale + mask) v over separate heads, without a cache of earlier keys. */
const decodeAttention: Decoder = (call) => {
  const [q, k, v] = inputsOf(call, 3, 3);
  const mask = call.inputs[3];
  const width = q.type.shape?.[3];
  const special =
    flag(call, 'is_causal') ||
    number(call, 'softcap', 0) !== 0 ||
    call.inputs.slice(4).some(Boolean) ||
    call.outputs.slice(1).some(Boolean) ||
    (mask !== undefined && mask.type.dataType !== 'float32') ||
    k.type.shape?.[1] !== q.type.shape?.[1];
  if (special || typeof width !== 'number') return undefined;
  const scale = scalar(number(call, 'scale', 1 / Math.sqrt(width)));
  const scores = multiply(matMul(q, matrixTranspose(k)), scale);
  const weights = apply('Softmax', [mask ? add(scores, mask) : scores], { axis: 3 });
  return [apply('MatMul', [weights, v], {}, call.name)];
};

/** A sum over axes of what a formula makes of every value, such as a sum of squares. */
const decodeSumOf =
  (term: (x: Value) => Value, last: 'Identity' | 'Sqrt' | 'Log'): Decoder =>
  (call) => {
    const x = operand(call, 0);
    const given = axesOf(call, 18);
    const all = x.type.shape?.map((_, axis) => axis);
    const axes = given === undefined && !flag(call, 'noop_with_empty_axes') ? all : given;
    if (axes === 'unknown' || !axes?.length || x.type.dataType !== 'float32') return undefined;
    return [apply(last, [reduceSum(term(x), axes, flag(call, 'keepdims', true))], {}, call.name)];
  };

/** Statistics per image and group of channels. */
function normaliseGroups(call: Call, groups: number | undefined): readonly Value[] | undefined {
  const [x, scale, bias] = inputsOf(call, 3, 3);
  const { shape, dataType } = x.type;
  const rest = shape && allStatic(shape.slice(1));
  if (shape === undefined || rest === undefined || rest.length < 2 || dataType !== 'float32')
    return undefined;
  const [channels, ...size] = rest;
  const count = groups ?? channels;
  if (!(count >= 1) || channels % count !== 0)
    throw refuse(call, `${count} groups do not divide ${channels} channels`);
  /** One number per channel, or (GroupNormalization before opset 21) one per group. */
  const perChannel = (value: Value): Value | undefined => {
    const [length] = value.type.shape ?? [];
    if (length !== channels && length !== count) return undefined;
    const ones = size.map(() => 1);
    if (length === channels) return reshape(value, [count, channels / count, ...ones]);
    return reshape(value, [count, 1, ...ones]);
  };
  const [factor, offset] = [perChannel(scale), perChannel(bias)];
  if (factor === undefined || offset === undefined) return undefined;
  const grouped = reshape(x, [shape[0], count, channels / count, ...size]);
  const axes = [1, ...size].map((_, i) => i + 2);
  const epsilon = number(call, 'epsilon', 1e-5);
  const normal = layerNormalization(grouped, { scale: factor, bias: offset }, { axes, epsilon });
  return [apply('Reshape', [normal], { shape }, call.name)];
}

/** Zeros with this batch and otherwise ones as dimensions. */
function batchZeros(call: Call, shape: Shape): Value | undefined {
  const source = call.batch?.type.shape;
  if (call.batch === undefined || source === undefined) return undefined;
  const rest = source.map((_, axis) => axis).slice(1);
  const first = apply('Slice', [call.batch], {
    axes: rest,
    starts: rest.map(() => 0),
    ends: rest.map(() => 1),
    steps: rest.map(() => 1),
  });
  const perRow = reshape(zerosLike(first), ['N', 1]);
  return reshape(apply('Expand', [perRow], { lengths: [1, product(shape.map(perImage))] }), shape);
}

/** Repeats a tensor along dimensions of 1; over the batch, of no fixed length, by adding zeros that have it. */
function spreadTo(call: Call, x: Value, target: Shape, name?: string): Value | undefined {
  const lengths = target.map((dimension) => (isBatch(dimension) ? 1 : dimension));
  const repeated = apply('Expand', [x], { lengths }, name);
  if (repeated.type.shape?.some(isBatch) || !target.some(isBatch)) return repeated;
  const zeros = batchZeros(
    call,
    target.map((dimension) => (isBatch(dimension) ? dimension : 1)),
  );
  return zeros && apply('Add', [repeated, zeros], {}, name);
}

const decodeExpand: Decoder = (call) => {
  const [x] = inputsOf(call, 2, 2);
  const { shape, dataType } = x.type;
  const target = contents(call, 1);
  if (shape === undefined || target === undefined || dataType !== 'float32') return undefined;
  // In a file for one image the target has numbers where x has the batch.
  const wanted = target.map((dimension, axis) => {
    const own = shape[axis - target.length + shape.length];
    return call.batchOfOne && isBatch(own) && dimension === perImage(own) ? own : dimension;
  });
  const whole = broadcastShapes(shape, wanted, call.where);
  if (whole.join() === shape.join()) return plain('Identity')(call);
  const result = spreadTo(call, x, whole, call.name);
  return result && [result];
};

const decodeTile: Decoder = (call) => {
  const [x] = inputsOf(call, 2, 2);
  const { shape, dataType } = x.type;
  const given = contents(call, 1);
  if (shape === undefined || given?.length !== shape.length || dataType !== 'float32') return undefined;
  // A single row is repeated for every image of the batch.
  const repeats = given.map((count) => (isBatch(count) ? 1 : count));
  if (repeats.some((count, axis) => count !== 1 && (!(count >= 1) || isBatch(shape[axis])))) return undefined;
  const repeated = tile(x, repeats, call.name);
  if (!given.some(isBatch)) return [repeated];
  if (given.some((count, axis) => isBatch(count) && shape[axis] !== 1)) return undefined;
  const target = (repeated.type.shape ?? []).map((length, axis) =>
    isBatch(given[axis]) ? given[axis] : length,
  );
  const result = spreadTo(call, repeated, target, call.name);
  return result && [result];
};

/** The block size that divides some lengths of an image [N, C, H, W]; nothing where the image is not known. */
function blockSize(
  call: Call,
  divided: (block: number, shape: readonly number[]) => boolean,
): number | undefined {
  const { shape, dataType } = operand(call, 0).type;
  const lengths = shape && allStatic(shape.slice(1));
  if (lengths?.length !== 3 || dataType !== 'float32') return undefined;
  const block = integer(call, 'blocksize', 0);
  if (Number.isInteger(block) && block >= 1 && divided(block, lengths)) return block;
  throw refuse(call, `blocks of ${block} do not divide ${shapeText(shape)}`);
}

const decodeDepthToSpace: Decoder = (call) => {
  const mode = member(['DCR', 'CRD'], text(call, 'mode', 'DCR'));
  const block = blockSize(call, (b, [channels]) => channels % b ** 2 === 0);
  return block && mode ? [depthToSpace(operand(call, 0), block, mode, call.name)] : undefined;
};

const decodeSpaceToDepth: Decoder = (call) => {
  const block = blockSize(call, (b, [, height, width]) => height % b === 0 && width % b === 0);
  return block ? [spaceToDepth(operand(call, 0), block, call.name)] : undefined;
};

const decodeCumSum: Decoder = (call) => {
  const [x] = inputsOf(call, 2, 2);
  const [axis] = staticContents(call, 1) ?? [];
  if (axis === undefined || x.type.shape === undefined || x.type.dataType !== 'float32') return undefined;
  normaliseAxis(axis, x.type.shape.length, call.where);
  const attributes = { axis, exclusive: flag(call, 'exclusive'), reverse: flag(call, 'reverse') };
  return [apply('CumSum', [x], attributes, call.name)];
};

const decodeMod: Decoder = (call) => {
  const [a, b] = inputsOf(call, 2, 2);
  return flag(call, 'fmod') || a.type.dataType !== 'int64'
    ? undefined
    : [apply('Mod', [a, b], {}, call.name)];
};

const decodeScatterElements: Decoder = (call) => {
  const reduction = member(['none', 'add'], text(call, 'reduction', 'none'));
  const axis = integer(call, 'axis', 0);
  if (reduction === undefined) return undefined;
  return [apply('ScatterElements', inputsOf(call, 3, 3), { axis, reduction }, call.name)];
};

/** Zeros of the shape of a value are ZerosLike; other fills are folded or left to the engine. */
const decodeConstantOfShape: Decoder = (call) => {
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
};

function constantValue(call: Call): ConstantTensor | undefined {
  const value = call.raw.get('value');
  if (value?.type === 'tensor') return value.value;
  const float = numbers(call, 'value_floats');
  if (float !== undefined) {
    return { dataType: 'float32', shape: [float.length], data: Float32Array.from(float) };
  }
  if (call.raw.has('value_float')) {
    return { dataType: 'float32', shape: [], data: Float32Array.of(number(call, 'value_float', 0)) };
  }
  const list = call.raw.get('value_ints');
  if (list?.type === 'ints') {
    return { dataType: 'int64', shape: [list.value.length], data: BigInt64Array.from(list.value) };
  }
  const single = call.raw.get('value_int');
  if (single?.type === 'int') return { dataType: 'int64', shape: [], data: BigInt64Array.of(single.value) };
  return undefined;
}

/** Weights are found by the name of their value, so a constant takes it rather than the node's. */
const decodeConstant: Decoder = (call) => {
  const value = constantValue(call);
  if (value === undefined) throw refuse(call, 'a constant without numbers');
  return [constant(value, call.outputs[0])];
};

const decoders: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['Constant', decodeConstant],
  ['ConstantOfShape', decodeConstantOfShape],
  ['Conv', decodeConv],
  ['ConvTranspose', decodeConvTranspose],
  ['Gemm', decodeGemm],
  ['MatMul', decodeMatMul],
  ['Add', composed('Add')],
  ['Sub', composed('Sub')],
  ['Mul', composed('Mul')],
  ['Div', byPositive(binary('Div'))],
  ['Sum', chain('Add')],
  ['Max', chain('Max')],
  ['Min', chain('Min')],
  ['Greater', binary('Greater')],
  ['Less', (call) => [apply('Greater', [operand(call, 1), operand(call, 0)], {}, call.name)]],
  ['Where', (call) => [apply('Where', inputsOf(call, 3, 3), {}, call.name)]],
  ['BatchNormalization', decodeBatchNormalization],
  ['Relu', plain('Relu')],
  [
    'LeakyRelu',
    (call) => [apply('LeakyRelu', [operand(call, 0)], { alpha: number(call, 'alpha', 0.01) }, call.name)],
  ],
  ['Elu', (call) => [apply('Elu', [operand(call, 0)], { alpha: number(call, 'alpha', 1) }, call.name)]],
  ['Sigmoid', plain('Sigmoid')],
  ['Tanh', plain('Tanh')],
  ['Softplus', plain('Softplus')],
  ['Softmax', decodeSoftmax],
  ['LogSoftmax', decodeLogSoftmax],
  ['Hardmax', decodeHardmax],
  ['Clip', decodeClip],
  ['Abs', plain('Abs')],
  ['Neg', plain('Neg')],
  ['Sign', plain('Sign')],
  ['Exp', plain('Exp')],
  ['Log', plain('Log')],
  ['Sqrt', plain('Sqrt')],
  ['Erf', plain('Erf')],
  ['Sin', plain('Sin')],
  ['Cos', plain('Cos')],
  ['Atan', plain('Atan')],
  ['Pow', decodePow],
  ['Reciprocal', inSinglePrecision((call, x) => apply('Div', [scalar(1), x], {}, call.name))],
  [
    'Gelu',
    inSinglePrecision((call, x) =>
      text(call, 'approximate', 'none') === 'tanh' ? geluTanh(x, call.name) : gelu(x, call.name),
    ),
  ],
  [
    'HardSigmoid',
    inSinglePrecision((call, x) =>
      hardSigmoid(x, number(call, 'alpha', 0.2), number(call, 'beta', 0.5), call.name),
    ),
  ],
  ['HardSwish', inSinglePrecision((call, x) => apply('Mul', [x, hardSigmoid(x, 1 / 6, 0.5)], {}, call.name))],
  ['Mish', inSinglePrecision((call, x) => apply('Mul', [x, tanh(softplus(x))], {}, call.name))],
  ['Softsign', inSinglePrecision((call, x) => apply('Div', [x, add(absolute(x), scalar(1))], {}, call.name))],
  ['Celu', inSinglePrecision(decodeCelu)],
  ['Selu', inSinglePrecision(decodeSelu)],
  ['PRelu', inSinglePrecision((call, x) => prelu(x, operand(call, 1), call.name))],
  ['ThresholdedRelu', inSinglePrecision(decodeThresholdedRelu)],
  ['LayerNormalization', decodeLayerNormalization],
  ['Attention', decodeAttention],
  ['InstanceNormalization', (call) => normaliseGroups(call, undefined)],
  ['GroupNormalization', (call) => normaliseGroups(call, integer(call, 'num_groups', 1))],
  ['ReduceL1', decodeSumOf(absolute, 'Identity')],
  ['ReduceL2', decodeSumOf((x) => multiply(x, x), 'Sqrt')],
  ['ReduceSumSquare', decodeSumOf((x) => multiply(x, x), 'Identity')],
  ['ReduceLogSum', decodeSumOf((x) => x, 'Log')],
  ['Einsum', decodeEinsum],
  ['Expand', decodeExpand],
  ['Tile', decodeTile],
  ['DepthToSpace', decodeDepthToSpace],
  ['SpaceToDepth', decodeSpaceToDepth],
  ['MaxPool', decodeMaxPool],
  ['AveragePool', decodeAveragePool],
  ['GlobalAveragePool', plain('GlobalAveragePool')],
  ['GlobalMaxPool', decodeGlobalMaxPool],
  ['ReduceMean', decodeReduce(reduction('ReduceMean'))],
  ['ReduceSum', decodeReduce(reduction('ReduceSum'), 13)],
  ['ReduceMax', decodeReduce(ofFloats(reduction('ReduceMax')))],
  ['ReduceMin', decodeReduce(ofFloats(reduceMin))],
  ['ReduceProd', decodeReduce(ofFloats(reduceProd))],
  ['ReduceLogSumExp', decodeReduce(ofFloats(reduceLogSumExp))],
  ['CumSum', decodeCumSum],
  ['Concat', decodeConcat],
  ['Split', decodeSplit],
  ['Slice', decodeSlice],
  ['Gather', decodeGather],
  ['GatherND', decodeGatherND],
  ['Pad', decodePad],
  ['Reshape', decodeReshape],
  ['Flatten', decodeFlatten],
  ['Squeeze', decodeSqueeze],
  ['Unsqueeze', decodeUnsqueeze],
  ['Transpose', decodeTranspose],
  ['Identity', plain('Identity')],
  ['Dropout', decodeDropout],
  ['Resize', decodeResize],
  ['Upsample', decodeResize],
  [
    'Cast',
    (call) => {
      const to = dataTypeOf(integer(call, 'to', 0), call.where);
      return [apply('Cast', [operand(call, 0)], { to }, call.name)];
    },
  ],
  ['ScatterElements', decodeScatterElements],
  ['Scatter', decodeScatterElements],
  ['Mod', byPositive(decodeMod)],
]);

/** The ONNX operators that landlens reads as its own, in their order here. */
export const decodedOperators: readonly string[] = [...decoders.keys()];

/**
 * The values of a node's outputs.
 * @throws InputError where the node is malformed, or asks for what no inference graph holds (training mode, control flow).
 */
export function decodeNode(call: Call): readonly Value[] {
  const decoder = call.domain === '' ? decoders.get(call.operator) : undefined;
  if (decoder === undefined) refuseUnlisted(call);
  const values = decoder?.(call) ?? passThrough(call);
  const extra = call.outputs.findIndex((name, i) => name !== '' && values[i] === undefined);
  if (extra < 0) return values;
  throw refuse(call, `the operator has no output ${extra + 1} ("${call.outputs[extra].slice(0, 80)}")`);
}
