/** Writes a graph as an ONNX file (opset 18, or what an operator passed through needs) that any ONNX runtime can load. */

import { toHalf } from '../../io/half.js';
import type { Operator, RawAttribute } from '../attributes.js';
import { type Graph, shapeOf, topologicalOrder } from '../graph.js';
import type { Node, NodeOf, Value } from '../node.js';
import { resizedAxes } from '../operators/resize.js';
import { type ConstantTensor, isBatch, perImage, type Shape, type TensorType } from '../type.js';
import { dataTypeCodes, ModelProto } from './schema.js';
import { attributeProto, tensorProto } from './tensorProto.js';

export interface WriteOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  /** Store float32 weights in half precision, with a Cast that widens them when loaded. */
  readonly halfWeights?: boolean;
  /** Fixes the batch of inputs and outputs at so many images; open unless told. */
  readonly batch?: number;
}

type Attributes = Readonly<Record<string, RawAttribute>>;

/** What becomes of one node: further constant inputs and attributes of one ONNX operator. */
interface Encoded {
  readonly operator: string;
  readonly attributes?: Attributes;
  /** int64 tensors and scalars that ONNX takes as inputs after the node's own. */
  readonly extra?: readonly (readonly number[] | ConstantTensor | undefined)[];
}

const int = (value: number): RawAttribute => ({ type: 'int', value: BigInt(value) });
const ints = (values: readonly number[]): RawAttribute => ({ type: 'ints', value: values.map(BigInt) });
const float = (value: number): RawAttribute => ({ type: 'float', value });
const text = (value: string): RawAttribute => ({ type: 'string', value: new TextEncoder().encode(value) });
const number = (value: number): ConstantTensor => ({
  dataType: 'float32',
  shape: [],
  data: Float32Array.of(value),
});

const convolution = ({ attributes }: NodeOf<'Conv'> | NodeOf<'ConvTranspose'>): Attributes => ({
  strides: ints(attributes.strides),
  pads: ints(attributes.pads),
  dilations: ints(attributes.dilations),
  group: int(attributes.group),
});

const pool = ({ attributes }: NodeOf<'MaxPool'> | NodeOf<'AveragePool'>): Attributes => ({
  kernel_shape: ints(attributes.kernel),
  strides: ints(attributes.strides),
  pads: ints(attributes.pads),
  ceil_mode: int(attributes.ceilMode ? 1 : 0),
});

const reduce = (node: NodeOf<'ReduceMean'> | NodeOf<'ReduceSum'> | NodeOf<'ReduceMax'>): Encoded => ({
  operator: node.operator,
  // No axes means none here, where ONNX by default means all.
  attributes: { keepdims: int(node.attributes.keepDims ? 1 : 0), noop_with_empty_axes: int(1) },
  extra: [node.attributes.axes],
});

const inferBatch = (shape: Shape): number[] =>
  shape.map((dimension) => (isBatch(dimension) ? -1 : dimension));

/**
 * Lengths where they are meant, otherwise scales; unless ONNX Runtime, which multiplies by them now in single and now in
 * double precision, would lose a pixel (such as floor(5 x float32(6.6)) = 32), and the lengths say the same.
 */
function resizeTarget({ inputs: [x], attributes }: NodeOf<'Resize'>): number[] | ConstantTensor {
  const { axes, to } = attributes;
  if ('sizes' in to) return [...to.sizes];
  const resized = resizedAxes(shapeOf(x), attributes, 'Resize');
  const lossy = resized.some(
    ({ length, outputs, scale }) => Math.floor(length * Math.fround(scale)) !== outputs,
  );
  const ratios = resized.every(
    ({ length, outputs, scale }) => Math.fround(outputs / length) === Math.fround(scale),
  );
  if (lossy && ratios) return resized.map(({ outputs }) => outputs);
  return { dataType: 'float32', shape: [axes.length], data: Float32Array.from(to.scales) };
}

/** Scales are the third input, sizes the fourth. */
function resizeInputs(node: NodeOf<'Resize'>): (readonly number[] | ConstantTensor | undefined)[] {
  const target = resizeTarget(node);
  return 'data' in target ? [undefined, target] : [undefined, undefined, target];
}

type Encoder<Op extends Operator> = (node: NodeOf<Op>) => Encoded;

