/** Max pooling, and values sent back to the maxima of its windows, for runtimes that lack `Indices` and `ScatterElements`. */

import { failAt } from '../../error.js';
import { shapeOf, spatialSize } from '../graph.js';
import { apply, floats, type Node, type NodeOf, scalar, type Value } from '../node.js';
import { pad, reshape } from '../operators/arrangement.js';
import { absolute, add, greater, subtract, where } from '../operators/elementwise.js';
import { resize } from '../operators/resize.js';
import type { Pass } from './rewrite.js';

type Pooling = NodeOf<'MaxPool'>;

/** Smaller than any pixel. Not -Infinity, which the shader language of WebGPU cannot write. */
const lowest = -3.4028234663852886e38;

/** Where a pixel meets no window, and where a window has no pixel: two codes that no kernel offset has. */
const noWindow = -2;
const noPixel = -1;

/** Every combination of one number below each count, the last axis fastest. */
function combinations(counts: readonly number[]): number[][] {
  return counts.reduce<number[][]>(
    (all, count) => all.flatMap((one) => Array.from({ length: count }, (_, i) => [...one, i])),
    [[]],
  );
}

/** A part of the spatial axes. */
function spatialSlice(
  x: Value,
  starts: readonly number[],
  lengths: readonly number[],
  steps: readonly number[],
): Value {
  return apply('Slice', [x], {
    axes: lengths.map((_, i) => i + 2),
    starts,
    ends: lengths.map((length, i) => starts[i] + (length - 1) * steps[i] + 1),
    steps,
  });
}

const padSpatially = (x: Value, before: readonly number[], after: readonly number[], value: number): Value =>
  pad(x, [0, 0, ...before, 0, 0, ...after], { value });

/**
 * Which kernel offset holds the maximum of each window, as the offset's place in row-major order; the first of equal
 * ones. Like the pooled values, in float32.
 */
function maximumOffsets(x: Value, { attributes, outputs }: Pooling): Value {
  const { kernel, strides, pads, dilations } = attributes;
  const size = spatialSize(x);
  const windows = spatialSize(outputs[0]);
  const before = pads.slice(0, kernel.length);
  const after = windows.map((count, i) =>
    Math.max(0, (count - 1) * strides[i] + dilations[i] * (kernel[i] - 1) + 1 - size[i] - before[i]),
  );
  const padded = padSpatially(x, before, after, lowest);
  // In ceil mode onnxruntime infers another number of windows than it computes, which comparisons would not fit.
  const pooled = attributes.ceilMode
    ? apply('MaxPool', [padded], {
        ...{ kernel, strides, dilations, pads: pads.map(() => 0) },
        ...{ ceilMode: false, indices: false },
      })
    : apply('MaxPool', [x], { ...attributes, indices: false });
  // From the last offset to the first, so that the first of equal maxima has the last word.
  return combinations(kernel).reduceRight<Value>((found, offset, code) => {
    const starts = offset.map((step, i) => step * dilations[i]);
    const pixels = spatialSlice(padded, starts, windows, strides);
    return where(greater(pooled, pixels), found, scalar(code));
  }, scalar(noPixel));
}

/**
 * The kernel offset that each pixel has in the window that starts `shift` windows before the last one that starts at or
 * before the pixel: [1, 1, ...size].
 */
function pixelOffsets(
  size: readonly number[],
  shift: readonly number[],
  { kernel, strides, pads, dilations }: Pooling['attributes'],
): Value {
  const along = (axis: number, pixel: number): number => {
    const distance = ((pixel + pads[axis]) % strides[axis]) + shift[axis] * strides[axis];
    const offset = distance / dilations[axis];
    return Number.isInteger(offset) && offset < kernel[axis] ? offset : Number.NaN;
  };
  const codes = combinations(size).map((pixel) => {
    const code = pixel.reduce((sum, place, axis) => sum * kernel[axis] + along(axis, place), 0);
    return Number.isNaN(code) ? noWindow : code;
  });
  return floats(codes, [1, 1, ...size]);
}

/**
 * For every pixel the values of the windows that have their maximum there: their sum, or the one of the last window
 * (row-major). A window covers a pixel that is fewer than its reach behind its start, so that with stride s at most
 * ceil(reach / s) windows along an axis do. Pooled values are repeated s times, to the size of the image; each of those
 * windows is then a shift of it.
 */
