/** Which values a runtime holds in blocks of channels: what convolutions of constant weights compute, and what follows. */
import { isFixed } from '../graph.js';
import { floats, type Node, type Value } from '../node.js';
import { conv } from '../operators/convolution.js';

/** Channels of the largest block in use (of onnxruntime, on processors with AVX-512). */
const block = 16;

/** The number of channels of maps [N, C, height, width] that fill whole blocks. */
export function blockedChannels({ type: { shape } }: Value): number | undefined {
  const channels = shape?.[1];
  return shape?.length === 4 && typeof channels === 'number' && channels % block === 0 ? channels : undefined;
}

const known = new WeakMap<Value, boolean>();

/** Whether a value is computed in blocks. */
export function isInBlocks(value: Value): boolean {
  const found = known.get(value) ?? (blockedChannels(value) !== undefined && staysInBlocks(value.node));
  known.set(value, found);
  return found;
}

function staysInBlocks({ operator, inputs, outputs }: Node): boolean {
  switch (operator) {
    case 'Conv':
      return inputs.slice(1).every(isFixed);
    case 'BatchNormalization':
      return isInBlocks(inputs[0]) && inputs.slice(1).every(isFixed);
    case 'Relu':
    case 'Clip':
    case 'AveragePool':
    case 'GlobalAveragePool':
      return isInBlocks(inputs[0]);
    case 'MaxPool':
      return isInBlocks(inputs[0]) && outputs.length === 1;
    case 'Add':
    case 'Mul':
    case 'Concat':
      return inputs.every(isInBlocks);
    default:
      return false;
  }
}

/** Maps times a number, as a convolution of every channel: it takes them in blocks, and gives them in blocks. */
export const timesInBlocks = (maps: Value, channels: number, factor: number): Value =>
  conv(maps, floats(new Float32Array(channels).fill(factor), [channels, 1, 1, 1]), { group: channels });
