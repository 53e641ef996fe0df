import { deepEqual, equal, throws } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { InputError } from '../../lib/src/error.js';
import { differentiate } from '../../lib/src/graph/differentiate.js';
import { createGraph } from '../../lib/src/graph/graph.js';
import { apply, createNode, floats, input, scalar, type Value } from '../../lib/src/graph/node.js';
import { relu } from '../../lib/src/graph/operators/activation.js';
import { split } from '../../lib/src/graph/operators/arrangement.js';
import {
  add,
  cast,
  greater,
  multiply,
  subtract,
  where,
  zerosLike,
} from '../../lib/src/graph/operators/elementwise.js';
import { gemm } from '../../lib/src/graph/operators/matMul.js';
import { reduceProduct } from '../../lib/src/graph/operators/reduction.js';
import { plain } from '../../lib/src/graph/rules/plain.js';
import { evaluate } from '../reference/reference.js';

const seed = input('seed', ['N', 2]);

/** The gradients of sum(output x seed) as plain numbers. */
function gradients(
  output: Value,
  wrt: readonly Value[],
  feeds: Readonly<Record<string, readonly number[][]>>,
  options = {},
): number[][] {
  const values = differentiate(output, wrt, seed, options);
  const tensors = Object.entries(feeds).map(([name, rows]) => {
    const data = Float64Array.from(rows.flat());
    return [name, { data, shape: [rows.length, rows[0].length] }] as const;
  });
  const results = evaluate(createGraph(Object.fromEntries(values.entries())), Object.fromEntries(tensors));
  return values.map((_, i) => [...results[i].data]);
}

