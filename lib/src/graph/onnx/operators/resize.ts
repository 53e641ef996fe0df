/** Resampling in ONNX. */

import { shapeOf } from '../../graph.js';
import { type OperatorAttributes, resizedAxes } from '../../inference.js';
import { apply, type NodeOf, type Value } from '../../node.js';
import { type ConstantTensor, type Dimension, isBatch, normaliseAxis } from '../../type.js';
import {
  type Call,
  contents,
  flag,
  integers,
  listText,
  number,
  numbers,
  operand,
  refuse,
  staticContents,
  text,
} from '../call.js';
import { type Decoder, type Decoders, identity, member } from '../decoder.js';
import { type Encoders, float, ints, text as string } from '../encoder.js';

type ResizeAttributes = OperatorAttributes['Resize'];

/** The scales or sizes of the axes that change; nothing where they are computed. */
function resizeTarget(call: Call, x: Value): Pick<ResizeAttributes, 'axes' | 'to'> | undefined {
  const legacy = call.opset < 11;
  const { shape } = x.type;
  const scales = call.opset < 9 ? numbers(call, 'scales') : staticContents(call, legacy ? 1 : 2);
  const sizes = legacy ? undefined : contents(call, 3);
  const chosen = scales?.length ? scales : sizes;
  if (!chosen?.length) return undefined;
  const rank = shape?.length ?? (call.raw.has('axes') ? undefined : chosen.length);
  if (rank === undefined) return undefined;
  const axes =
    integers(call, 'axes')?.map((axis) => normaliseAxis(axis, rank, call.where)) ??
    Array.from({ length: rank }, (_, axis) => axis);
  if (axes.length !== chosen.length) throw refuse(call, 'the scales or sizes do not fit the rank');
  const stays = (axis: number, wanted: Dimension): boolean => {
    if (chosen === scales) return wanted === 1;
    const length = shape?.[axis];
    return wanted === length || (isBatch(length) && wanted === 1 && call.batchOfOne);
  };
  const kept = axes.flatMap((axis, i) => (stays(axis, chosen[i]) ? [] : [{ axis, wanted: chosen[i] }]));
  const values = kept.flatMap(({ wanted }) => (isBatch(wanted) ? [] : [wanted]));
  if (values.length !== kept.length || kept.some(({ axis }) => isBatch(shape?.[axis]))) return undefined;
  if (values.some((value) => !(value > 0 && value < 2 ** 31))) {
    throw refuse(call, `impossible scales or sizes ${listText(values)}`);
  }
  const to = chosen === scales ? { scales: values } : { sizes: values };
  return { axes: kept.map(({ axis }) => axis), to };
}

/** Upsample and Resize of opset 10 divide coordinates by the scale; later ones state how they map them. */
const decodeResize: Decoder = (call) => {
  const legacy = call.opset < 11;
  const x = operand(call, 0);
  const target = resizeTarget(call, x);
  const mode = member<ResizeAttributes['mode']>(
    ['nearest', 'linear', 'cubic'],
    text(call, 'mode', 'nearest'),
  );
  const coordinates = member<ResizeAttributes['coordinates']>(
    ['half_pixel', 'pytorch_half_pixel', 'asymmetric', 'align_corners'],
    legacy ? 'asymmetric' : text(call, 'coordinate_transformation_mode', 'half_pixel'),
  );
  const nearest = member<ResizeAttributes['nearest']>(
    ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'],
    legacy ? 'floor' : text(call, 'nearest_mode', 'round_prefer_floor'),
  );
  const special =
    flag(call, 'antialias') ||
    flag(call, 'exclude_outside') ||
    text(call, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch';
  if (!target || !mode || !coordinates || !nearest || special) {
    if (!legacy) return undefined;
    throw refuse(call, 'resampling of this kind is not supported', 'Export with opset 11 or later.');
  }
  if (target.axes.length === 0) return identity(call);
  const cubicCoefficient = number(call, 'cubic_coeff_a', -0.75);
  return [apply('Resize', [x], { mode, coordinates, nearest, cubicCoefficient, ...target }, call.name)];
};

export const decoders: Decoders = { Resize: decodeResize, Upsample: decodeResize };

/**
 * Lengths where they are meant, otherwise scales; unless ONNX Runtime, which multiplies by them now in single and now in
 * double precision, would lose a pixel (such as floor(5 x float32(6.6)) = 32), and the lengths say the same.
 */
function writtenTarget({ inputs: [x], attributes }: NodeOf<'Resize'>): number[] | ConstantTensor {
  const { axes, to } = attributes;
  if ('sizes' in to) return [...to.sizes];
  const resized = resizedAxes(shapeOf(x), attributes, 'Resize');
  const lossy = resized.some(
    ({ length, outputs, scale }) => Math.floor(length * Math.fround(scale)) !== outputs,
  );
  const ratios = resized.every(
    ({ length, outputs, scale }) => Math.fround(outputs / length) === Math.fround(scale),
  );
  if (lossy && ratios) return resized.map(({ outputs }) => outputs);
  return { dataType: 'float32', shape: [axes.length], data: Float32Array.from(to.scales) };
}

/** Scales are the third input, sizes the fourth. */
function resizeInputs(node: NodeOf<'Resize'>): (readonly number[] | ConstantTensor | undefined)[] {
  const target = writtenTarget(node);
  return 'data' in target ? [undefined, target] : [undefined, undefined, target];
}

export const encoders = {
  Resize(node) {
    const { mode, coordinates, nearest, cubicCoefficient, axes } = node.attributes;
    return {
      attributes: {
        mode: string(mode),
        coordinate_transformation_mode: string(coordinates),
        nearest_mode: string(nearest),
        cubic_coeff_a: float(cubicCoefficient),
        axes: ints(axes),
      },
      extra: resizeInputs(node),
    };
  },
} satisfies Encoders;
