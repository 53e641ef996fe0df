/** Repetition of tensors, and blocks of pixels as channels: reshapes, transpositions and expansions. */
import { shapeOf } from '../graph.js';
import { apply, type Value } from '../node.js';
import { type Shape, staticDimension } from '../type.js';
import { expand, reshape, transpose } from './arrangement.js';

/** NumPy's tile: every axis so many times, one copy behind the other. */
export function tile(x: Value, repeats: readonly number[], name: string): Value {
  const shape = shapeOf(x);
  const copies = shape.flatMap((dimension, axis) => (repeats[axis] === 1 ? [dimension] : [1, dimension]));
  const lengths = repeats.flatMap((count) => (count === 1 ? [1] : [count, 1]));
  const whole = shape.map((dimension, axis) =>
    repeats[axis] === 1 ? dimension : staticDimension(dimension, name) * repeats[axis],
  );
  return apply('Reshape', [expand(reshape(x, copies), lengths)], { shape: whole }, name);
}

/** [N, C, H, W] as lengths; batch and channels are given back as they are. */
const imageShape = (x: Value, name: string) => {
  const [batch, channels, height, width] = shapeOf(x);
  const [c, h, w] = [channels, height, width].map((length) => staticDimension(length, name));
  return { batch, c, h, w };
};

const rearranged = (x: Value, apart: Shape, order: readonly number[], shape: Shape, name: string): Value =>
  apply('Reshape', [transpose(reshape(x, apart), order)], { shape }, name);

/**
 * [N, C, H, W] to [N, C / b^2, b H, b W].
 * @param mode 'DCR': channels count place in the block first; 'CRD': the new channel first (PyTorch's pixel shuffle)
 */
export function depthToSpace(x: Value, b: number, mode: 'DCR' | 'CRD', name: string): Value {
  const { batch, c, h, w } = imageShape(x, name);
  const channels = c / b ** 2;
  const result = [batch, channels, h * b, w * b];
  return mode === 'DCR'
    ? rearranged(x, [batch, b, b, channels, h, w], [0, 3, 4, 1, 5, 2], result, name)
    : rearranged(x, [batch, channels, b, b, h, w], [0, 1, 4, 2, 5, 3], result, name);
}

/** [N, C, H, W] to [N, b^2 C, H / b, W / b]: channels count place in the block first. */
export function spaceToDepth(x: Value, b: number, name: string): Value {
  const { batch, c, h, w } = imageShape(x, name);
  const result = [batch, c * b ** 2, h / b, w / b];
  return rearranged(x, [batch, c, h / b, b, w / b, b], [0, 3, 5, 1, 2, 4], result, name);
}