/** Operators that are not in this table have no attributes and their own name in ONNX. */
const encoders: { readonly [Op in Operator]?: Encoder<Op> } = {
  Opaque: ({ attributes }) => ({ operator: attributes.operator, attributes: attributes.raw }),
  Conv: (node) => ({ operator: 'Conv', attributes: convolution(node) }),
  ConvTranspose: (node) => ({
    operator: 'ConvTranspose',
    attributes: { ...convolution(node), output_padding: ints(node.attributes.outputPadding) },
  }),
  Gemm: ({ attributes }) => ({
    operator: 'Gemm',
    attributes: {
      alpha: float(attributes.alpha),
      beta: float(attributes.beta),
      transA: int(attributes.transA ? 1 : 0),
      transB: int(attributes.transB ? 1 : 0),
    },
  }),
  BatchNormalization: ({ attributes }) => ({
    operator: 'BatchNormalization',
    attributes: { epsilon: float(attributes.epsilon) },
  }),
  LeakyRelu: ({ attributes }) => ({ operator: 'LeakyRelu', attributes: { alpha: float(attributes.alpha) } }),
  Elu: ({ attributes }) => ({ operator: 'Elu', attributes: { alpha: float(attributes.alpha) } }),
  Softmax: ({ attributes }) => ({ operator: 'Softmax', attributes: { axis: int(attributes.axis) } }),
  LogSoftmax: ({ attributes }) => ({
    operator: 'LogSoftmax',
    attributes: { axis: int(attributes.axis) },
  }),
  Clip: ({ attributes: { min, max } }) => ({
    operator: 'Clip',
    extra: [Number.isFinite(min) ? number(min) : undefined, ...(Number.isFinite(max) ? [number(max)] : [])],
  }),
  MaxPool: (node) => ({
    operator: 'MaxPool',
    attributes: { ...pool(node), dilations: ints(node.attributes.dilations) },
  }),
  AveragePool: (node) => ({
    operator: 'AveragePool',
    attributes: { ...pool(node), count_include_pad: int(node.attributes.countIncludePad ? 1 : 0) },
  }),
  ReduceMean: reduce,
  ReduceSum: reduce,
  ReduceMax: reduce,
  CumSum: ({ attributes: { axis, exclusive, reverse } }) => ({
    operator: 'CumSum',
    attributes: { exclusive: int(exclusive ? 1 : 0), reverse: int(reverse ? 1 : 0) },
    extra: [[axis]],
  }),
  Concat: ({ attributes }) => ({ operator: 'Concat', attributes: { axis: int(attributes.axis) } }),
  Split: ({ attributes }) => ({
    operator: 'Split',
    attributes: { axis: int(attributes.axis) },
    extra: [attributes.sizes],
  }),
  Slice: ({ attributes: { starts, ends, axes, steps } }) => ({
    operator: 'Slice',
    extra: [starts, ends, axes, steps],
  }),
  Expand: ({ attributes }) => ({ operator: 'Expand', extra: [attributes.lengths] }),
  Gather: ({ attributes }) => ({ operator: 'Gather', attributes: { axis: int(attributes.axis) } }),
  Pad: ({ attributes }) => ({
    operator: 'Pad',
    attributes: { mode: text(attributes.mode) },
    extra: [attributes.pads, number(attributes.value)],
  }),
  Reshape: ({ attributes }) => ({ operator: 'Reshape', extra: [inferBatch(attributes.shape)] }),
  Flatten: ({ attributes }) => ({ operator: 'Flatten', attributes: { axis: int(attributes.axis) } }),
  Squeeze: ({ attributes }) => ({ operator: 'Squeeze', extra: [attributes.axes] }),
  Unsqueeze: ({ attributes }) => ({ operator: 'Unsqueeze', extra: [attributes.axes] }),
  Transpose: ({ attributes }) => ({
    operator: 'Transpose',
    attributes: { perm: ints(attributes.permutation) },
  }),
  Dropout: () => ({ operator: 'Identity' }),
  Resize: (node) => ({
    operator: 'Resize',
    attributes: {
      mode: text(node.attributes.mode),
      coordinate_transformation_mode: text(node.attributes.coordinates),
      nearest_mode: text(node.attributes.nearest),
      cubic_coeff_a: float(node.attributes.cubicCoefficient),
      axes: ints(node.attributes.axes),
    },
    extra: resizeInputs(node),
  }),
  Cast: ({ attributes }) => ({ operator: 'Cast', attributes: { to: int(dataTypeCodes[attributes.to]) } }),
  ScatterElements: ({ attributes }) => ({
    operator: 'ScatterElements',
    attributes: { axis: int(attributes.axis), reduction: text(attributes.reduction) },
  }),
};

function encode(node: Node): Encoded {
  const call = <Op extends Operator>(typed: NodeOf<Op>): Encoded => {
    const encoder: Encoder<Op> | undefined = encoders[typed.operator];
    return encoder ? encoder(typed) : { operator: typed.operator };
  };
  return call<Operator>(node);
}

function valueInfo(name: string, { dataType, shape }: TensorType, batch: number | undefined) {
  const dim = shape?.map((dimension) => {
    if (!isBatch(dimension)) return { dimValue: dimension };
    return batch === undefined ? { dimParam: dimension } : { dimValue: batch * perImage(dimension) };
  });
  return {
    name,
    type: { tensorType: { elemType: dataTypeCodes[dataType], ...(dim ? { shape: { dim } } : {}) } },
  };
}

/** Gives each hint once as it is, then numbered. */
function createNamer(taken: Set<string>): (hint: string) => string {
  const next = new Map<string, number>();
  return (hint) => {
    let name = hint;
    for (let i = next.get(hint) ?? 1; taken.has(name); i++) {
      name = `${hint}_${i}`;
      next.set(hint, i + 1);
    }
    taken.add(name);
    return name;
  };
}