function unpoolAtOffsets(values: Value, offsets: Value, x: Value, node: Pooling, sum: boolean): Value {
  const { kernel, strides, pads, dilations } = node.attributes;
  const size = spatialSize(x);
  const windows = spatialSize(values);
  const covering = kernel.map((length, i) => Math.ceil((dilations[i] * (length - 1) + 1) / strides[i]));
  const missing = covering.map((count) => count - 1);
  const behind = windows.map((count, i) => {
    const needed = Math.ceil((missing[i] * strides[i] + pads[i] + size[i]) / strides[i]);
    return Math.max(0, needed - missing[i] - count);
  });
  const repeated = (pooled: Value, outside: number): Value => {
    const padded = padSpatially(pooled, missing, behind, outside);
    return strides.every((stride) => stride === 1)
      ? padded
      : resize(padded, { scales: strides }, { mode: 'nearest', coordinates: 'asymmetric' });
  };
  const [spread, found] = [repeated(values, 0), repeated(offsets, noPixel)];
  const steps = strides.map(() => 1);
  // Windows that start earlier come first: a larger shift is an earlier window.
  return combinations(covering).reduceRight<Value>((result, shift) => {
    const starts = shift.map((amount, i) => (missing[i] - amount) * strides[i] + pads[i]);
    const here = (whole: Value): Value => spatialSlice(whole, starts, size, steps);
    const distance = absolute(subtract(here(found), pixelOffsets(size, shift, node.attributes)));
    const isElsewhere = greater(distance, scalar(0.5));
    return sum
      ? add(result, where(isElsewhere, scalar(0), here(spread)))
      : where(isElsewhere, result, here(spread));
  }, scalar(0));
}

/** The parts of what `unpool` and `maximumIndices` build: Reshape(ScatterElements(zeros, Mod(Indices), values)). */
function matchUnpool(node: Node, [scattered]: readonly Value[]) {
  if (node.operator !== 'Reshape') return undefined;
  const scatter = scattered.node;
  if (scatter.operator !== 'ScatterElements') return undefined;
  const [, indices, updates] = scatter.inputs;
  const [mod] = indices.node.operator === 'Reshape' ? indices.node.inputs : [indices];
  const [source] = mod.node.operator === 'Mod' ? mod.node.inputs : [mod];
  const pool = source.node;
  if (pool.operator !== 'MaxPool' || source.index !== 1) return undefined;
  const [x] = pool.inputs;
  if (shapeOf(node.outputs[0]).join() !== shapeOf(x).join()) return undefined;
  return { x, pool, updates, sum: scatter.attributes.reduction === 'add' };
}

/**
 * Writes the gradient of MaxPool, and DeepLift's rule for it, with comparisons, shifts and sums of float32 values
 * only. The values are the same, also for ties: the first maximum of a window gets all. Unused indices are dropped.
 */
export const maxPoolWithoutIndices: Pass = (node, inputs, { users, isOutput }) => {
  if (node.operator === 'MaxPool' && node.attributes.indices) {
    const [, indices] = node.outputs;
    if (users(indices).length > 0 || isOutput(indices)) return undefined;
    return [apply('MaxPool', inputs, { ...node.attributes, indices: false }), indices];
  }
  const found = matchUnpool(node, inputs);
  if (found === undefined) return undefined;
  const { x, pool, updates, sum } = found;
  const pooled = shapeOf(pool.outputs[0]);
  const [inner] = updates.node.operator === 'Reshape' ? updates.node.inputs : [updates];
  const values = shapeOf(inner).join() === pooled.join() ? inner : reshape(updates, pooled);
  return [unpoolAtOffsets(values, maximumOffsets(x, pool), x, pool, sum)];
};

/** Refuses networks that read the positions themselves. */
export const refuseIndices: Pass = (node) => {
  if (node.operator !== 'MaxPool' || !node.attributes.indices) return undefined;
  const fail = failAt(`MaxPool node "${node.name}"`, 'Choose the engine cpu.');
  throw fail('the positions of maxima cannot be had from this engine');
};
