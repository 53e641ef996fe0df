/** Tensors whose axes may lie in memory in another order than in the graph. */
import type { Tensor } from '@tensorflow/tfjs';
import { normaliseAxis } from '../../graph/type.js';

/** `order[i]` is the graph's axis that lies at place i: [0, 2, 3, 1] is an image batch with its channels last. */
export type Order = readonly number[];

export const naturalOrder = (rank: number): Order => Array.from({ length: rank }, (_, axis) => axis);

/** [N, ..., C] for [N, C, ...]: the only order that TensorFlow convolves in on every processor. */
export const channelsLast = (rank: number): Order => [0, ...naturalOrder(rank).slice(2), 1];

/**
 * The graph is written channels first. A value keeps the order in which its kernel left it and is transposed only for
 * a kernel that needs another one, once: so a chain of convolutions, norms and activations stays channels last, and
 * the transposed form of a weight outlives the run.
 */
export class Arranged {
  /** The order in which it was made. */
  readonly order: Order;
  readonly tensor: Tensor;
  /** By order. Mutated where another order is asked for. */
  readonly #views = new Map<string, Tensor>();

  constructor(tensor: Tensor, order: Order = naturalOrder(tensor.rank)) {
    this.tensor = tensor;
    this.order = order;
    this.#views.set(order.join(), tensor);
  }

  /** In the graph's order of axes. */
  get shape(): readonly number[] {
    return naturalOrder(this.order.length).map((axis) => this.tensor.shape[this.order.indexOf(axis)]);
  }

  get views(): readonly Tensor[] {
    return [...this.#views.values()];
  }

  /** The tensor with its axes in this order; it stays this value's own. */
  in(order: Order): Tensor {
    const key = order.join();
    const known = this.#views.get(key);
    // A kernel that failed takes the views with it that were made for it.
    if (known !== undefined && !known.isDisposed) return known;
    const permutation = order.map((axis) => this.order.indexOf(axis));
    const lengths = permutation.map((place) => this.tensor.shape[place]);
    const moved = permutation.filter((place) => this.tensor.shape[place] !== 1);
    // Axes of length 1 can go anywhere without a copy.
    const stays = moved.every((place, i) => i === 0 || place > moved[i - 1]);
    const view = stays ? this.tensor.reshape(lengths) : this.tensor.transpose([...permutation]);
    this.#views.set(key, view);
    return view;
  }

  natural(): Tensor {
    return this.in(naturalOrder(this.order.length));
  }

  /** Where the axis lies. */
  place(axis: number): number {
    return this.order.indexOf(normaliseAxis(axis, this.order.length, 'the value'));
  }

  /** The same axes with leading ones of length 1. */
  withRank(rank: number): Arranged {
    const more = rank - this.order.length;
    if (more === 0) return this;
    const order = [...naturalOrder(more), ...this.order.map((axis) => axis + more)];
    return new Arranged(
      this.tensor.reshape([...naturalOrder(more).map(() => 1), ...this.tensor.shape]),
      order,
    );
  }

  /** The graph's Transpose: no value moves. */
  transposed(permutation: readonly number[]): Arranged {
    return new Arranged(
      this.tensor.clone(),
      this.order.map((axis) => permutation.indexOf(axis)),
    );
  }

  /** The same values, to be disposed of on their own. */
  clone(): Arranged {
    return new Arranged(this.tensor.clone(), this.order);
  }

  dispose(): void {
    for (const view of this.#views.values()) view.dispose();
  }
}

/** The order of the largest value among those of the highest rank: transposing the others costs least. */
export function commonOrder(values: readonly Arranged[]): Order {
  const rank = Math.max(...values.map(({ order }) => order.length));
  const [first, ...others] = values.filter(({ order }) => order.length === rank);
  return others.reduce((best, value) => (value.tensor.size > best.tensor.size ? value : best), first).order;
}
