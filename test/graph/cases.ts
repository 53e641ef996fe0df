/** For every operator that has a gradient a random use of it: shapes, attributes, broadcasting, constant and fed parameters. */

import type { PoolAttributes } from '../../lib/src/graph/inference.js';
import { apply, constant, createNode, floats, scalar, type Value } from '../../lib/src/graph/node.js';
import { relu, sigmoid, softplus, tanh } from '../../lib/src/graph/operators/activation.js';
import { concat, split, transpose } from '../../lib/src/graph/operators/arrangement.js';
import { conv } from '../../lib/src/graph/operators/convolution.js';
import { add, cast, greater, multiply, where } from '../../lib/src/graph/operators/elementwise.js';
import { batchNormalization } from '../../lib/src/graph/operators/normalisation.js';
import { averagePool, maxPool } from '../../lib/src/graph/operators/pooling.js';
import type { RuleTable } from '../../lib/src/graph/rule.js';
import { type Dimension, perImage, type Shape } from '../../lib/src/graph/type.js';
import type { Sketch, Values } from './sketch.js';

/** The end of a slice with a negative step that takes the first value too. */
const beforeFirst = -(2 ** 31);

export type Case = (sketch: Sketch) => Value;

const list = <Item>(length: number, item: (i: number) => Item): Item[] =>
  Array.from({ length }, (_, i) => item(i));

/** A shape of the given rank, its first dimension the batch or a number. */
function anyShape(s: Sketch, lowest = 1, highest = 4): Dimension[] {
  const shape: Dimension[] = list(s.integer(lowest, highest), () => s.integer(1, 3));
  if (s.flag()) shape[0] = 'N';
  return shape;
}

/** An axis that is not the batch, at times counted from the end. */
function fixedAxis(s: Sketch, shape: Shape): number {
  const axes = shape.flatMap((dimension, axis) => (dimension === 'N' ? [] : [axis, axis - shape.length]));
  return s.pick(axes);
}

/** Some of the numbers below `count`, at least one. */
function someOf(s: Sketch, count: number): number[] {
  const some = list(count, (i) => i).filter(() => s.flag());
  return some.length > 0 ? some : [s.integer(0, count - 1)];
}

const unary =
  (values: Values, build: (x: Value, s: Sketch) => Value): Case =>
  (s) =>
    build(s.input(anyShape(s), values), s);

/** Shapes that broadcast to one: dimensions become 1, or leading ones are left out. */
function broadcastable(s: Sketch, count: number): Shape[] {
  const whole = anyShape(s);
  return list(count, (i) => {
    const part = whole.map((dimension) => (s.integer(0, 3) === 0 ? 1 : dimension));
    return i > 0 && s.flag() ? part.slice(s.integer(0, whole.length)) : part;
  });
}

const binary =
  (operator: 'Add' | 'Sub' | 'Mul' | 'Div' | 'Max' | 'Min' | 'Pow', first: Values, second: Values): Case =>
  (s) => {
    const [a, b] = broadcastable(s, 2);
    // Square and double: one value at both places.
    if (operator !== 'Max' && operator !== 'Min' && s.integer(0, 4) === 0) {
      const x = s.input(a, second);
      return apply(operator, [x, x], {});
    }
    return s.flag()
      ? apply(operator, [s.input(a, first), s.input(b, second)], {})
      : apply(operator, [s.input(b, first), s.input(a, second)], {});
  };

interface Window {
  readonly kernel: number[];
  readonly strides: number[];
  readonly dilations: number[];
  readonly pads: number[];
  /** How far a dilated kernel reaches, per axis. */
  readonly reach: number[];
}

function anyWindow(s: Sketch, rank: number, maxPad: (kernel: number) => number): Window {
  const kernel = list(rank, () => s.integer(1, 3));
  const dilations = kernel.map(() => s.integer(1, 2));
  return {
    kernel,
    strides: kernel.map(() => s.integer(1, 3)),
    dilations,
    pads: [...kernel, ...kernel].map((size) => s.integer(0, maxPad(size))),
    reach: kernel.map((size, i) => dilations[i] * (size - 1) + 1),
  };
}

