import { deepEqual, throws } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { InputError } from '../../lib/src/error.js';
import { differentiate } from '../../lib/src/graph/differentiate.js';
import { createGraph, shapeOf, topologicalOrder } from '../../lib/src/graph/graph.js';
import { apply, input, type Value } from '../../lib/src/graph/node.js';
import { concat, pad, reshape, slice, split, transpose } from '../../lib/src/graph/operators/arrangement.js';
import { conv, convTranspose } from '../../lib/src/graph/operators/convolution.js';
import { add } from '../../lib/src/graph/operators/elementwise.js';
import { gemm, matMul } from '../../lib/src/graph/operators/matMul.js';
import { averagePool, maxPool } from '../../lib/src/graph/operators/pooling.js';
import { reduceSum } from '../../lib/src/graph/operators/reduction.js';
import { isBatch, perImage } from '../../lib/src/graph/type.js';
import { evaluate } from '../reference/reference.js';
import { type Case, cases, chain, forwardCases } from './cases.js';
import { forSketches, type Sketch } from './sketch.js';

/** Every value on the way to the outputs has the shape that was inferred for it. */
function checkShapes(outputs: readonly Value[], { batch, feeds }: Sketch, seeds = {}): void {
  const values = topologicalOrder(outputs).flatMap((node) => node.outputs);
  const results = evaluate(createGraph(Object.fromEntries(values.entries())), { ...feeds, ...seeds });
  for (const [i, value] of values.entries()) {
    const inferred = shapeOf(value).map((dimension) =>
      isBatch(dimension) ? batch * perImage(dimension) : dimension,
    );
    deepEqual(inferred, results[i].shape, `output ${value.index} of ${value.node.operator}`);
  }
}

describe('inferred shapes', () => {
  const all: Readonly<Record<string, Case>> = { ...cases, ...forwardCases, chain };
  for (const [name, draw] of Object.entries(all)) {
    it(`${name}: forward and backward graphs compute what was inferred`, () => {
      forSketches(15, (sketch) => {
        const output = draw(sketch);
        checkShapes([output], sketch);
        if (name in forwardCases) return;
        const seed = input('seed', shapeOf(output));
        const shape = shapeOf(output).map((dimension) =>
          isBatch(dimension) ? sketch.batch * perImage(dimension) : dimension,
        );
        const data = new Float64Array(shape.reduce((product, length) => product * length, 1)).fill(1);
        const used = createGraph({ output }).inputs;
        const wanted = sketch.wanted.filter((value) => used.includes(value));
        checkShapes(differentiate(output, wanted, seed), sketch, { seed: { data, shape } });
      });
    });
  }

  it('keep the symbolic batch', () => {
    const x = input('x', ['N', 12, 120, 120]);
    const weight = input('weight', [64, 12, 7, 7]);
    const features = conv(x, weight, { strides: [2, 2], pads: [3, 3, 3, 3] });
    deepEqual(features.type.shape, ['N', 64, 60, 60]);
    deepEqual(maxPool(features, { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }).type.shape, [
      'N',
      64,
      30,
      30,
    ]);
    deepEqual(averagePool(features, { kernel: [7, 7], ceilMode: true }).type.shape, ['N', 64, 9, 9]);
    deepEqual(reduceSum(features, [0]).type.shape, [64, 60, 60]);
    deepEqual(add(features, reduceSum(features, [1, 2, 3], true)).type.shape, ['N', 64, 60, 60]);
  });

  const x = input('x', ['N', 3, 8, 8]);
  const matrix = input('matrix', ['N', 3]);
  const linear = {
    mode: 'linear',
    coordinates: 'half_pixel',
    nearest: 'floor',
    cubicCoefficient: -0.75,
  } as const;
  const misfits: Readonly<Record<string, () => unknown>> = {
    'channels that the weights do not take': () => conv(x, input('w', [4, 2, 3, 3])),
    'a kernel larger than the image': () => conv(x, input('w', [4, 3, 9, 9])),
    'an output padding of the stride': () =>
      convTranspose(x, input('w', [3, 4, 3, 3]), { outputPadding: [1, 0] }),
    'a window larger than the image': () => maxPool(x, { kernel: [9, 9] }),
    'broadcasting 3 with 2': () => add(x, input('b', [2, 1, 1])),
    'a batch against a number': () => add(x, input('b', [5, 3, 8, 8])),
    'concatenating images of different sizes': () => concat([x, input('y', ['N', 3, 7, 8])]),
    'concatenating along the batch': () => concat([x, x], 0),
    'split sizes that do not add up': () => split(x, [1, 1]),
    'a reshape that changes the size': () => reshape(x, ['N', 191]),
    'a reshape that drops the batch': () => reshape(x, [192]),
    'not a permutation': () => transpose(x, [0, 1, 2, 2]),
    'slicing the batch': () => slice(x, 0, 0, 1),
    'padding the batch': () => pad(x, [1, 0, 0, 0, 0, 0, 0, 0]),
    'resizing the batch': () => apply('Resize', [x], { ...linear, axes: [0], to: { sizes: [2] } }),
    'an axis outside the tensor': () => reduceSum(x, [4]),
    'matrices that do not fit': () => matMul(matrix, input('b', [4, 5])),
    'a Gemm that does not fit': () => gemm(matrix, input('b', [5, 4]), undefined, { transB: true }),
    'squeezing a dimension of 8': () => apply('Squeeze', [x], { axes: [2] }),
  };
  for (const [name, build] of Object.entries(misfits)) {
    it(`refuse ${name}`, () => throws(build, InputError));
  }
});
