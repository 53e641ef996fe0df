/** Values picked by positions in ONNX. */
import { sizeOf } from '../../../tensor.js';
import { apply, constant, constantOf, type Value } from '../../node.js';
import { reshape } from '../../operators/arrangement.js';
import { isBatch, normaliseAxis, perImage, rowsPerImage, shapeText } from '../../type.js';
import { type Call, integer, refuse, staticContents, text } from '../call.js';
import { allStatic, type Decoder, type Decoders, inputsOf, member } from '../decoder.js';
import { type Encoders, int, text as string } from '../encoder.js';

/** In a file for one image the rows of each image are one more axis, from which the same positions are taken. */
function gatherPerImage(call: Call, x: Value, indices: Value, axis: number): Value | undefined {
  const shape = x.type.shape ?? [];
  const [first, ...others] = allStatic(indices.type.shape ?? []) ?? [];
  if (first === undefined) return undefined;
  const before = shape.slice(0, axis);
  const after = shape.slice(axis + 1);
  const split = reshape(x, [...before, 'N', perImage(shape[axis]), ...after]);
  const taken = apply('Gather', [split, indices], { axis: axis + 1 }, call.name);
  return reshape(taken, [...before, rowsPerImage(first), ...others, ...after]);
}

const decodeScatterElements: Decoder = (call) => {
  const reduction = member(['none', 'add'], text(call, 'reduction', 'none'));
  const axis = integer(call, 'axis', 0);
  if (reduction === undefined) return undefined;
  return [apply('ScatterElements', inputsOf(call, 3, 3), { axis, reduction }, call.name)];
};

export const decoders: Decoders = {
  /** One position of an axis, x[:, 3], is a slice without that axis; shapes and other integers stay the engine's. */
  Gather(call) {
    const [x, indices] = inputsOf(call, 2, 2);
    const { shape } = x.type;
    const picked = indices.type.shape;
    if (shape === undefined || picked === undefined) return undefined;
    const axis = normaliseAxis(integer(call, 'axis', 0), shape.length, call.where);
    const length = shape[axis];
    const constantIndices = constantOf(indices);
    const outside =
      constantIndices &&
      Array.from(constantIndices.data, Number).find(
        (index) => index < -perImage(length) || index >= perImage(length),
      );
    if (outside !== undefined && (!isBatch(length) || call.batchOfOne)) {
      throw refuse(call, `no position ${outside} along axis ${axis} of ${shapeText(shape)}`);
    }
    const [index] = staticContents(call, 1) ?? [];
    if (picked.length === 0 && index !== undefined && !isBatch(length)) {
      const start = index < 0 ? index + length : index;
      const part = { axes: [axis], starts: [start], ends: [start + 1], steps: [1] };
      const slice = apply('Slice', [x], part, `${call.name}.slice`);
      return [apply('Squeeze', [slice], { axes: [axis] }, call.name)];
    }
    const batches = [...shape.toSpliced(axis, 1), ...picked].filter(isBatch).length;
    if (x.type.dataType !== 'float32' || batches > 1) return undefined;
    if (isBatch(length) && !picked.some(isBatch)) {
      const result = call.batchOfOne ? gatherPerImage(call, x, indices, axis) : undefined;
      return result && [result];
    }
    return [apply('Gather', [x, indices], { axis }, call.name)];
  },
  /** Positions over the leading axes, x[i, j], as positions along these axes merged into one. */
  GatherND(call) {
    const [x, indices] = inputsOf(call, 2, 2);
    const picked = indices.type.shape;
    const depth = picked?.at(-1);
    const { shape, dataType } = x.type;
    if (shape === undefined || picked === undefined || typeof depth !== 'number' || dataType !== 'float32') {
      return undefined;
    }
    const leading = allStatic(shape.slice(0, depth));
    const rest = shape.slice(depth);
    const stored = constantOf(indices);
    const whole = indices.type.dataType === 'int64';
    if (integer(call, 'batch_dims', 0) !== 0 || depth < 1 || leading?.length !== depth || !whole)
      return undefined;
    if (stored === undefined) {
      if (depth > 1) return undefined;
      return [apply('Gather', [x, reshape(indices, picked.slice(0, -1))], { axis: 0 }, call.name)];
    }
    const data = new BigInt64Array(stored.data.length / depth);
    for (const [i, index] of Array.from(stored.data, Number).entries()) {
      const length = leading[i % depth];
      if (index < -length || index >= length)
        throw refuse(call, `no position ${index} in ${shapeText(shape)}`);
      const row = Math.floor(i / depth);
      data[row] = data[row] * BigInt(length) + BigInt(index < 0 ? index + length : index);
    }
    const rows = constant({ dataType: 'int64', shape: stored.shape.slice(0, -1), data });
    return [apply('Gather', [reshape(x, [sizeOf(leading), ...rest]), rows], { axis: 0 }, call.name)];
  },
  ScatterElements: decodeScatterElements,
  Scatter: decodeScatterElements,
};

export const encoders = {
  Gather: ({ attributes: { axis } }) => ({ attributes: { axis: int(axis) } }),
  ScatterElements: ({ attributes: { axis, reduction } }) => ({
    attributes: { axis: int(axis), reduction: string(reduction) },
  }),
} satisfies Encoders;
