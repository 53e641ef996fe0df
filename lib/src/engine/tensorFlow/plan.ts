/** A graph as a list of steps that can be sent to a worker thread. */

import { failAt } from '../../error.js';
import { describeNode, type Graph, isFixed, topologicalOrder } from '../../graph/graph.js';
import type { OperatorAttributes } from '../../graph/inference.js';
import type { Node, Value } from '../../graph/node.js';
import { type ConstantTensor, shapeText } from '../../graph/type.js';
import type { Computed } from './kernel.js';

export interface Step<Op extends Computed = Computed> {
  readonly operator: Op;
  readonly attributes: OperatorAttributes[Op];
  /** How a message names the node. */
  readonly where: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Values that no later step needs. */
  readonly last: readonly number[];
}

/** TensorFlow.js has no wider types than these. */
export interface PlannedConstant {
  readonly value: number;
  readonly dataType: 'float32' | 'int32' | 'bool';
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** Values are numbered. */
export interface Plan {
  readonly inputs: Readonly<Record<string, number>>;
  readonly constants: readonly PlannedConstant[];
  /** What follows from constants alone, such as the flipped weights of a backward convolution: computed once. */
  readonly preparation: readonly Step[];
  /** What every run computes. */
  readonly steps: readonly Step[];
  readonly outputs: Readonly<Record<string, number>>;
}

const largest = 2n ** 31n - 1n;
const elsewhere = 'Run the network with onnxruntime.';

function planConstant(value: number, node: Extract<Node, { operator: 'Constant' }>): PlannedConstant {
  const { dataType, shape, data } = node.attributes.value;
  const typed = (type: PlannedConstant['dataType'], values: PlannedConstant['data']): PlannedConstant => ({
    value,
    dataType: type,
    shape,
    data: values,
  });
  if (dataType === 'bool') return typed('bool', Uint8Array.from(numbersOf(data)));
  if (dataType.startsWith('float')) {
    return typed('float32', data instanceof Float32Array ? data : Float32Array.from(numbersOf(data)));
  }
  if (data instanceof BigInt64Array && data.some((number) => number > largest || number < -largest)) {
    throw failAt(describeNode(node), elsewhere)(
      'TensorFlow.js has no integers of 64 bits',
      `values up to ${largest}`,
      String(data.find((number) => number > largest || number < -largest)),
    );
  }
  return typed('int32', Int32Array.from(numbersOf(data)));
}

const numbersOf = (data: ConstantTensor['data']): number[] => Array.from(data, Number);

/** @throws InputError if the kernels do not support the node */
function checkNode(node: Node): void {
  const fail = failAt(describeNode(node), elsewhere);
  if (node.operator === 'Opaque') {
    const { operator, domain } = node.attributes;
    const got = `operator ${operator}${domain ? ` of domain "${domain}"` : ''}`;
    throw fail('the tensorflow engine does not know this operator', undefined, got);
  }
  const spatial = ['Conv', 'ConvTranspose', 'MaxPool', 'AveragePool'].includes(node.operator);
  const { shape } = node.inputs[0]?.type ?? {};
  if (spatial && (shape === undefined || shape.length < 3 || shape.length > 4)) {
    throw fail(
      'the tensorflow engine convolves and pools along one or two axes',
      '[batch, channels, length] or [batch, channels, height, width]',
      shapeText(shape),
    );
  }
}

/** @throws InputError naming the first operator, constant or rank that TensorFlow.js cannot run */
export function planRun(graph: Graph): Plan {
  const nodes = topologicalOrder(Object.values(graph.outputs));
  const numbers = new Map<Value, number>();
  const numberOf = (value: Value): number => {
    const number = numbers.get(value) ?? numbers.size;
    numbers.set(value, number);
    return number;
  };

  // Outputs, and what is prepared for the runs, outlive the last step that uses them.
  const kept = new Set(Object.values(graph.outputs));
  const lastUse = new Map<Value, Node>();
  for (const node of nodes) {
    for (const value of node.inputs) if (isFixed(value) && !isFixed(node.outputs[0])) kept.add(value);
    for (const value of [...node.inputs, ...node.outputs]) lastUse.set(value, node);
  }

  function planStep(node: Extract<Node, { operator: Computed }>, last: readonly Value[]): Step {
    return {
      operator: node.operator,
      attributes: node.attributes,
      where: describeNode(node),
      inputs: node.inputs.map(numberOf),
      outputs: node.outputs.map(numberOf),
      last: last.map(numberOf),
    };
  }

  const inputs: Record<string, number> = {};
  const constants: PlannedConstant[] = [];
  const preparation: Step[] = [];
  const steps: Step[] = [];
  for (const node of nodes) {
    checkNode(node);
    const [first] = node.outputs;
    if (node.operator === 'Input') inputs[node.name] = numberOf(first);
    else if (node.operator === 'Constant') constants.push(planConstant(numberOf(first), node));
    else if (node.operator !== 'Opaque') {
      const last = [...new Set([...node.inputs, ...node.outputs])].filter(
        (value) => lastUse.get(value) === node && !kept.has(value),
      );
      (isFixed(first) ? preparation : steps).push(planStep(node, last));
    }
  }
  const outputs = Object.entries(graph.outputs).map(([name, value]) => [name, numberOf(value)]);
  return { inputs, constants, preparation, steps, outputs: Object.fromEntries(outputs) };
}