/** The bytes of an ONNX model. Constants keep their names, so weights can be found by name. */
export function writeOnnx(
  graph: Graph,
  { metadata = {}, halfWeights = false, batch }: WriteOptions = {},
): Uint8Array {
  const outputs = Object.entries(graph.outputs);
  const names = new Map<Value, string>();
  const taken = new Set(outputs.map(([name]) => name));
  const unique = createNamer(taken);
  // Nodes and values are named apart; a node that occurs in two passes is named twice.
  const uniqueNode = createNamer(new Set());

  const nodes: object[] = [];
  const initializers: object[] = [];
  const shared = new Map<string, string>();
  /** Small tensors such as shapes and axes appear often: one copy of each. */
  const smallTensor = (tensor: ConstantTensor): string => {
    const key = `${tensor.dataType} ${tensor.shape} ${tensor.data}`;
    const known = shared.get(key);
    if (known !== undefined) return known;
    const name = unique('constant');
    initializers.push(tensorProto(name, tensor));
    shared.set(key, name);
    return name;
  };

  for (const value of graph.inputs) {
    taken.add(value.node.name);
    names.set(value, value.node.name);
  }
  const aliases: [string, Value][] = [];
  for (const [name, value] of outputs) {
    const direct = !names.has(value) && value.node.operator !== 'Input' && value.node.operator !== 'Constant';
    if (direct) names.set(value, name);
    else aliases.push([name, value]);
  }
  const nameOf = (value: Value): string => {
    const known = names.get(value);
    if (known !== undefined) return known;
    const name = unique(value.node.name || value.node.operator.toLowerCase());
    names.set(value, name);
    return name;
  };
  const addNode = (
    operator: string,
    input: string[],
    output: string[],
    attributes: Attributes = {},
    { name = '', domain = '' } = {},
  ) => {
    nodes.push({
      name: uniqueNode(name || output[0]),
      opType: operator,
      domain,
      input,
      output,
      attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
    });
  };

  for (const node of topologicalOrder(Object.values(graph.outputs))) {
    if (node.operator === 'Input') continue;
    if (node.operator === 'Constant') {
      const { value } = node.attributes;
      const name = nameOf(node.outputs[0]);
      if (halfWeights && value.data instanceof Float32Array && value.data.length > 1) {
        const half = toHalf(value.data);
        const stored = unique(`${name}.half`);
        initializers.push({
          ...tensorProto(stored, value),
          dataType: dataTypeCodes.float16,
          rawData: new Uint8Array(half.buffer),
        });
        addNode('Cast', [stored], [name], { to: int(dataTypeCodes.float32) });
      } else initializers.push(tensorProto(name, value));
      continue;
    }
    const inputs = node.inputs.map(nameOf);
    const results = node.outputs.map(nameOf);
    if (node.operator === 'ZerosLike') {
      const shape = unique('shape');
      const zero: ConstantTensor = { dataType: 'float32', shape: [1], data: Float32Array.of(0) };
      addNode('Shape', inputs, [shape]);
      addNode('ConstantOfShape', [shape], results, { value: { type: 'tensor', value: zero } });
      continue;
    }
    if (node.operator === 'Opaque') {
      const slots = new Array<string>(Math.max(-1, ...node.attributes.slots) + 1).fill('');
      for (const [i, slot] of node.attributes.slots.entries()) slots[slot] = inputs[i];
      addNode(node.attributes.operator, slots, results, node.attributes.raw, {
        name: node.name,
        domain: node.attributes.domain,
      });
      continue;
    }
    const { operator, attributes, extra = [] } = encode(node);
    const extras = extra.map((item) => {
      if (item === undefined) return '';
      if ('data' in item) return smallTensor(item);
      return smallTensor({
        dataType: 'int64',
        shape: [item.length],
        data: BigInt64Array.from(item, BigInt),
      });
    });
    addNode(operator, [...inputs, ...extras], results, attributes, { name: node.name });
  }
  for (const [name, value] of aliases) addNode('Identity', [nameOf(value)], [name]);

  const versions = new Map([['', 18]]);
  for (const node of topologicalOrder(Object.values(graph.outputs))) {
    if (node.operator !== 'Opaque') continue;
    const { domain, opset = 1 } = node.attributes;
    versions.set(domain, Math.max(versions.get(domain) ?? 1, opset));
  }
  const model = {
    irVersion: 8,
    producerName: 'landlens',
    opsetImport: [...versions].map(([domain, version]) => ({ domain, version })),
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: 'landlens',
      node: nodes,
      initializer: initializers,
      input: graph.inputs.map((value) => valueInfo(nameOf(value), value.type, batch)),
      output: outputs.map(([name, value]) => valueInfo(name, value.type, batch)),
    },
  };
  return ModelProto.encode(ModelProto.fromObject(model)).finish();
}
