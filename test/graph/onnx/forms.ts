/** One ONNX node for every operator that landlens reads as its own: what the tables of docs/operators.md and their test are made from. */
import { ModelProto } from '../../../lib/src/graph/onnx/schema.js';
import { createRandom } from '../../../lib/src/random.js';
import { sizeOf } from '../../../lib/src/tensor.js';

export type Fields = Record<string, unknown>;

export const int = (name: string, i: number): Fields => ({ name, type: 2, i });
export const ints = (name: string, values: readonly number[]): Fields => ({ name, type: 7, ints: values });
export const float = (name: string, f: number): Fields => ({ name, type: 1, f });
export const text = (name: string, s: string): Fields => ({
  name,
  type: 3,
  s: new TextEncoder().encode(s),
});
export const longs = (name: string, values: readonly number[], dims = [values.length]): Fields => ({
  name,
  dims,
  dataType: 7,
  int64Data: values,
});
export const numbers = (
  name: string,
  floatData: readonly number[],
  dims: readonly number[] = [floatData.length],
): Fields => ({ name, dims, dataType: 1, floatData });

/** Weights in [low, high], always the same for one name. */
function weights(name: string, dims: readonly number[], [low, high] = [-1, 1]): Fields {
  const random = createRandom(1, name);
  return numbers(
    name,
    Array.from({ length: sizeOf(dims) }, () => random.uniform(low, high)),
    dims,
  );
}

/** One node on an image x. */
export interface Form {
  readonly opset?: number;
  readonly attributes?: readonly Fields[];
  /** Inputs after x (stored weights, or x itself); undefined leaves one out. */
  readonly others?: readonly (Fields | 'x' | undefined)[];
  readonly outputs?: number;
  /** [2, 4, 4] for each image unless told. */
  readonly image?: readonly number[];
  /** The range of x; (-2, 2) unless told, without values closer than 0.01 to multiples of 0.5, where kinks lie. */
  readonly range?: readonly [number, number];
  /** No gradient passes it. */
  readonly gradient?: false;
}

const oldResize = { opset: 9, others: [numbers('scales', [1, 1, 2, 2])] };
const perChannel = (range?: readonly [number, number]) => (name: string) =>
  weights(name, [2], range && [...range]);
const factor = [weights('w', [2, 4, 4], [0.5, 2])];

