/** Values in another shape in ONNX: reshape, flatten, squeeze, transpose, blocks of pixels as channels. */
import { apply } from '../../node.js';
import { depthToSpace, spaceToDepth } from '../../operators/tiles.js';
import {
  type Dimension,
  isBatch,
  normaliseAxis,
  perImage,
  rowsPerImage,
  type Shape,
  shapeText,
  sizePerImage,
} from '../../type.js';
import { type Call, contents, flag, integer, integers, listText, operand, refuse, text } from '../call.js';
import { allStatic, axesOf, type Decoders, member } from '../decoder.js';
import { type Encoders, int, ints } from '../encoder.js';

/** The target shape with 0 (keep), -1 (infer) and the batch worked out; nothing where that takes the input's shape. */
function targetShape(call: Call, shape: Shape | undefined, target: readonly Dimension[]): Shape | undefined {
  const kept = target.map((dimension, i) => (dimension === 0 ? shape?.[i] : dimension));
  const known = kept.filter((dimension) => dimension !== undefined);
  if (known.length !== kept.length) {
    if (shape === undefined) return undefined;
    throw refuse(call, `0 in the target shape keeps a dimension that ${shapeText(shape)} does not have`);
  }
  const inferred = known.indexOf(-1);
  if (known.some((dimension, i) => !isBatch(dimension) && dimension < 0 && i !== inferred)) {
    throw refuse(call, `impossible target shape ${listText(known)}`);
  }
  if (shape === undefined) return inferred < 0 ? known : undefined;
  const size = (dimensions: Shape): number =>
    sizePerImage(dimensions.map((dimension, i) => (i === inferred ? 1 : dimension)));
  const ratio = sizePerImage(shape) / size(known);
  const batched = shape.some(isBatch) && !known.some(isBatch);
  const infer = (missing: Dimension): Shape =>
    known.map((dimension, i) => (i === inferred ? missing : dimension));
  if (!batched) return infer(ratio);
  if (call.batchOfOne) return withBatch(shape, infer(ratio));
  // The batch is what is left to infer, alone or merged with what the other dimensions leave of an image.
  return inferred >= 0 && Number.isInteger(ratio) ? infer(rowsPerImage(ratio)) : infer(ratio);
}

/**
 * The target shape for one image with its batch back. It lies behind as many values as in the source, at best in a
 * dimension of 1. Without one it is merged: into the next dimension where that is a part of one of the source (heads of
 * attention), otherwise into the dimension before.
 */
function withBatch(source: Shape, target: Shape): Shape {
  const before = (shape: Shape, axis: number): number => sizePerImage(shape.slice(0, axis));
  const from = source.findIndex(isBatch);
  const first = before(source, from);
  const last = first * perImage(source[from]);
  const single = target.findIndex(
    (dimension, axis) => dimension === 1 && before(target, axis) >= first && before(target, axis) <= last,
  );
  const next = target.findIndex((_, axis) => before(target, axis) === first);
  const joined = next > 0 && target.length - next < source.length - from;
  const at = single >= 0 ? single : joined ? next - 1 : next;
  return target.map((dimension, axis) => (axis === at ? rowsPerImage(perImage(dimension)) : dimension));
}

/** The block size that divides some lengths of an image [N, C, H, W]; nothing where the image is not known. */
function blockSize(
  call: Call,
  divided: (block: number, shape: readonly number[]) => boolean,
): number | undefined {
  const { shape, dataType } = operand(call, 0).type;
  const lengths = shape && allStatic(shape.slice(1));
  if (lengths?.length !== 3 || dataType !== 'float32') return undefined;
  const block = integer(call, 'blocksize', 0);
  if (Number.isInteger(block) && block >= 1 && divided(block, lengths)) return block;
  throw refuse(call, `blocks of ${block} do not divide ${shapeText(shape)}`);
}

export const decoders: Decoders = {
  Reshape(call) {
    const x = operand(call, 0);
    const target = contents(call, 1);
    if (target === undefined) return undefined;
    if (flag(call, 'allowzero') && target.includes(0)) throw refuse(call, 'empty tensors are not supported');
    const shape = targetShape(call, x.type.shape, target);
    return shape && [apply('Reshape', [x], { shape }, call.name)];
  },
  Flatten(call) {
    const x = operand(call, 0);
    const axis = integer(call, 'axis', 1);
    const { shape } = x.type;
    if (shape !== undefined && axis !== shape.length) normaliseAxis(axis, shape.length, call.where);
    return [apply('Flatten', [x], { axis }, call.name)];
  },
  Squeeze(call) {
    const x = operand(call, 0);
    const given = axesOf(call, 13);
    if (given === 'unknown') return undefined;
    const axes = given ?? x.type.shape?.flatMap((dimension, axis) => (dimension === 1 ? [axis] : []));
    return axes && [apply('Squeeze', [x], { axes }, call.name)];
  },
  Unsqueeze(call) {
    const x = operand(call, 0);
    const axes = axesOf(call, 13);
    if (axes === 'unknown') return undefined;
    if (axes === undefined) throw refuse(call, 'the axes are missing');
    const rank = (x.type.shape?.length ?? 0) + axes.length;
    const places = axes.map((axis) => (axis < 0 ? axis + rank : axis));
    if (new Set(places).size !== axes.length) throw refuse(call, 'an axis is named twice');
    return [apply('Unsqueeze', [x], { axes }, call.name)];
  },
  Transpose(call) {
    const x = operand(call, 0);
    const permutation = integers(call, 'perm') ?? x.type.shape?.map((_, axis) => axis).reverse();
    return permutation && [apply('Transpose', [x], { permutation }, call.name)];
  },
  DepthToSpace(call) {
    const mode = member(['DCR', 'CRD'], text(call, 'mode', 'DCR'));
    const block = blockSize(call, (b, [channels]) => channels % b ** 2 === 0);
    return block && mode ? [depthToSpace(operand(call, 0), block, mode, call.name)] : undefined;
  },
  SpaceToDepth(call) {
    const block = blockSize(call, (b, [, height, width]) => height % b === 0 && width % b === 0);
    return block ? [spaceToDepth(operand(call, 0), block, call.name)] : undefined;
  },
};

export const encoders = {
  /** -1 is what is left over: the batch. */
  Reshape: ({ attributes: { shape } }) => ({
    extra: [shape.map((dimension) => (isBatch(dimension) ? -1 : dimension))],
  }),
  Flatten: ({ attributes: { axis } }) => ({ attributes: { axis: int(axis) } }),
  Squeeze: ({ attributes: { axes } }) => ({ extra: [axes] }),
  Unsqueeze: ({ attributes: { axes } }) => ({ extra: [axes] }),
  Transpose: ({ attributes: { permutation } }) => ({ attributes: { perm: ints(permutation) } }),
} satisfies Encoders;
