import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { InputError } from '../../lib/src/error.js';
import { createGraph, topologicalOrder } from '../../lib/src/graph/graph.js';
import type { Operator } from '../../lib/src/graph/inference.js';
import {
  apply,
  createNode,
  floats,
  input,
  type NodeOf,
  scalar,
  type Value,
} from '../../lib/src/graph/node.js';
import { pad, reverse } from '../../lib/src/graph/operators/arrangement.js';
import { conv, convTranspose } from '../../lib/src/graph/operators/convolution.js';
import { add } from '../../lib/src/graph/operators/elementwise.js';
import { averagePool } from '../../lib/src/graph/operators/pooling.js';
import { resize } from '../../lib/src/graph/operators/resize.js';
import { type Case, cases, forwardCases } from '../graph/cases.js';
import { forSketches, type Sketch } from '../graph/sketch.js';
import { forEachIndex } from '../reference/array.js';
import { evaluate, type ReferenceTensor } from '../reference/reference.js';
import { type Definition, definitions } from './definitions.js';

/** The value of a graph without inputs, as plain numbers. */
const valuesOf = (output: Value): number[] => [...evaluate(createGraph({ output }), {}).output.data];
const line = (...values: number[]): Value => floats(values, [1, 1, values.length]);

describe('the reference engine', () => {
  it('convolves without flipping the kernel', () => {
    deepEqual(valuesOf(conv(line(1, 2, 3, 4), line(1, 10), { pads: [1, 0] })), [10, 21, 32, 43]);
    deepEqual(valuesOf(conv(line(1, 2, 3, 4), line(1, 10), { dilations: [2] })), [31, 42]);
  });

  it('spreads every pixel by the kernel in a transposed convolution', () => {
    deepEqual(valuesOf(convTranspose(line(1, 2), line(1, 10, 100), { strides: [2] })), [1, 10, 102, 20, 200]);
  });

  it('counts maxima in the whole input, and takes the first of equal ones', () => {
    const x = floats([1, 5, 5, 0, 7, 7, 7, 7], [2, 1, 4]);
    const options = {
      kernel: [2],
      strides: [2],
      pads: [0, 0],
      dilations: [1],
      ceilMode: false,
      indices: true,
    };
    const [values, indices] = createNode('MaxPool', [x], options).outputs;
    deepEqual(valuesOf(values), [5, 5, 7, 7]);
    deepEqual(valuesOf(indices), [1, 2, 4, 6]);
  });

  it('averages over the pixels inside the image', () => {
    deepEqual(valuesOf(averagePool(line(1, 2, 6), { kernel: [2], strides: [2], pads: [1, 1] })), [1, 4]);
    deepEqual(valuesOf(averagePool(line(1, 3, 6), { kernel: [2], ceilMode: true })), [2, 6]);
  });

  it('interpolates at pixel centres', () => {
    const doubled = resize(floats([0, 4], [1, 1, 1, 2]), { scales: [1, 2] });
    deepEqual(valuesOf(doubled), [0, 1, 3, 4]);
  });

  it('reverses, reflects and crops', () => {
    deepEqual(valuesOf(reverse(line(1, 2, 3), 2)), [3, 2, 1]);
    deepEqual(valuesOf(pad(line(1, 2, 3), [0, 0, 2, 0, 0, -1], { mode: 'edge' })), [1, 1, 1, 2]);
    const reflected = apply('Pad', [line(1, 2, 3)], { pads: [0, 0, 2, 0, 0, 1], mode: 'reflect', value: 0 });
    deepEqual(valuesOf(reflected), [3, 2, 1, 2, 3, 2]);
  });

  it('does not overflow in Softmax and Softplus', () => {
    deepEqual(valuesOf(apply('Softmax', [line(1000, 1000)], { axis: -1 })), [0.5, 0.5]);
    deepEqual(valuesOf(apply('Softplus', [line(1000, -1000)], {})), [1000, 0]);
  });

  it('computes in double precision', () => {
    deepEqual(valuesOf(add(scalar(2 ** 24), scalar(1))), [2 ** 24 + 1]);
  });

  it('refuses missing and misshapen inputs, and operators that it does not know', () => {
    const x = input('x', ['N', 2]);
    const graph = createGraph({ x });
    throws(() => evaluate(graph, {}), { name: 'InputError', message: /input "x".*missing/ });
    const wrong = { x: { data: new Float64Array(3), shape: [1, 3] } };
    throws(() => evaluate(graph, wrong), { name: 'InputError', message: /\[N, 2\].*\[1, 3\]/ });
    const short = { x: { data: new Float64Array(3), shape: [2, 2] } };
    throws(() => evaluate(graph, short), InputError);
    const outputTypes = [{ dataType: 'float32', shape: ['N', 2] }] as const;
    const attributes = { operator: 'Hardmax', domain: '', raw: {}, slots: [0], outputTypes };
    const [y] = createNode('Opaque', [scalar(1)], attributes).outputs;
    throws(() => valuesOf(y), { name: 'InputError', message: /Hardmax/ });
  });
});

/** Every value of a node's outputs is what the formula of its operator says, to 1e-12 of the largest. */
function checkDefinition<Op extends Operator>(
  node: NodeOf<Op>,
  define: Definition<Op>,
  feeds: Sketch['feeds'],
) {
  const computed = (value: Value): ReferenceTensor => evaluate(createGraph({ value }), feeds).value;
  const inputs = node.inputs.map(computed);
  const formula = define(inputs, node.attributes);
  for (const [output, value] of node.outputs.entries()) {
    const { data, shape } = computed(value);
    equal(shape.length, value.type.shape?.length);
    const scale = data.reduce((largest, each) => Math.max(largest, Math.abs(each)), 1);
    forEachIndex(shape, (index, position) => {
      const expected = formula(index, output);
      ok(
        Math.abs(data[position] - expected) <= 1e-12 * scale,
        `${node.operator}, output ${output} at [${index}]: ${data[position]} instead of ${expected}`,
      );
    });
  }
}

describe('the reference engine computes what the formula over single values says', () => {
  const all: Readonly<Record<string, Case>> = { ...cases, ...forwardCases };
  for (const [name, draw] of Object.entries(all)) {
    const operators = Object.keys(definitions);
    if (!operators.includes(name.split(' ')[0])) continue;
    it(name, () =>
      forSketches(100, (sketch) => {
        let checked = 0;
        const check = <Op extends Operator>(node: NodeOf<Op>): void => {
          const define = definitions[node.operator];
          if (define === undefined) return;
          checkDefinition(node, define, sketch.feeds);
          checked++;
        };
        for (const node of topologicalOrder([draw(sketch)])) check<Operator>(node as NodeOf<Operator>);
        ok(checked > 0);
      }),
    );
  }

  it('for a product of more rows, columns and terms than a block holds', () => {
    const sizes = [3, 130, 515];
    const numbers = (length: number, phase: number) =>
      Float32Array.from({ length }, (_, i) => Math.sin(i + phase));
    const [rows, inner, columns] = sizes;
    const a = floats(numbers(rows * inner, 0), [rows, inner]);
    const b = floats(numbers(inner * columns, 1), [inner, columns]);
    const { node } = apply('MatMul', [a, b], {});
    const define = definitions.MatMul;
    if (node.operator !== 'MatMul' || define === undefined) throw new Error('not a product');
    checkDefinition(node, define, {});
  });
});