const convCase: Case = (s) => {
  const rank = s.integer(1, 2);
  const group = s.integer(1, 2);
  const perGroup = s.integer(1, 2);
  const outputs = group * s.integer(1, 2);
  const { kernel, strides, dilations, pads, reach } = anyWindow(s, rank, () => 3);
  const size = reach.map((length, i) =>
    s.integer(Math.max(1, length - pads[i] - pads[i + rank]), length + 3),
  );
  const x = s.input(['N', group * perGroup, ...size]);
  const shape = [outputs, perGroup, ...kernel];
  const weight = s.flag() ? s.input(shape) : floats(s.numbers(shape), shape);
  const bias = s.flag() ? [s.input([outputs])] : [];
  return apply('Conv', [x, weight, ...bias], { strides, pads, dilations, group });
};

const convTransposeCase: Case = (s) => {
  const rank = s.integer(1, 2);
  const group = s.integer(1, 2);
  const inputs = group * s.integer(1, 2);
  const perGroup = s.integer(1, 2);
  const { kernel, strides, dilations, reach } = anyWindow(s, rank, () => 0);
  const size = kernel.map(() => s.integer(2, 4));
  const outputPadding = strides.map((stride) => s.integer(0, stride - 1));
  const whole = size.map((length, i) => strides[i] * (length - 1) + reach[i]);
  const before = whole.map((length) => s.integer(0, Math.min(2, length - 1)));
  const after = whole.map((length, i) => s.integer(0, Math.min(2, length - 1 - before[i])));
  const shape = [inputs, perGroup, ...kernel];
  const weight = s.flag() ? s.input(shape) : floats(s.numbers(shape), shape);
  const bias = s.flag() ? [s.input([perGroup * group])] : [];
  return apply('ConvTranspose', [s.input(['N', inputs, ...size]), weight, ...bias], {
    strides,
    pads: [...before, ...after],
    dilations,
    group,
    outputPadding,
  });
};

const gemmCase: Case = (s) => {
  const [rows, inner, columns] = list(3, () => s.integer(1, 4));
  const transA = s.flag();
  const transB = s.flag();
  const batched = !transA && s.flag();
  const a = s.input(transA ? [inner, rows] : [batched ? 'N' : rows, inner]);
  const b = s.input(transB ? [columns, inner] : [inner, columns]);
  const c = s.pick<Shape>([
    [columns],
    [1, columns],
    [],
    [1],
    ...(batched
      ? []
      : [
          [rows, columns],
          [rows, 1],
        ]),
  ]);
  return apply('Gemm', s.flag() ? [a, b] : [a, b, s.input(c)], {
    alpha: s.real(0.5, 2),
    beta: s.real(-2, 2),
    transA,
    transB,
  });
};

const matMulCase: Case = (s) => {
  const [rows, inner, columns] = list(3, () => s.integer(1, 3));
  const [a, b] = broadcastable(s, 2);
  return s.flag()
    ? apply('MatMul', [s.input([...a, rows, inner]), s.input([...b, inner, columns])], {})
    : apply('MatMul', [s.input([...b, rows, inner]), s.input([...a, inner, columns])], {});
};

const batchNormalizationCase: Case = (s) => {
  const channels = s.integer(1, 3);
  const x = s.input(['N', channels, ...list(s.integer(0, 2), () => s.integer(1, 3))]);
  const fixed = s.flag();
  const parameter = (values: Values): Value =>
    fixed ? floats(s.numbers([channels], values), [channels]) : s.input([channels], values);
  return batchNormalization(
    x,
    {
      scale: parameter('free'),
      bias: parameter('free'),
      mean: parameter('free'),
      variance: parameter('positive'),
    },
    { epsilon: s.real(0.001, 0.1) },
  );
};

