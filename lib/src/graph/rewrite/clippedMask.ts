/** The mask of a ReLU as a convolution: runtimes keep those in their blocked layout, and cut them off in the same step. */
import { apply, floats } from '../node.js';
import { conv } from '../operators/convolution.js';
import { blockedChannels, isInBlocks } from './blocks.js';
import type { Pass } from './rewrite.js';

/** Lifts every normal positive number above 1; the largest ones become infinite and are cut off to 1 all the same. */
const huge = 3e38;

/**
 * Sign(Relu(x)) = Clip(3e38 Relu(x), 0, 1) for maps [N, C, height, width].
 * Positive numbers below the smallest normal one, 1.2e-38, weigh less than 1 here.
 */
export const clippedMask: Pass = (node, [rectified]) => {
  if (node.operator !== 'Sign' || rectified.node.operator !== 'Relu') return undefined;
  const channels = blockedChannels(rectified);
  if (channels === undefined || !isInBlocks(rectified)) return undefined;
  const weight = floats(new Float32Array(channels).fill(huge), [channels, 1, 1, 1]);
  return [apply('Clip', [conv(rectified, weight, { group: channels })], { min: 0, max: 1 })];
};
