/** Kernels that move values, and matrix products. */
import type { Tensor } from '@tensorflow/tfjs';
import type { OperatorAttributes } from '../../graph/attributes.js';
import { isBatch, perImage, type Shape } from '../../graph/type.js';
import { sizeOf } from '../../tensor.js';
import { Arranged, commonOrder, naturalOrder } from './arranged.js';
import type { Computed, Kernels, TensorFlow } from './kernel.js';

export type Arrangement = Extract<
  Computed,
  | 'Gemm'
  | 'MatMul'
  | 'Concat'
  | 'Split'
  | 'Slice'
  | 'Expand'
  | 'Gather'
  | 'Pad'
  | 'Reshape'
  | 'Flatten'
  | 'Squeeze'
  | 'Unsqueeze'
  | 'Transpose'
  | 'ScatterElements'
>;

/** The last two axes exchanged in memory can be left so: a product takes either side transposed. */
function matrix(x: Arranged): { tensor: Tensor; swapped: boolean } {
  const order = naturalOrder(x.order.length);
  const exchanged = [...order.slice(0, -2), ...order.slice(-2).reverse()];
  const swapped = x.order.join() === exchanged.join();
  return { tensor: swapped ? x.tensor : x.natural(), swapped };
}

/** The positions that a slice takes from one axis: a first one, how many, and how far apart. */
function takenPositions(length: number, start: number, end: number, step: number) {
  const [from, to] = [start, end].map((bound) => (bound < 0 ? bound + length : bound));
  const first = step > 0 ? Math.max(0, from) : Math.min(length - 1, from);
  const stop = step > 0 ? Math.min(to, length) : Math.max(to, -1);
  return { first, count: Math.max(0, Math.ceil((stop - first) / step)), step };
}

/** Where each value of a padded axis comes from, for modes that repeat what is there; crops come first. */
function paddedPositions(length: number, before: number, after: number, mode: 'reflect' | 'edge'): number[] {
  const first = Math.max(0, -before);
  const last = length - 1 - Math.max(0, -after);
  const period = Math.max(1, 2 * (last - first));
  return Array.from({ length: length + before + after }, (_, i) => {
    const position = i - before;
    if (mode === 'edge') return Math.min(Math.max(position, first), last);
    const folded = (((position - first) % period) + period) % period;
    return first + Math.min(folded, period - folded);
  });
}

/** The lengths of a shape whose batch follows from how many values there are. */
function lengthsFor(shape: Shape, size: number): number[] {
  const others = shape.reduce<number>((product, length) => product * perImage(length), 1);
  return shape.map((length) => (isBatch(length) ? (size / others) * perImage(length) : length));
}