function anyPool(s: Sketch): { x: Shape; window: Window; pool: PoolAttributes } {
  const window = anyWindow(s, s.integer(1, 2), (size) => size - 1);
  const size = window.reach.map((length) => s.integer(length, length + 4));
  const { kernel, strides, pads } = window;
  return { x: ['N', s.integer(1, 2), ...size], window, pool: { kernel, strides, pads, ceilMode: s.flag() } };
}

const averagePoolCase: Case = (s) => {
  const { x, pool } = anyPool(s);
  // Half of them as networks have it: windows side by side.
  const beside = { ...pool, strides: pool.kernel, pads: pool.pads.map(() => 0) };
  return apply('AveragePool', [s.input(x)], { ...(s.flag() ? beside : pool), countIncludePad: s.flag() });
};

const maxPoolCase: Case = (s) => {
  const { x, pool, window } = anyPool(s);
  return apply('MaxPool', [s.input(x, 'distinct')], {
    ...pool,
    dilations: window.dilations,
    indices: s.flag(),
  });
};

const reduceCase =
  (operator: 'ReduceMean' | 'ReduceSum' | 'ReduceMax', values: Values = 'free'): Case =>
  (s) => {
    const shape = anyShape(s);
    const axes = someOf(s, shape.length).map((axis) => (s.flag() ? axis : axis - shape.length));
    return apply(operator, [s.input(shape, values)], {
      axes: s.integer(0, 9) ? axes : [],
      keepDims: s.flag(),
    });
  };

const concatCase: Case = (s) => {
  const shape = anyShape(s, 2);
  const axis = fixedAxis(s, shape);
  const at = (axis + shape.length) % shape.length;
  const part = (i: number): Value =>
    s.input(shape.with(at, s.integer(1, 3)), 'free', { frozen: i > 0 && s.flag() });
  const parts = list(s.integer(1, 3), part);
  return apply('Concat', s.flag() ? [...parts, parts[0]] : parts, { axis });
};

const splitCase: Case = (s) => {
  const shape = anyShape(s, 2);
  const axis = fixedAxis(s, shape);
  const sizes = list(s.integer(1, 3), () => s.integer(1, 2));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const parts = split(s.input(shape.with((axis + shape.length) % shape.length, total)), sizes, axis);
  // Some parts stay unused, and no gradient comes from them.
  return concat(
    someOf(s, parts.length).map((i) => tanh(parts[i])),
    axis,
  );
};

const sliceCase: Case = (s) => {
  const shape: Dimension[] = ['N', ...list(s.integer(1, 3), () => s.integer(2, 5))];
  const axes = someOf(s, shape.length - 1).map((axis) => axis + 1);
  const ranges = axes.map((axis) => {
    const length = Number(shape[axis]);
    const [low, high] = [s.integer(0, length - 1), s.integer(0, length - 1)].sort((a, b) => a - b);
    const step = s.integer(1, 2);
    const fromEnd = (i: number): number => (s.flag() ? i : i - length);
    if (s.flag()) return { start: fromEnd(low), end: high === length - 1 ? 2 ** 31 : high + 1, step };
    return { start: fromEnd(high), end: low === 0 ? beforeFirst : low - 1, step: -step };
  });
  return apply('Slice', [s.input(shape)], {
    axes: axes.map((axis) => (s.flag() ? axis : axis - shape.length)),
    starts: ranges.map(({ start }) => start),
    ends: ranges.map(({ end }) => end),
    steps: ranges.map(({ step }) => step),
  });
};

const gatherCase: Case = (s) => {
  const shape = anyShape(s, 2);
  const axis = fixedAxis(s, shape);
  const length = Number(shape.at(axis));
  const picked = list(s.integer(0, 2), () => s.integer(1, 3));
  const count = picked.reduce((product, size) => product * size, 1);
  // Positions may repeat, and may count from the end.
  const data = BigInt64Array.from(list(count, () => BigInt(s.integer(-length, length - 1))));
  const indices = constant({ dataType: 'int64', shape: picked, data });
  return apply('Gather', [s.input(shape), indices], { axis });
};

