/** The mask of a ReLU without Sign, which runtimes compute number by number. */

import { apply, scalar, type Value } from '../node.js';
import { multiply } from '../operators/elementwise.js';
import { blockedChannels, isInBlocks, timesInBlocks } from './blocks.js';
import type { Pass } from './rewrite.js';

/** Lifts every normal positive number above 1; the largest ones become infinite and are cut off to 1 all the same. */
const huge = 3e38;

/** In blocks of channels a convolution lifts, and cuts off in the same step. */
function lifted(value: Value): Value {
  const channels = isInBlocks(value) ? blockedChannels(value) : undefined;
  return channels === undefined ? multiply(value, scalar(huge)) : timesInBlocks(value, channels, huge);
}

/**
 * Sign(Relu(x)) = Clip(3e38 Relu(x), 0, 1).
 * Positive numbers below the smallest normal one, 1.2e-38, weigh less than 1 here.
 */
export const clippedMask: Pass = (node, [rectified]) =>
  node.operator === 'Sign' && rectified.node.operator === 'Relu'
    ? [apply('Clip', [lifted(rectified)], { min: 0, max: 1 })]
    : undefined;
