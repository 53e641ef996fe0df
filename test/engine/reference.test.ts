import { deepEqual, throws } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { evaluate } from '../../lib/src/engine/reference.js';
import { InputError } from '../../lib/src/error.js';
import { createGraph } from '../../lib/src/graph/graph.js';
import { apply, createNode, floats, input, scalar, type Value } from '../../lib/src/graph/node.js';
import { pad, reverse } from '../../lib/src/graph/operators/arrangement.js';
import { conv, convTranspose } from '../../lib/src/graph/operators/convolution.js';
import { add } from '../../lib/src/graph/operators/elementwise.js';
import { averagePool } from '../../lib/src/graph/operators/pooling.js';
import { resize } from '../../lib/src/graph/operators/resize.js';

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
    const doubled = resize(floats([0, 4], [1, 1, 1, 2]), [1, 1, 1, 2]);
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