const expandCase: Case = (s) => {
  const [part] = broadcastable(s, 1);
  const lengths = part.map((dimension) => (dimension === 1 ? s.integer(1, 3) : 1));
  return apply('Expand', [s.input(part)], { lengths: s.flag() ? [s.integer(1, 3), ...lengths] : lengths });
};

const padCase: Case = (s) => {
  const shape: Dimension[] = ['N', ...list(s.integer(1, 3), () => s.integer(4, 5))];
  // At most one pixel is cropped at either side, so that two are left and one can be reflected.
  const amounts = (): number[] => [0, ...shape.slice(1).map(() => s.integer(-1, 1))];
  const mode = s.pick(['constant', 'reflect', 'edge'] as const);
  return apply('Pad', [s.input(shape)], { pads: [...amounts(), ...amounts()], mode, value: s.real(-1, 1) });
};

const reshapeCase: Case = (s) => {
  const [a, b, c] = list(3, () => s.integer(1, 3));
  const shapes: Shape[] = [
    ['N', a, b, c],
    ['N', a * b, c],
    ['N', a * b * c],
    ['N', c, b, a],
    [a, 'N', b * c],
    [a * b * c, 'N'],
    [`${a * b}N`, c],
    [a, `${b * c}N`],
  ];
  return apply('Reshape', [s.input(s.pick(shapes))], { shape: s.pick(shapes) });
};

const flattenCase: Case = (s) => {
  const shape = anyShape(s);
  const axis = shape[0] === 'N' ? 1 : s.integer(-shape.length, shape.length);
  return apply('Flatten', [s.input(shape)], { axis });
};

const squeezeCase: Case = (s) => {
  const shape = anyShape(s, 2);
  const axes = someOf(s, shape.length - 1).map((axis) => axis + 1);
  const x = s.input(shape.map((dimension, axis) => (axes.includes(axis) ? 1 : dimension)));
  return apply('Squeeze', [x], { axes: axes.map((axis) => (s.flag() ? axis : axis - shape.length)) });
};

const unsqueezeCase: Case = (s) => {
  const shape = anyShape(s, 1, 3);
  const rank = shape.length + s.integer(1, 2);
  const axes = list(rank, (i) => i)
    .slice(-(rank - shape.length) - s.integer(0, 1))
    .slice(0, rank - shape.length);
  return apply('Unsqueeze', [s.input(shape)], {
    axes: axes.map((axis) => (s.flag() ? axis : axis - rank)).reverse(),
  });
};

const transposeCase: Case = (s) => {
  const shape = anyShape(s);
  const rest = shape.map((_, axis) => axis);
  const permutation = shape.map(() => rest.splice(s.integer(0, rest.length - 1), 1)[0]);
  return transpose(s.input(shape), permutation);
};

