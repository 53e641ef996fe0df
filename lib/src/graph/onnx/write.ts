/** Writes a graph as an ONNX file (opset 18, or what an operator passed through needs) that any ONNX runtime can load. */

import { toHalf } from '../../io/half.js';
import { type Graph, topologicalOrder } from '../graph.js';
import type { Operator } from '../inference.js';
import type { Node, NodeOf, Value } from '../node.js';
import { type ConstantTensor, isBatch, perImage, type TensorType } from '../type.js';
import { type Attributes, type Encoded, type Encoder, int } from './encoder.js';
import { encoders } from './operators.js';
import { dataTypeCodes, ModelProto } from './schema.js';
import { attributeProto, tensorProto } from './tensorProto.js';

export interface WriteOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  /** Store float32 weights in half precision, with a Cast that widens them when loaded. */
  readonly halfWeights?: boolean;
  /** Number of images that inputs and outputs are fixed to (default: any). */
  readonly batch?: number;
}

function encode(node: Node): Encoded {
  const call = <Op extends Operator>(typed: NodeOf<Op>): Encoded => {
    const encoder: Encoder<Op> | undefined = encoders[typed.operator];
    return encoder?.(typed) ?? {};
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
    const { operator = node.operator, attributes, extra = [] } = encode(node);
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
