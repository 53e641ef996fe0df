/** The immutable nodes of a graph: an operator applied to values, with the types of its outputs. */
import { infer, type Operator, type OperatorAttributes } from './inference.js';
import type { ConstantTensor, DataType, Shape, TensorType } from './type.js';

/** One output of a node. Values are compared by identity. */
export interface Value {
  readonly node: Node;
  readonly index: number;
  readonly type: TensorType;
}

export interface NodeOf<Op extends Operator> {
  readonly operator: Op;
  /** A hint for messages and files; the writer makes names unique. */
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly attributes: OperatorAttributes[Op];
  readonly outputs: readonly Value[];
}

export type Node = { [Op in Operator]: NodeOf<Op> }[Operator];

/**
 * An operator applied to values.
 * @throws InputError if the operator cannot take these inputs
 */
export function createNode<Op extends Operator>(
  operator: Op,
  inputs: readonly Value[],
  attributes: OperatorAttributes[Op],
  name = '',
): NodeOf<Op> {
  const types = infer[operator](
    inputs.map((value) => value.type),
    attributes,
    name || operator,
  );
  const outputs: Value[] = [];
  const node: NodeOf<Op> = { operator, name, inputs, attributes, outputs };
  for (const [index, type] of ('dataType' in types ? [types] : types).entries()) {
    // NodeOf<Op> for one Op is a member of the union Node; TypeScript cannot see that for a generic Op.
    outputs.push({ node: node as unknown as Node, index, type });
  }
  Object.freeze(outputs);
  return Object.freeze(node);
}

function copyNode(node: Node, inputs: readonly Value[], name: string): Node {
  const copy = <Op extends Operator>(original: NodeOf<Op>) =>
    createNode(original.operator, inputs, original.attributes, name);
  return copy<Operator>(node) as Node;
}

/** The same operator on other inputs. */
export const withInputs = (node: Node, inputs: readonly Value[]): Node => copyNode(node, inputs, node.name);

/** The same value from a node of this name. */
export const withName = (value: Value, name: string): Value =>
  copyNode(value.node, value.node.inputs, name).outputs[value.index];

/** The first output of a new node. */
export function apply<Op extends Operator>(
  operator: Op,
  inputs: readonly Value[],
  attributes: OperatorAttributes[Op],
  name = '',
): Value {
  return createNode(operator, inputs, attributes, name).outputs[0];
}

/** A value that each run is fed, such as a batch of images of shape ['N', 12, 120, 120]. */
export function input(name: string, shape: Shape, dataType: DataType = 'float32'): Value {
  return apply('Input', [], { type: { dataType, shape } }, name);
}

/** A value that is stored with the graph, such as weights. */
export function constant(value: ConstantTensor, name = ''): Value {
  return apply('Constant', [], { value }, name);
}

/** A float32 constant from plain numbers, in row-major order. */
export function floats(data: Float32Array | readonly number[], shape: readonly number[], name = ''): Value {
  return constant({ dataType: 'float32', shape, data: Float32Array.from(data) }, name);
}

/** A float32 constant of shape []. */
export function scalar(value: number): Value {
  return floats([value], []);
}

/** The numbers of a constant value; undefined if the value is computed. */
export function constantOf(value: Value): ConstantTensor | undefined {
  return value.node.operator === 'Constant' ? value.node.attributes.value : undefined;
}
