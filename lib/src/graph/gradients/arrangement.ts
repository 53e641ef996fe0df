/** The gradients of operators that move values. */

import { shapeOf } from '../graph.js';
import { paddedSource, sliceRange } from '../inference.js';
import { apply } from '../node.js';
import { concat, pad, reshape, slice, split, transpose } from '../operators/arrangement.js';
import { add, cast, zerosLike } from '../operators/elementwise.js';
import { multiplyAxis } from '../operators/matMul.js';
import type { OperatorRules, RuleArguments } from '../rule.js';
import { mergeDimensions, normaliseAxis, staticDimension } from '../type.js';
import { unbroadcast } from './elementwise.js';

/** The matrix [outputs, inputs] of a map that takes input `source(i)` to output i. */
function gatherMatrix(outputs: number, inputs: number, source: (output: number) => number): Float64Array {
  const matrix = new Float64Array(inputs * outputs);
  for (let i = 0; i < outputs; i++) matrix[i * inputs + source(i)] += 1;
  return matrix;
}

/** The gradient in the shape of the input. */
const restore = ({ node, gradient }: RuleArguments<'Reshape' | 'Flatten' | 'Squeeze' | 'Unsqueeze'>) => [
  reshape(gradient, shapeOf(node.inputs[0])),
];

export const arrangement = {
  Concat({ node, gradient, wanted }) {
    const { axis } = node.attributes;
    const sizes = node.inputs.map((value) => {
      const shape = shapeOf(value);
      return staticDimension(shape[normaliseAxis(axis, shape.length, 'Concat')], 'Concat');
    });
    if (wanted.every(Boolean)) return split(gradient, sizes, axis);
    let start = 0;
    return sizes.map((size, i) => {
      start += size;
      return wanted[i] ? slice(gradient, axis, start - size, start) : undefined;
    });
  },
  Split({ node, gradients }) {
    return [
      concat(
        node.outputs.map((output, i) => gradients[i] ?? zerosLike(output)),
        node.attributes.axis,
      ),
    ];
  },
  Slice({ node, gradient }) {
    const [x] = node.inputs;
    const shape = shapeOf(x);
    const { axes, starts, ends, steps } = node.attributes;
    const pads = new Array<number>(2 * shape.length).fill(0);
    let result = gradient;
    for (const [i, axis] of axes.entries()) {
      const at = normaliseAxis(axis, shape.length, 'Slice');
      const length = staticDimension(shape[at], 'Slice');
      const { from, step, count } = sliceRange(length, starts[i], ends[i], steps[i]);
      if (step === 1) {
        pads[at] = from;
        pads[at + shape.length] = length - from - count;
      } else {
        const matrix = gatherMatrix(count, length, (output) => from + output * step);
        result = multiplyAxis(result, at, matrix, length);
      }
    }
    return [pad(result, pads)];
  },
  Expand: ({ node, gradient }) => [unbroadcast(gradient, shapeOf(node.inputs[0]))],
  /** Adds every gradient to the position that it was taken from, in a matrix with the axis as its rows. */
  Gather({ node, gradient }) {
    const [x, indices] = node.inputs;
    const shape = shapeOf(x);
    const picked = shapeOf(indices);
    const at = normaliseAxis(node.attributes.axis, shape.length, 'Gather');
    const before = shape.map((_, axis) => axis).slice(0, at);
    const moved = picked.map((_, i) => at + i);
    const after = shape.slice(at + 1).map((_, i) => at + picked.length + i);
    const rest = shape.toSpliced(at, 1);
    const columns = mergeDimensions(rest);
    const updates = reshape(transpose(gradient, [...moved, ...before, ...after]), [
      mergeDimensions(picked),
      columns,
    ]);
    const rows = reshape(indices, [mergeDimensions(picked), 1]);
    const empty = zerosLike(reshape(x, [shape[at], columns]));
    const everywhere = columns === 1 ? rows : add(rows, cast(zerosLike(updates), indices.type.dataType));
    const sum = apply('ScatterElements', [empty, everywhere, updates], { axis: 0, reduction: 'add' });
    const back = shape.map((_, axis) => (axis === at ? 0 : axis < at ? axis + 1 : axis));
    return [transpose(reshape(sum, [shape[at], ...rest]), back), undefined];
  },
  Pad({ node, gradient }) {
    const { pads, mode } = node.attributes;
    if (mode === 'constant')
      return [
        pad(
          gradient,
          pads.map((amount) => -amount),
        ),
      ];
    const shape = shapeOf(node.inputs[0]);
    let result = gradient;
    for (const [axis, dimension] of shape.entries()) {
      const before = pads[axis];
      const after = pads[axis + shape.length];
      if (before === 0 && after === 0) continue;
      const length = staticDimension(dimension, 'Pad');
      const matrix = gatherMatrix(length + before + after, length, paddedSource(length, before, mode));
      result = multiplyAxis(result, axis, matrix, length);
    }
    return [result];
  },
  Reshape: restore,
  Flatten: restore,
  Squeeze: restore,
  Unsqueeze: restore,
  Transpose({ node, gradient }) {
    const { permutation } = node.attributes;
    return [
      transpose(
        gradient,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
    ];
  },
} satisfies Partial<OperatorRules>;
