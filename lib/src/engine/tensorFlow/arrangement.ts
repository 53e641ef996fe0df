/** Kernels that move values, and matrix products. */

import type { Tensor } from '@tensorflow/tfjs';
import { type OperatorAttributes, paddedSource, sliceRange } from '../../graph/inference.js';
import { isBatch, normaliseAxis, perImage, type Shape, sizePerImage } from '../../graph/type.js';
import { sizeOf } from '../../tensor.js';
import { Arranged, commonOrder, naturalOrder } from './arranged.js';
import { type Kernels, type Padding, padded, type TensorFlow } from './kernel.js';

/** The last two axes exchanged in memory can be left so: a product takes either side transposed. */
function matrix(x: Arranged): { tensor: Tensor; swapped: boolean } {
  const order = naturalOrder(x.order.length);
  const exchanged = [...order.slice(0, -2), ...order.slice(-2).reverse()];
  const swapped = x.order.join() === exchanged.join();
  return { tensor: swapped ? x.tensor : x.natural(), swapped };
}

/** The lengths of a shape whose batch follows from how many values there are. */
function lengthsFor(shape: Shape, size: number): number[] {
  const others = sizePerImage(shape);
  return shape.map((length) => (isBatch(length) ? (size / others) * perImage(length) : length));
}

export function createArrangement(tf: TensorFlow) {
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
      const { from, step, count } = sliceRange(sizes[place], starts[i], ends[i], steps[i]);
      const reach = Math.max(0, count - 1) * step;
      if (step < 0) reversed.push(place);
      strides[place] = Math.abs(step);
      begin[place] = Math.min(from, from + reach);
      sizes[place] = count === 0 ? 0 : Math.abs(reach) + 1;
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
    const amounts = x.order.map((axis): Padding => [pads[axis], pads[axis + x.order.length]]);
    if (mode === 'constant') return new Arranged(padded(tf, x.tensor, amounts, value), x.order);
    const cropped = padded(
      tf,
      x.tensor,
      amounts.map(([before, after]): Padding => [Math.min(0, before), Math.min(0, after)]),
    );
    const repeated = amounts.reduce<Tensor>((result, [before, after], place) => {
      const added = Math.max(0, before) + Math.max(0, after);
      if (added === 0) return result;
      const length = result.shape[place];
      const source = paddedSource(length, Math.max(0, before), mode);
      const positions = Array.from({ length: length + added }, (_, i) => source(i));
      return tf.gather(result, tf.tensor1d(positions, 'int32'), place);
    }, cropped);
    return new Arranged(repeated, x.order);
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
    const at = normaliseAxis(axis, shape.length, 'ScatterElements');
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
      const place = order.indexOf(normaliseAxis(axis, order.length, 'Concat'));
      return new Arranged(
        tf.concat(
          parts.map((part) => part.in(order)),
          place,
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
      const at = normaliseAxis(axis, x.shape.length, 'Gather');
      const positions = fromStart(indices.natural(), x.shape[at]);
      return new Arranged(tf.gather(x.natural(), positions, at));
    },
    Pad: pad,
    Reshape: ([x], { shape }) => reshaped(x, lengthsFor(shape, x.tensor.size)),
    Flatten: ([x], { axis }) => reshaped(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]),
    Squeeze([x], { axes }) {
      const removed = axes.map((axis) => normaliseAxis(axis, x.shape.length, 'Squeeze'));
      return reshaped(
        x,
        x.shape.filter((_, axis) => !removed.includes(axis)),
      );
    },
    Unsqueeze([x], { axes }) {
      const rank = x.shape.length + axes.length;
      const places = axes.map((axis) => normaliseAxis(axis, rank, 'Unsqueeze')).sort((a, b) => a - b);
      return reshaped(
        x,
        places.reduce<readonly number[]>((shape, place) => shape.toSpliced(place, 0, 1), x.shape),
      );
    },
    Transpose: ([x], { permutation }) => x.transposed(permutation),
    ScatterElements: scatterElements,
  } satisfies Partial<Kernels>;
}