export const forms: Readonly<Record<string, Form>> = {
  Constant: { gradient: false, attributes: [{ name: 'value', type: 4, t: numbers('', [1, 2]) }] },
  ConstantOfShape: { gradient: false, others: [] },
  Conv: {
    attributes: [ints('strides', [2, 1]), ints('pads', [1, 0, 1, 0]), int('group', 2)],
    others: [weights('w', [4, 1, 3, 2]), weights('b', [4])],
  },
  ConvTranspose: { attributes: [ints('strides', [2, 2])], others: [weights('w', [2, 3, 3, 3])] },
  Gemm: {
    image: [6],
    attributes: [int('transB', 1), float('alpha', 0.5)],
    others: [weights('w', [3, 6]), weights('b', [3])],
  },
  MatMul: { others: [weights('w', [4, 3])] },
  Add: { others: factor },
  Sub: { others: factor },
  Mul: { others: ['x'] },
  Div: { others: factor },
  Sum: { others: [...factor, 'x'] },
  Max: { others: [numbers('w', [0.5])] },
  Min: { others: [numbers('w', [0.5]), numbers('v', [-0.5])] },
  Greater: { gradient: false, others: [numbers('w', [0.5])] },
  Less: { gradient: false, others: [numbers('w', [0.5])] },
  Where: { others: [] },
  BatchNormalization: {
    others: [...['s', 'b', 'm'].map(perChannel()), ...['v'].map(perChannel([0.5, 2]))],
  },
  Relu: {},
  LeakyRelu: { attributes: [float('alpha', 0.1)] },
  Elu: { attributes: [float('alpha', 0.5)] },
  Sigmoid: {},
  Tanh: {},
  Softplus: {},
  Softmax: { attributes: [int('axis', 1)] },
  LogSoftmax: { attributes: [int('axis', 1)] },
  Hardmax: { gradient: false, attributes: [int('axis', 1)] },
  Clip: { others: [numbers('low', [-0.5], []), numbers('high', [1], [])] },
  Abs: {},
  Neg: {},
  Sign: { gradient: false },
  Exp: {},
  Log: { range: [0.51, 2] },
  Sqrt: { range: [0.51, 2] },
  Erf: {},
  Sin: {},
  Cos: {},
  Atan: {},
  Pow: { others: [numbers('two', [2], [])] },
  Reciprocal: { range: [0.51, 2] },
  Gelu: { opset: 20 },
  HardSigmoid: { attributes: [float('alpha', 1), float('beta', 0.5)] },
  HardSwish: { range: [-5, 5] },
  Mish: {},
  Softsign: {},
  Celu: { attributes: [float('alpha', 0.5)] },
  Selu: {},
  PRelu: { others: [weights('slope', [2, 1, 1])] },
  ThresholdedRelu: { attributes: [float('alpha', 0.5)] },
  LayerNormalization: { others: [weights('s', [4]), weights('b', [4])] },
  InstanceNormalization: { others: ['s', 'b'].map(perChannel()) },
  GroupNormalization: {
    opset: 21,
    image: [4, 3, 3],
    attributes: [int('num_groups', 2)],
    others: [weights('s', [4]), weights('b', [4])],
  },
  Attention: { opset: 23, others: ['x', 'x'] },
  ReduceL1: { others: [longs('axes', [1])] },
  ReduceL2: { others: [longs('axes', [-1])] },
  ReduceSumSquare: { others: [longs('axes', [2, 3])] },
  Einsum: { attributes: [text('equation', 'nchw,nkhw->nck')], others: ['x'] },
  Expand: { image: [1, 4], others: [longs('shape', [1, 3, 4])] },
  Tile: { others: [longs('repeats', [1, 2, 1, 3])] },
  DepthToSpace: { image: [8, 2, 3], attributes: [int('blocksize', 2)] },
  SpaceToDepth: { image: [2, 4, 6], attributes: [int('blocksize', 2)] },
  MaxPool: { attributes: [ints('kernel_shape', [2, 2]), ints('strides', [1, 1])] },
  AveragePool: { attributes: [ints('kernel_shape', [2, 2]), ints('pads', [1, 0, 0, 1])] },
  GlobalAveragePool: {},
  GlobalMaxPool: {},
  ReduceMean: { others: [longs('axes', [2, 3])] },
  ReduceSum: { others: [longs('axes', [1])] },
  ReduceMax: { others: [longs('axes', [1])] },
  ReduceMin: { others: [longs('axes', [2, 3])] },
  ReduceProd: { others: [longs('axes', [1, 3])] },
  ReduceLogSum: { range: [0.51, 2], others: [longs('axes', [1])] },
  ReduceLogSumExp: { others: [longs('axes', [-1])] },
  CumSum: { others: [longs('axis', [2], [])] },
  Concat: { attributes: [int('axis', 1)], others: ['x'] },
  Split: { attributes: [int('axis', 1)], others: [longs('sizes', [1, 1])], outputs: 2 },
  Slice: { others: [longs('starts', [1]), longs('ends', [4]), longs('axes', [2])] },
  Gather: { attributes: [int('axis', 2)], others: [longs('indices', [3, 0, 0, -1], [2, 2])] },
  GatherND: { others: [] },
  Pad: { attributes: [text('mode', 'reflect')], others: [longs('pads', [0, 0, 1, 2, 0, 0, 0, 1])] },
  Reshape: { others: [longs('shape', [0, -1, 8])] },
  Flatten: {},
  Squeeze: { image: [1, 4], others: [longs('axes', [1])] },
  Unsqueeze: { others: [longs('axes', [1])] },
  Transpose: { attributes: [ints('perm', [0, 3, 1, 2])] },
  Identity: {},
  Dropout: {},
  Resize: {
    attributes: [text('mode', 'linear')],
    others: [undefined, numbers('scales', [1, 1, 2, 1.5])],
  },
  Upsample: oldResize,
  Cast: { attributes: [int('to', 1)] },
  ScatterElements: {
    gradient: false,
    attributes: [int('axis', 3)],
    others: [longs('indices', [1, 0], [2, 1, 1, 1]), weights('updates', [2, 1, 1, 1])],
  },
  Scatter: {
    opset: 9,
    gradient: false,
    attributes: [int('axis', 3)],
    others: [longs('indices', [1, 0], [2, 1, 1, 1]), weights('updates', [2, 1, 1, 1])],
  },
  Mod: { gradient: false, others: [] },
};

