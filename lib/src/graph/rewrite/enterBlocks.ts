/** A sum or product of a value in blocks of channels and one outside leaves the blocks; here the other enters them. */
import { withInputs } from '../node.js';
import { blockedChannels, isInBlocks, timesInBlocks } from './blocks.js';
import type { Pass } from './rewrite.js';

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
  const entered = inputs.map((value) => (isInBlocks(value) ? value : timesInBlocks(value, channels, 1)));
  return withInputs(node, entered).outputs;
};
