/** Operators as formulas over the index of one output value: what the reference engine's faster forms are compared with. */

import type { Operator, OperatorAttributes } from '../../lib/src/graph/inference.js';
import { normaliseAxis } from '../../lib/src/graph/type.js';
import { sizeOf } from '../../lib/src/tensor.js';
import { forEachIndex, type Index, locate, type ReferenceTensor } from '../reference/array.js';

/** The value of output `output` at an index. */
export type Definition<Op extends Operator> = (
  inputs: readonly ReferenceTensor[],
  attributes: OperatorAttributes[Op],
) => (index: Index, output: number) => number;

/** Where an index lies, or -1 outside the tensor; between two pixels is outside as well. */
const placeOf = (shape: readonly number[], index: Index): number =>
  index.every(Number.isInteger) ? locate(shape, index) : -1;

function read({ data, shape }: ReferenceTensor, index: Index, outside = 0): number {
  const place = placeOf(shape, index);
  return place < 0 ? outside : data[place];
}

/** The sum of a formula over every index of a shape. */
function total(shape: readonly number[], formula: (index: Index) => number): number {
  let sum = 0;
  forEachIndex(shape, (index) => {
    sum += formula(index);
  });
  return sum;
}

/** The value that NumPy's broadcasting puts at an index: axes are aligned at the last, a length of 1 is repeated. */
const broadcastValue = (x: ReferenceTensor, index: Index): number =>
  read(
    x,
    x.shape.map((length, axis) => (length === 1 ? 0 : index[index.length - x.shape.length + axis])),
  );

const pointwise =
  (formula: (...values: number[]) => number) =>
  (inputs: readonly ReferenceTensor[]) =>
  (index: Index): number =>
    formula(...inputs.map((x) => broadcastValue(x, index)));

const reduction =
  (mean: boolean) =>
  ([x]: readonly ReferenceTensor[], { axes, keepDims }: OperatorAttributes['ReduceSum']) => {
    const folded = axes.map((axis) => normaliseAxis(axis, x.shape.length, 'reduction'));
    const lengths = x.shape.map((length, axis) => (folded.includes(axis) ? length : 1));
    return (index: Index): number => {
      const kept = [...index];
      if (!keepDims) for (const axis of folded.toSorted((a, b) => a - b)) kept.splice(axis, 0, 0);
      const sum = total(lengths, (offset) =>
        read(
          x,
          kept.map((i, axis) => i + offset[axis]),
        ),
      );
      return mean ? sum / sizeOf(lengths) : sum;
    };
  };