/** Further forms of some of them. */
export const variants: readonly (readonly [operator: string, form: Form])[] = [
  [
    'Attention',
    { opset: 23, attributes: [float('scale', 0.25)], others: ['x', 'x', weights('mask', [4, 4])] },
  ],
  ['Einsum', { attributes: [text('equation', 'nchw->nwc')] }],
  ['Einsum', { attributes: [text('equation', 'abcd, db')], others: [weights('w', [4, 2])] }],
  ['Einsum', { attributes: [text('equation', '...hw, w -> ...h')], others: [weights('w', [4])] }],
  ['Einsum', { attributes: [text('equation', 'nc...,...->nc...')], others: [weights('w', [4, 4])] }],
  ['Einsum', { attributes: [text('equation', 'n...ii->...ni')] }],
  [
    'Einsum',
    {
      attributes: [text('equation', 'nchw,hk,wk,c->nk')],
      others: [weights('a', [4, 3]), weights('b', [4, 3]), weights('c', [2])],
    },
  ],
  ['Einsum', { attributes: [text('equation', 'nchw,nchw')], others: ['x'] }],
  ['CumSum', { attributes: [int('exclusive', 1)], others: [longs('axis', [-1], [])] }],
  ['CumSum', { attributes: [int('reverse', 1), int('exclusive', 1)], others: [longs('axis', [1], [])] }],
  ['DepthToSpace', { image: [8, 2, 3], attributes: [int('blocksize', 2), text('mode', 'CRD')] }],
  ['ReduceMax', { opset: 13, attributes: [ints('axes', [2, 3]), int('keepdims', 0)] }],
  ['ReduceMin', { opset: 11, attributes: [ints('axes', [-1])] }],
  ['ReduceProd', { image: [3, 5], opset: 13, attributes: [ints('axes', [2]), int('keepdims', 0)] }],
  ['ReduceLogSumExp', { attributes: [int('keepdims', 0)], others: [longs('axes', [2, 3])] }],
  ['Expand', { image: [2, 1], others: [longs('shape', [3, 1, 2, 4])] }],
  ['Gather', { attributes: [int('axis', 1)], others: [longs('indices', [1], [])] }],
  ['Gelu', { opset: 20, attributes: [text('approximate', 'tanh')] }],
  [
    'GroupNormalization',
    {
      image: [4, 3, 3],
      attributes: [int('num_groups', 2)],
      others: [weights('s', [2]), weights('b', [2])],
    },
  ],
  ['LayerNormalization', { attributes: [int('axis', 2)], others: [weights('s', [4, 4])] }],
  ['LogSoftmax', { opset: 11 }],
  ['MatMul', { others: ['x'] }],
  ['Pow', { range: [0.51, 2], others: [weights('exponent', [2, 1, 1], [0.5, 3])] }],
  ['PRelu', { others: [numbers('slope', [0.25])] }],
  ['ReduceL2', { opset: 13, attributes: [ints('axes', [1, 2]), int('keepdims', 0)] }],
  ['ReduceL1', {}],
  [
    'Resize',
    {
      image: [2, 3, 5],
      attributes: [ints('axes', [2, 3])],
      others: [undefined, undefined, longs('sizes', [25, 33])],
    },
  ],
  ['ReduceSumSquare', { others: [longs('axes', [-1])], attributes: [int('keepdims', 0)] }],
];