export function createArrangement(tf: TensorFlow): Kernels<Arrangement> {
  /** Products of the last two axes. TensorFlow.js broadcasts the others only where one side has none, so they are repeated here. */
  function product(a: Tensor, b: Tensor, transA: boolean, transB: boolean): Tensor {
    const [left, right] = [a, b].map(({ shape }) => shape.slice(0, -2));
    if (left.join() === right.join() || sizeOf(left) === 1 || sizeOf(right) === 1) {
      return tf.matMul(a, b, transA, transB);
    }
    const batch = tf.broadcastArgs(left, right).dataSync();
    const repeated = (x: Tensor): Tensor => tf.broadcastTo(x, [...batch, ...x.shape.slice(-2)]);
    return tf.matMul(repeated(a), repeated(b), transA, transB);
  }

  function slice(
    [x]: readonly Arranged[],
    { axes, starts, ends, steps }: OperatorAttributes['Slice'],
  ): Arranged {
    const begin = x.tensor.shape.map(() => 0);
    const sizes = [...x.tensor.shape];
    const strides = begin.map(() => 1);
    const reversed: number[] = [];
    for (const [i, axis] of axes.entries()) {
      const place = x.place(axis);
      const { first, count, step } = takenPositions(sizes[place], starts[i], ends[i], steps[i]);
      if (step < 0) reversed.push(place);
      strides[place] = Math.abs(step);
      begin[place] = step > 0 ? first : first + (count - 1) * step;
      sizes[place] = count === 0 ? 0 : (count - 1) * strides[place] + 1;
    }
    const whole = tf.slice(x.tensor, begin, sizes);
    const strided = strides.every((stride) => stride === 1)
      ? whole
      : tf.stridedSlice(
          whole,
          begin.map(() => 0),
          sizes,
          strides,
        );
    return new Arranged(reversed.length === 0 ? strided : tf.reverse(strided, reversed), x.order);
  }

  function pad([x]: readonly Arranged[], { pads, mode, value }: OperatorAttributes['Pad']): Arranged {
    const rank = x.order.length;
    const amounts = x.order.map((axis): [number, number] => [pads[axis], pads[axis + rank]]);
    if (mode === 'constant') {
      const begin = amounts.map(([before]) => Math.max(0, -before));
      const sizes = x.tensor.shape.map((length, i) => length - begin[i] - Math.max(0, -amounts[i][1]));
      const cropped = tf.slice(x.tensor, begin, sizes);
      const added = amounts.map(([before, after]): [number, number] => [
        Math.max(0, before),
        Math.max(0, after),
      ]);
      return new Arranged(tf.pad(cropped, added, value), x.order);
    }
    const padded = amounts.reduce<Tensor>((result, [before, after], place) => {
      if (before === 0 && after === 0) return result;
      const positions = paddedPositions(result.shape[place], before, after, mode);
      return tf.gather(result, tf.tensor1d(positions, 'int32'), place);
    }, x.tensor.clone());
    return new Arranged(padded, x.order);
  }

  /** Positions counted from the end as positions counted from the start. */
  const fromStart = (positions: Tensor, length: number): Tensor =>
    tf.where(
      tf.less(positions, tf.scalar(0, 'int32')),
      tf.add(positions, tf.scalar(length, 'int32')),
      positions,
    );

  function scatterElements(
    [data, indices, updates]: readonly Arranged[],
    { axis, reduction }: OperatorAttributes['ScatterElements'],
  ): Arranged {
    const { shape } = data;
    const at = axis < 0 ? axis + shape.length : axis;
    const lengths = indices.shape;
    /** What a step along one axis counts for in the flat data. */
    const strides = shape.map((_, i) => sizeOf(shape.slice(i + 1)));
    const along = (positions: Tensor, i: number): Tensor => tf.mul(positions, tf.scalar(strides[i], 'int32'));
    const flat = lengths.reduce<Tensor>(
      (sum, length, i) => {
        if (i === at) return sum;
        const positions = tf
          .range(0, length, 1, 'int32')
          .reshape(lengths.map((_, k) => (k === i ? length : 1)));
        return tf.add(sum, along(positions, i));
      },
      along(fromStart(indices.natural(), shape[at]), at),
    );
    const places = flat.reshape([sizeOf(lengths), 1]);
    const values = updates.natural().reshape([sizeOf(lengths)]);
    const flatData = data.natural().reshape([sizeOf(shape)]);
    const result =
      reduction === 'add'
        ? tf.add(flatData, tf.scatterND(places, values, flatData.shape))
        : tf.tensorScatterUpdate(flatData, places, values);
    return new Arranged(result.reshape([...shape]));
  }

  const reshaped = (x: Arranged, shape: readonly number[]): Arranged =>
    new Arranged(x.natural().reshape([...shape]));

  return {
    Gemm([a, b, c], { alpha, beta, transA, transB }) {
      const [left, right] = [matrix(a), matrix(b)];
      const exact = tf.matMul(left.tensor, right.tensor, transA !== left.swapped, transB !== right.swapped);
      const scaled = alpha === 1 ? exact : tf.mul(exact, alpha);
      if (c === undefined) return new Arranged(scaled);
      return new Arranged(tf.add(scaled, beta === 1 ? c.natural() : tf.mul(c.natural(), beta)));
    },
    MatMul([a, b]) {
      const [left, right] = [matrix(a), matrix(b)];
      return new Arranged(product(left.tensor, right.tensor, left.swapped, right.swapped));
    },
    Concat(parts, { axis }) {
      const order = commonOrder(parts);
      const tensors = parts.map((part) => part.in(order));
      return new Arranged(
        tf.concat(
          tensors,
          parts[0].shape.length === 0 ? 0 : order.indexOf(axis < 0 ? axis + order.length : axis),
        ),
        order,
      );
    },
    Split: ([x], { axis, sizes }) =>
      tf.split(x.tensor, [...sizes], x.place(axis)).map((part) => new Arranged(part, x.order)),
    Slice: slice,
    Expand([x], { lengths }) {
      const wide = x.withRank(Math.max(lengths.length, x.order.length));
      const more = wide.order.length - lengths.length;
      const shape = wide.order.map((axis, place) => {
        const length = axis < more ? 1 : lengths[axis - more];
        return length === 1 ? wide.tensor.shape[place] : length;
      });
      return new Arranged(tf.broadcastTo(wide.tensor, shape), wide.order);
    },
    Gather([x, indices], { axis }) {
      const at = axis < 0 ? axis + x.shape.length : axis;
      const positions = fromStart(indices.natural(), x.shape[at]);
      return new Arranged(tf.gather(x.natural(), positions, at));
    },
    Pad: pad,
    Reshape: ([x], { shape }) => reshaped(x, lengthsFor(shape, x.tensor.size)),
    Flatten: ([x], { axis }) => reshaped(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]),
    Squeeze([x], { axes }) {
      const removed = axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis));
      return reshaped(
        x,
        x.shape.filter((_, axis) => !removed.includes(axis)),
      );
    },
    Unsqueeze([x], { axes }) {
      const rank = x.shape.length + axes.length;
      const places = axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
      return reshaped(
        x,
        places.reduce<readonly number[]>((shape, place) => shape.toSpliced(place, 0, 1), x.shape),
      );
    },
    Transpose: ([x], { permutation }) => x.transposed(permutation),
    ScatterElements: scatterElements,
  };
}