const resizeCase: Case = (s) => {
  const x = s.input(['N', s.integer(1, 2), s.integer(2, 4), s.integer(2, 4)]);
  const axes = s.pick([[2], [3], [2, 3], [-1, 2]]);
  return apply('Resize', [x], {
    mode: s.pick(['nearest', 'linear', 'cubic'] as const),
    coordinates: s.pick(['half_pixel', 'pytorch_half_pixel', 'asymmetric', 'align_corners'] as const),
    nearest: s.pick(['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const),
    cubicCoefficient: s.real(-0.75, -0.5),
    axes,
    to: s.flag()
      ? { scales: axes.map(() => s.pick([0.5, 1, 1.5, 2, 3])) }
      : { sizes: axes.map(() => s.integer(1, 9)) },
  });
};

const whereCase: Case = (s) => {
  const [a, b, condition] = broadcastable(s, 3);
  const positive = greater(s.input(condition, 'nonzero', { frozen: true }), scalar(0));
  return where(positive, s.input(a), s.input(b));
};

const softmaxCase =
  (operator: 'Softmax' | 'LogSoftmax'): Case =>
  (s) => {
    const shape = anyShape(s, 2);
    return apply(operator, [s.input(shape)], { axis: fixedAxis(s, shape) });
  };

export const cases: { readonly [Op in keyof RuleTable]: Case } = {
  Conv: convCase,
  ConvTranspose: convTransposeCase,
  Gemm: gemmCase,
  MatMul: matMulCase,
  Add: binary('Add', 'free', 'free'),
  Sub: binary('Sub', 'free', 'free'),
  Mul: binary('Mul', 'free', 'free'),
  Div: binary('Div', 'free', 'positive'),
  Max: binary('Max', 'distinct', 'distinct between'),
  Min: binary('Min', 'distinct', 'distinct between'),
  Pow: binary('Pow', 'positive', 'positive'),
  Where: whereCase,
  BatchNormalization: batchNormalizationCase,
  Relu: unary('nonzero', (x) => relu(x)),
  LeakyRelu: unary('nonzero', (x, s) => apply('LeakyRelu', [x], { alpha: s.real(0.01, 0.5) })),
  Elu: unary('nonzero', (x, s) => apply('Elu', [x], { alpha: s.real(0.5, 2) })),
  Sigmoid: unary('free', (x) => sigmoid(x)),
  Tanh: unary('free', tanh),
  Softplus: unary('free', softplus),
  Softmax: softmaxCase('Softmax'),
  LogSoftmax: softmaxCase('LogSoftmax'),
  Clip: unary('off tenths', (x, s) =>
    apply('Clip', [x], {
      min: s.pick([Math.fround(-0.3), 0, Number.NEGATIVE_INFINITY]),
      max: s.pick([Math.fround(0.4), Number.POSITIVE_INFINITY]),
    }),
  ),
  Abs: unary('nonzero', (x) => apply('Abs', [x], {})),
  Neg: unary('free', (x) => apply('Neg', [x], {})),
  Exp: unary('free', (x) => apply('Exp', [x], {})),
  Log: unary('positive', (x) => apply('Log', [x], {})),
  Sqrt: unary('positive', (x) => apply('Sqrt', [x], {})),
  Erf: unary('free', (x) => apply('Erf', [x], {})),
  Sin: unary('free', (x) => apply('Sin', [x], {})),
  Cos: unary('free', (x) => apply('Cos', [x], {})),
  Atan: unary('free', (x) => apply('Atan', [x], {})),
  MaxPool: maxPoolCase,
  AveragePool: averagePoolCase,
  GlobalAveragePool: (s) =>
    apply('GlobalAveragePool', [s.input(['N', ...list(s.integer(2, 3), () => s.integer(1, 3))])], {}),
  ReduceMean: reduceCase('ReduceMean'),
  ReduceSum: reduceCase('ReduceSum'),
  ReduceMax: reduceCase('ReduceMax', 'distinct'),
  CumSum: (s) => {
    const shape = anyShape(s, 2);
    const attributes = { axis: fixedAxis(s, shape), exclusive: s.flag(), reverse: s.flag() };
    return apply('CumSum', [s.input(shape)], attributes);
  },
  Concat: concatCase,
  Split: splitCase,
  Slice: sliceCase,
  Expand: expandCase,
  Gather: gatherCase,
  Pad: padCase,
  Reshape: reshapeCase,
  Flatten: flattenCase,
  Squeeze: squeezeCase,
  Unsqueeze: unsqueezeCase,
  Transpose: transposeCase,
  Identity: unary('free', (x) => apply('Identity', [x], {})),
  Dropout: unary('free', (x) => apply('Dropout', [x], {})),
  Resize: resizeCase,
  Cast: unary('free', (x) => cast(cast(x, 'float64'), 'float32')),
};

/** Operators without a gradient, which graphs and derived graphs use. */
export const forwardCases = {
  Greater: (s: Sketch): Value => {
    const [a, b] = broadcastable(s, 2);
    return cast(greater(s.input(a, 'distinct'), s.input(b, 'distinct between')), 'float32');
  },
  Sign: unary('nonzero', (x) => apply('Sign', [x], {})),
  ZerosLike: unary('free', (x) => apply('ZerosLike', [x], {})),
  Mod: (s: Sketch): Value => {
    const x = cast(multiply(s.input(anyShape(s)), scalar(20)), 'int64');
    const divisor = constant({
      dataType: 'int64',
      shape: [],
      data: BigInt64Array.of(BigInt(s.integer(1, 7))),
    });
    return cast(apply('Mod', [x, divisor], {}), 'float32');
  },
  ScatterElements: (s: Sketch): Value => {
    const [length, updates, others] = [s.integer(1, 4), s.integer(1, 6), s.integer(1, 2)];
    const reduction = s.flag() ? 'add' : 'none';
    const at = BigInt64Array.from({ length: updates * others }, () => BigInt(s.integer(-length, length - 1)));
    const indices = constant({ dataType: 'int64', shape: [others, updates], data: at });
    return apply('ScatterElements', [s.input([others, length]), indices, s.input([others, updates])], {
      axis: s.pick([1, -1]),
      reduction,
    });
  },
  /** The second output of MaxPool. */
  'MaxPool indices': (s: Sketch): Value => {
    const { x, pool, window } = anyPool(s);
    const attributes = { ...pool, dilations: window.dilations, indices: true };
    return cast(createNode('MaxPool', [s.input(x, 'distinct')], attributes).outputs[1], 'float32');
  },
} as const;

/** Several operators in a row, with values used more than once; kinks are kept away by construction. */
export const chain: Case = (s) => {
  const shape = ['N', s.integer(1, 3), s.integer(4, 6), s.integer(4, 6)] as const;
  const values: Value[] = [s.input(shape)];
  const channels = (x: Value): number => Number(x.type.shape?.[1]);
  const fixedShape = (x: Value): number[] => (x.type.shape ?? []).map(perImage);
  const steps: readonly ((x: Value) => Value)[] = [
    (x) => {
      const weights = [s.integer(1, 3), channels(x), 3, 3];
      const weight = s.flag() ? s.input(weights) : floats(s.numbers(weights), weights);
      return conv(x, weight, {
        pads: [1, 1, 1, 1],
        strides: s.pick([
          [1, 1],
          [2, 2],
        ]),
      });
    },
    tanh,
    softplus,
    (x) => sigmoid(x),
    (x) => add(x, tanh(x)),
    (x) => multiply(x, sigmoid(x)),
    (x) => concat([x, softplus(x), x]),
    (x) => averagePool(x, { kernel: [2, 2], strides: [1, 1], pads: [1, 0, 0, 1] }),
    (x) => transpose(x, [0, 1, 3, 2]),
    (x) => {
      const parameter = (kind: Values): Value => floats(s.numbers([channels(x)], kind), [channels(x)]);
      const [scale, bias, mean] = list(3, () => parameter('free'));
      return batchNormalization(x, { scale, bias, mean, variance: parameter('positive') });
    },
    // Magnitudes of at least 0.2, with constant signs.
    (x) => {
      const signs = s.numbers(fixedShape(x), 'nonzero').map(Math.sign);
      return relu(multiply(add(sigmoid(x), scalar(0.2)), floats(signs, fixedShape(x))));
    },
    // Distinct steps of 0.04, of which the variable part spans less than half.
    (x) => {
      const grid = floats(s.numbers(fixedShape(x), 'distinct'), fixedShape(x));
      return maxPool(add(multiply(sigmoid(x), scalar(0.01)), grid), {
        kernel: [2, 2],
        strides: [1, 1],
        pads: [0, 1, 1, 0],
      });
    },
  ];
  for (let i = s.integer(2, 6); i > 0; i--) values.push(s.pick(steps)(s.pick(values.slice(-2))));
  const [last, before] = values.slice(-2).reverse();
  const mean = (x: Value): Value => apply('ReduceMean', [tanh(x)], { axes: [1, 2, 3], keepDims: false });
  return multiply(mean(last), add(mean(before), mean(values[0])));
};
