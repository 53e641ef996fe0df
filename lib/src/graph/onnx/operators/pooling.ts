/** Poolings in ONNX. */
import { apply, createNode, type NodeOf } from '../../node.js';
import { type Call, flag, integers, operand, perAxis, refuse } from '../call.js';
import { allStatic, type Decoders, simple } from '../decoder.js';
import { type Attributes, type Encoders, flag as int, ints } from '../encoder.js';
import { windows } from './convolution.js';

function poolKernel(call: Call): number[] {
  const count = integers(call, 'kernel_shape')?.length;
  if (count) return perAxis(call, 'kernel_shape', { count, fallback: 1, minimum: 1 });
  throw refuse(call, 'attribute "kernel_shape" is missing');
}

export const decoders: Decoders = {
  MaxPool(call) {
    const indices = call.outputs.length > 1 && call.outputs[1] !== '';
    if (indices && flag(call, 'storage_order')) return undefined;
    const x = operand(call, 0);
    const kernel = poolKernel(call);
    const ceilMode = flag(call, 'ceil_mode');
    return createNode('MaxPool', [x], { kernel, ...windows(call, x, kernel), ceilMode, indices }, call.name)
      .outputs;
  },
  AveragePool(call) {
    const x = operand(call, 0);
    const kernel = poolKernel(call);
    const { strides, pads, dilations } = windows(call, x, kernel);
    if (dilations.some((dilation) => dilation !== 1)) return undefined;
    const countIncludePad = flag(call, 'count_include_pad');
    const ceilMode = flag(call, 'ceil_mode');
    return [apply('AveragePool', [x], { kernel, strides, pads, ceilMode, countIncludePad }, call.name)];
  },
  GlobalAveragePool: simple('GlobalAveragePool'),
  /** The maximum over the whole image: one window as large as it. */
  GlobalMaxPool(call) {
    const x = operand(call, 0);
    const kernel = x.type.shape && allStatic(x.type.shape.slice(2));
    if (!kernel?.length) return undefined;
    const ones = kernel.map(() => 1);
    const pads = [...kernel, ...kernel].map(() => 0);
    const attributes = { kernel, strides: ones, pads, dilations: ones, ceilMode: false, indices: false };
    return [apply('MaxPool', [x], attributes, call.name)];
  },
};

const pool = ({ attributes }: NodeOf<'MaxPool'> | NodeOf<'AveragePool'>): Attributes => ({
  kernel_shape: ints(attributes.kernel),
  strides: ints(attributes.strides),
  pads: ints(attributes.pads),
  ceil_mode: int(attributes.ceilMode),
});

export const encoders = {
  MaxPool: (node) => ({ attributes: { ...pool(node), dilations: ints(node.attributes.dilations) } }),
  AveragePool: (node) => ({
    attributes: { ...pool(node), count_include_pad: int(node.attributes.countIncludePad) },
  }),
} satisfies Encoders;