describe('differentiate', () => {
  const x = input('x', ['N', 2]);

  it('gives gradients towards inputs, constants and inner values at once', () => {
    const weight = floats([1, 2, 3, 4], [2, 2]);
    const bias = floats([0, -100], [2]);
    const inner = gemm(x, weight, bias);
    const output = relu(inner);
    // x W + b = [5 + 18, 10 + 24 - 100]: the second output is rectified away.
    deepEqual(gradients(output, [x, weight, bias, inner], { x: [[5, 6]], seed: [[1, 1]] }), [
      [1, 3],
      [5, 0, 6, 0],
      [1, 0],
      [1, 0],
    ]);
  });

  it('keeps the images of a batch apart and weighs each by its row of the seed', () => {
    const fed = {
      x: [
        [1, 2],
        [3, 4],
      ],
      seed: [
        [1, 0],
        [0, 10],
      ],
    };
    deepEqual(gradients(multiply(x, x), [x], fed), [[2, 0, 0, 80]]);
  });

  it('sums what arrives over several paths', () => {
    // x^2 + 3 x.
    const output = add(multiply(x, x), multiply(x, scalar(3)));
    deepEqual(gradients(output, [x], { x: [[1, 2]], seed: [[1, 1]] }), [[5, 7]]);
  });

  it('gives zeros for the outputs of a split that are not used', () => {
    const wide = input('wide', ['N', 5]);
    const [, middle] = split(wide, [1, 2, 2]);
    deepEqual(gradients(middle, [wide], { wide: [[1, 2, 3, 4, 5]], seed: [[6, 7]] }), [[0, 6, 7, 0, 0]]);
  });

  it('gives zeros where the value only counts for others', () => {
    const y = input('y', ['N', 2]);
    const output = where(greater(x, scalar(0)), x, y);
    const fed = { x: [[1, -1]], y: [[3, 4]], seed: [[1, 1]] };
    deepEqual(gradients(output, [x, y], fed), [
      [1, 0],
      [0, 1],
    ]);
  });

  it('gives the seed where the output itself is asked for', () => {
    const output = relu(x);
    deepEqual(gradients(output, [output], { seed: [[3, 4]] }), [[3, 4]]);
  });

  it('chooses one side at kinks: Relu 0 at 0, Clip 1 at its borders, Max the second of equals', () => {
    const fed = { x: [[0, 1]], seed: [[1, 1]] };
    deepEqual(gradients(relu(x), [x], fed), [[0, 1]]);
    deepEqual(gradients(apply('Clip', [x], { min: 0, max: 1 }), [x], fed), [[1, 1]]);
    const y = input('y', ['N', 2]);
    const tied = { ...fed, y: [[0, 1]] };
    deepEqual(gradients(apply('Max', [x, y], {}), [x, y], tied), [
      [0, 0],
      [1, 1],
    ]);
  });

  it('shares out a maximum that several values reach, as amax does', () => {
    const wide = input('wide', ['N', 4]);
    const largest = apply('ReduceMax', [wide], { axes: [1], keepDims: true });
    const output = multiply(largest, floats([1, 2], [2]));
    deepEqual(gradients(output, [wide], { wide: [[5, 1, 5, 2]], seed: [[1, 1]] }), [[1.5, 0, 1.5, 0]]);
  });

  it('gives the product of the other factors where one or several are 0', () => {
    const wide = input('wide', ['N', 3]);
    const product = reduceProduct(wide, { axes: [-1], keepDims: true }, 'product');
    const output = multiply(product, floats([1, 0], [2]));
    const gradient = (row: number[]) => gradients(output, [wide], { wide: [row], seed: [[1, 1]] });
    deepEqual(gradient([2, 3, 5]), [[15, 10, 6]]);
    deepEqual(gradient([2, 0, 5]), [[0, 10, 0]]);
    deepEqual(gradient([0, 0, 5]), [[0, 0, 0]]);
  });

  it('follows another rule table', () => {
    const output = relu(subtract(x, scalar(1)));
    const rules = { ...plain, Relu: ({ gradient }: { gradient: Value }) => [gradient] };
    deepEqual(gradients(output, [x], { x: [[0, 2]], seed: [[1, 1]] }, { rules }), [[1, 1]]);
    deepEqual(gradients(output, [x], { x: [[0, 2]], seed: [[1, 1]] }), [[0, 1]]);
  });

  it('walks networks deeper than the call stack', () => {
    let output = x;
    for (let i = 0; i < 20_000; i++) output = add(output, scalar(0));
    deepEqual(gradients(output, [x], { seed: [[1, 2]] }), [[1, 2]]);
  });

  it('refuses a value that the output does not depend on, by name', () => {
    const other = input('other', ['N', 2]);
    throws(
      () => differentiate(relu(x), [other], seed),
      (thrown: unknown) =>
        thrown instanceof InputError &&
        /does not depend/.test(thrown.message) &&
        /"other"/.test(thrown.message),
    );
    throws(() => differentiate(where(greater(x, scalar(0)), zerosLike(x), scalar(1)), [x], seed), InputError);
  });

  describe('at an operator without a rule', () => {
    const opaque = (value: Value, domain = '', operator = 'Hardmax'): Value =>
      createNode(
        'Opaque',
        [value],
        {
          operator,
          domain,
          raw: {},
          slots: [0],
          outputTypes: [{ dataType: 'float32', shape: ['N', 2] }],
        },
        'head/hard',
      ).outputs[0];

    it('names node, operator, position and what still works', () => {
      const output = relu(opaque(relu(x), 'com.example'));
      throws(
        () => differentiate(output, [x], seed),
        (thrown: unknown) => {
          if (!(thrown instanceof InputError)) return false;
          equal(thrown.parts.where, 'Hardmax node "head/hard" ([N, 2]), node 3 of 4');
          equal(thrown.parts.got, 'operator Hardmax of domain "com.example"');
          return /Occlusion/.test(thrown.parts.todo ?? '');
        },
      );
    });

    it('does not mind one that no gradient passes', () => {
      const behind = input('behind', ['N', 2]);
      const output = multiply(behind, opaque(x));
      equal(differentiate(output, [behind], seed).length, 1);
      equal(differentiate(add(behind, zerosLike(opaque(x))), [behind], seed).length, 1);
    });

    it('nor one that depends on the length of the batch, or on whole numbers, alone', () => {
      for (const positions of [
        opaque(zerosLike(x)),
        opaque(cast(opaque(x, '', 'Shape'), 'float32')),
        opaque(cast(cast(x, 'int64'), 'float32')),
        opaque(opaque(x, '', 'Floor')),
      ]) {
        const [gradient] = differentiate(multiply(x, positions), [x], seed);
        equal(gradient.node.operator, 'Mul');
        deepEqual(gradient.node.inputs, [seed, positions]);
      }
      throws(
        () => differentiate(multiply(x, opaque(opaque(x, 'com.example', 'Shape'))), [x], seed),
        InputError,
      );
    });
  });
});