export const definitions: { readonly [Op in Operator]?: Definition<Op> } = {
  Add: pointwise((a, b) => a + b),
  Where: pointwise((condition, a, b) => (condition ? a : b)),
  Expand: pointwise((value) => value),
  ReduceSum: reduction(false),
  ReduceMean: reduction(true),
  Conv: ([x, weight, bias], { strides, pads, dilations, group }) => {
    const [outputs, perGroup, ...kernel] = weight.shape;
    return ([n, k, ...p]) => {
      const first = Math.floor(k / (outputs / group)) * perGroup;
      const sum = total([perGroup, ...kernel], ([c, ...u]) => {
        const at = u.map((offset, i) => p[i] * strides[i] + offset * dilations[i] - pads[i]);
        return read(x, [n, first + c, ...at]) * read(weight, [k, c, ...u]);
      });
      return sum + (bias?.data[k] ?? 0);
    };
  },
  // Each output pixel sums the input pixels that reach it.
  ConvTranspose: ([x, weight, bias], { strides, pads, dilations, group }) => {
    const [inputs, perGroup, ...kernel] = weight.shape;
    return ([n, k, ...q]) => {
      const first = Math.floor(k / perGroup) * (inputs / group);
      const sum = total([inputs / group, ...kernel], ([c, ...u]) => {
        const at = u.map((offset, i) => (q[i] + pads[i] - offset * dilations[i]) / strides[i]);
        return read(x, [n, first + c, ...at]) * read(weight, [first + c, k % perGroup, ...u]);
      });
      return sum + (bias?.data[k] ?? 0);
    };
  },
  MatMul: ([a, b]) => {
    const inner = a.shape[a.shape.length - 1];
    return (index) => {
      const [row, column] = index.slice(-2);
      return total(
        [inner],
        ([k]) =>
          broadcastValue(a, [...index.slice(0, -2), row, k]) *
          broadcastValue(b, [...index.slice(0, -2), k, column]),
      );
    };
  },
  MaxPool: ([x], { kernel, strides, pads, dilations }) => {
    return ([n, c, ...window], output) => {
      let best = -1;
      forEachIndex(kernel, (offset) => {
        const at = offset.map((u, i) => window[i] * strides[i] + u * dilations[i] - pads[i]);
        const place = placeOf(x.shape, [n, c, ...at]);
        if (place >= 0 && (best < 0 || x.data[place] > x.data[best])) best = place;
      });
      return output === 0 ? x.data[best] : best;
    };
  },
  AveragePool: ([x], { kernel, strides, pads, countIncludePad }) => {
    const lengths = x.shape.slice(2);
    return ([n, c, ...window]) => {
      let [sum, count] = [0, 0];
      forEachIndex(kernel, (offset) => {
        const at = offset.map((u, i) => window[i] * strides[i] + u - pads[i]);
        sum += read(x, [n, c, ...at]);
        // Counted padding ends with the declared one: ceil mode may reach beyond it.
        const inside = at.every((i, axis) => i >= 0 && i < lengths[axis]);
        const padded = at.every((i, axis) => i < lengths[axis] + pads[axis + kernel.length]);
        if (inside || (countIncludePad && padded)) count++;
      });
      return sum / count;
    };
  },
  Pad: ([x], { pads, mode, value }) => {
    const rank = x.shape.length;
    return (index) => {
      const from = index.map((i, axis) => {
        const first = Math.max(0, -pads[axis]);
        const last = x.shape[axis] - 1 - Math.max(0, -pads[axis + rank]);
        let at = i - pads[axis];
        if (mode === 'constant') return at < first || at > last ? -1 : at;
        if (mode === 'edge') return Math.min(Math.max(at, first), last);
        while (first < last && (at < first || at > last)) at = at < first ? 2 * first - at : 2 * last - at;
        return first < last ? at : first;
      });
      return read(x, from, value);
    };
  },
  Slice: ([x], { axes, starts, steps }) => {
    return (index) => {
      const from = [...index];
      for (const [i, axis] of axes.entries()) {
        const at = normaliseAxis(axis, x.shape.length, 'Slice');
        const length = x.shape[at];
        const start = starts[i] < 0 ? starts[i] + length : starts[i];
        const clamped = steps[i] > 0 ? Math.max(0, start) : Math.min(length - 1, start);
        from[at] = clamped + steps[i] * index[at];
      }
      return read(x, from, Number.NaN);
    };
  },
  Gather: ([x, indices], { axis }) => {
    const at = normaliseAxis(axis, x.shape.length, 'Gather');
    const rank = indices.shape.length;
    return (index) => {
      const position = read(indices, index.slice(at, at + rank));
      return read(x, index.toSpliced(at, rank, position < 0 ? position + x.shape[at] : position));
    };
  },
  Split: ([x], { axis, sizes }) => {
    const at = normaliseAxis(axis, x.shape.length, 'Split');
    return (index, part) => {
      const start = sizes.slice(0, part).reduce((sum, length) => sum + length, 0);
      return read(x, index.with(at, index[at] + start), Number.NaN);
    };
  },
  Concat: (parts, { axis }) => {
    const at = normaliseAxis(axis, parts[0].shape.length, 'Concat');
    const origin = parts.flatMap((part) =>
      Array.from({ length: part.shape[at] }, (_, position) => ({ part, position })),
    );
    return (index) => {
      const { part, position } = origin[index[at]];
      return read(part, index.with(at, position));
    };
  },
  Transpose: ([x], { permutation }) => {
    return (index) =>
      read(
        x,
        permutation.map((_, axis) => index[permutation.indexOf(axis)]),
      );
  },
};