/** Some operators take a value that another one makes of x. */
const before: Readonly<Record<string, { nodes: Fields[]; inputs: string[]; initializer: Fields[] }>> = {
  ConstantOfShape: {
    nodes: [{ opType: 'Shape', input: ['x'], output: ['shape'] }],
    inputs: ['shape'],
    initializer: [],
  },
  Constant: { nodes: [], inputs: [], initializer: [] },
  GatherND: {
    nodes: [{ opType: 'ReduceSum', input: ['x', 'batch'], output: ['sum'], attribute: [int('keepdims', 0)] }],
    inputs: ['sum', 'rows'],
    initializer: [longs('batch', [0]), longs('rows', [1, 0, 1], [3, 1])],
  },
  Where: {
    nodes: [{ opType: 'Greater', input: ['x', 'zero'], output: ['positive'] }],
    inputs: ['positive', 'x', 'zero'],
    initializer: [numbers('zero', [0.25], [])],
  },
  Mod: {
    nodes: [{ opType: 'Cast', input: ['x'], output: ['whole'], attribute: [int('to', 7)] }],
    inputs: ['whole', 'three'],
    initializer: [longs('three', [3], [])],
  },
};

/** What comes out as integers or truth values is made float32, so that engines return it. */
const integral = ['Greater', 'Less', 'Mod'];

/** The file with this one node between x and y. */
export function modelOf(
  operator: string,
  { opset = 18, attributes = [], others = [], ...form }: Form,
): Uint8Array {
  const { image = [2, 4, 4], outputs = 1 } = form;
  const special = before[operator];
  const made = Array.from({ length: outputs }, (_, i) => (outputs === 1 ? 'made' : `part${i}`));
  const main = {
    name: 'node',
    opType: operator,
    input: special?.inputs ?? [
      'x',
      ...others.map((other) => (other === 'x' ? 'x' : other === undefined ? '' : String(other.name))),
    ],
    output: made,
    attribute: attributes,
  };
  const last = integral.includes(operator)
    ? { opType: 'Cast', input: ['made'], output: ['y'], attribute: [int('to', 1)] }
    : outputs === 1
      ? { opType: 'Identity', input: ['made'], output: ['y'] }
      : { opType: 'Sub', input: made, output: ['y'] };
  const dim = ['N', ...image].map((size) =>
    typeof size === 'string' ? { dimParam: size } : { dimValue: size },
  );
  return ModelProto.encode(
    ModelProto.fromObject({
      irVersion: opset < 9 ? 3 : 8,
      opsetImport: [{ domain: '', version: opset }],
      graph: {
        name: operator,
        node: [...(special?.nodes ?? []), main, last],
        initializer: [
          ...(special?.initializer ?? []),
          ...others.filter((other) => other !== undefined && other !== 'x'),
        ],
        input: [{ name: 'x', type: { tensorType: { elemType: 1, shape: { dim } } } }],
        output: [{ name: 'y', type: { tensorType: { elemType: 1 } } }],
      },
    }),
  ).finish();
}

/** Values of x, the same every time, away from the kinks. */
export function imageFor({ image = [2, 4, 4], range: [low, high] = [-2, 2] }: Form): {
  data: Float64Array;
  shape: number[];
} {
  const shape = [2, ...image];
  const random = createRandom(1, 'image');
  const draw = (): number => {
    for (;;) {
      const value = Math.fround(random.uniform(low, high));
      if (Math.abs(value * 2 - Math.round(value * 2)) > 0.02) return value;
    }
  };
  return { shape, data: Float64Array.from({ length: sizeOf(shape) }, draw) };
}
