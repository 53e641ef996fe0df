/** Convolutions in ONNX, and the windows that they share with poolings. */
import { failAt } from '../../../error.js';
import { apply, type NodeOf, type Value } from '../../node.js';
import { type Dimension, shapeText } from '../../type.js';
import { type Call, integer, integers, listText, perAxis, refuse, text } from '../call.js';
import { allStatic, type Decoders, inputsOf } from '../decoder.js';
import { type Attributes, type Encoders, int, ints } from '../encoder.js';

interface Windows {
  readonly strides: number[];
  readonly pads: number[];
  readonly dilations: number[];
}

/** Splits a total padding per axis: the odd pixel goes to the end (SAME_UPPER) or to the begin (SAME_LOWER). */
function splitPads(totals: readonly number[], upper: boolean): number[] {
  const begins = totals.map((total) => (upper ? Math.floor(total / 2) : Math.ceil(total / 2)));
  return [...begins, ...totals.map((total, i) => total - begins[i])];
}

function autoPad(call: Call): 'NOTSET' | 'VALID' | 'SAME_UPPER' | 'SAME_LOWER' {
  const mode = text(call, 'auto_pad', 'NOTSET');
  if (mode === 'NOTSET' || mode === 'VALID' || mode === 'SAME_UPPER' || mode === 'SAME_LOWER') return mode;
  throw failAt(call.where)('unknown auto_pad', 'NOTSET, VALID, SAME_UPPER or SAME_LOWER', mode.slice(0, 40));
}

/** The image size that a sliding window sees. */
function imageSize(call: Call, { type: { shape } }: Value): number[] {
  const size = shape && allStatic(shape.slice(2));
  if (size !== undefined) return size;
  throw refuse(
    call,
    `the image size must be known here (got ${shapeText(shape)})`,
    'Export the network with static shapes (all but the batch), or pass inputShapes.',
  );
}

/** Strides, pads and dilations of a convolution or pooling window; SAME means ceil(size / stride) outputs. */
export function windows(call: Call, x: Value, kernel: readonly number[]): Windows {
  const count = kernel.length;
  const { shape } = x.type;
  if (shape !== undefined && shape.length !== count + 2) {
    throw failAt(call.where)('the input has the wrong rank', `${count + 2} dimensions`, shapeText(shape));
  }
  const strides = perAxis(call, 'strides', { count, fallback: 1, minimum: 1 });
  const dilations = perAxis(call, 'dilations', { count, fallback: 1, minimum: 1 });
  const mode = autoPad(call);
  if (mode === 'NOTSET') {
    return { strides, dilations, pads: perAxis(call, 'pads', { count: 2 * count, fallback: 0, minimum: 0 }) };
  }
  const pads = new Array<number>(2 * count).fill(0);
  if (mode === 'VALID') return { strides, dilations, pads };
  const size = imageSize(call, x);
  const totals = kernel.map((length, i) => {
    const outputs = Math.ceil(size[i] / strides[i]);
    return Math.max(0, (outputs - 1) * strides[i] + dilations[i] * (length - 1) + 1 - size[i]);
  });
  return { strides, dilations, pads: splitPads(totals, mode === 'SAME_UPPER') };
}

/** The window of a convolution, from its weights; nothing where their shape is not known. */
function kernelOf(call: Call, weight: Value): number[] | undefined {
  const { shape } = weight.type;
  const kernel = shape && allStatic(shape.slice(2));
  const stated = integers(call, 'kernel_shape');
  if (kernel === undefined) return undefined;
  if (shape === undefined || shape.length < 3 || (stated !== undefined && stated.join() !== kernel.join())) {
    throw failAt(call.where)(
      'the weights do not fit the kernel',
      stated ? `a kernel of ${listText(stated)}` : 'weights of rank 3 or more',
      shapeText(shape),
    );
  }
  return kernel;
}

function groups(call: Call, channels: Dimension | undefined): number {
  const group = integer(call, 'group', 1);
  if (Number.isSafeInteger(group) && group >= 1 && typeof channels === 'number' && channels % group === 0) {
    return group;
  }
  throw failAt(call.where)(
    'the number of groups does not fit the weights',
    `a divisor of ${channels ?? 'the channels'}`,
    String(group),
  );
}

export const decoders: Decoders = {
  Conv(call) {
    const [x, weight] = inputsOf(call, 2, 2);
    const kernel = kernelOf(call, weight);
    if (kernel === undefined) return undefined;
    const group = groups(call, weight.type.shape?.[0]);
    return [apply('Conv', inputsOf(call, 2, 3), { ...windows(call, x, kernel), group }, call.name)];
  },
  /** ONNX derives the pads of a transposed convolution from output_shape, or from SAME: size x stride outputs. */
  ConvTranspose(call) {
    const [x, weight] = inputsOf(call, 2, 2);
    const kernel = kernelOf(call, weight);
    if (kernel === undefined) return undefined;
    const count = kernel.length;
    const group = groups(call, weight.type.shape?.[0]);
    const outputPadding = perAxis(call, 'output_padding', { count, fallback: 0, minimum: 0 });
    const { strides, dilations, pads: given } = windows(call, x, kernel);
    const mode = autoPad(call);
    let pads = given;
    if (call.raw.has('output_shape') || mode.startsWith('SAME')) {
      const size = imageSize(call, x);
      const target = call.raw.has('output_shape')
        ? perAxis(call, 'output_shape', { count, fallback: 1, minimum: 1 })
        : size.map((length, i) => length * strides[i]);
      const totals = size.map(
        (length, i) =>
          strides[i] * (length - 1) + outputPadding[i] + dilations[i] * (kernel[i] - 1) + 1 - target[i],
      );
      if (totals.some((total) => total < 0)) return undefined;
      pads = splitPads(totals, mode === 'SAME_UPPER');
    }
    const attributes = { strides, dilations, pads, group, outputPadding };
    return [apply('ConvTranspose', inputsOf(call, 2, 3), attributes, call.name)];
  },
};

const convolution = ({ attributes }: NodeOf<'Conv'> | NodeOf<'ConvTranspose'>): Attributes => ({
  strides: ints(attributes.strides),
  pads: ints(attributes.pads),
  dilations: ints(attributes.dilations),
  group: int(attributes.group),
});

export const encoders = {
  Conv: (node) => ({ attributes: convolution(node) }),
  ConvTranspose: (node) => ({
    attributes: { ...convolution(node), output_padding: ints(node.attributes.outputPadding) },
  }),
} satisfies Encoders;
