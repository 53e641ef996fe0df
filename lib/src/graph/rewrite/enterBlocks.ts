/** A sum or product of a value in blocks of channels and one outside leaves the blocks; here the other enters them. */
import { floats, type Value, withInputs } from '../node.js';
import { conv } from '../operators/convolution.js';
import { blockedChannels, isInBlocks } from './blocks.js';
import type { Pass } from './rewrite.js';

/** A value as it is, as the result of a convolution. */
const intoBlocks = (value: Value, channels: number): Value =>
  conv(value, floats(new Float32Array(channels).fill(1), [channels, 1, 1, 1]), { group: channels });

/** x + y or x y of maps of one shape. */
export const enterBlocks: Pass = (node, inputs) => {
  const [result] = node.outputs;
  const channels = blockedChannels(result);
  const shape = result.type.shape?.join();
  const isMixed =
    (node.operator === 'Add' || node.operator === 'Mul') &&
    inputs.every(({ type }) => type.shape?.join() === shape) &&
    inputs.some(isInBlocks) &&
    !inputs.every(isInBlocks);
  if (!isMixed || channels === undefined) return undefined;
  const entered = inputs.map((value) => (isInBlocks(value) ? value : intoBlocks(value, channels)));
  return withInputs(node, entered).outputs;
};
