/** The devices of onnxruntime, and the form of a graph that suits each. */
import { blockedLayout } from '../graph/rewrite/blockedLayout.js';
import { signByComparison, zerosByComparison } from '../graph/rewrite/comparisons.js';
import { foldScale } from '../graph/rewrite/foldScale.js';
import { maxPoolWithoutIndices, refuseIndices } from '../graph/rewrite/maxPoolWithoutIndices.js';
import { reverseByGather } from '../graph/rewrite/reverseByGather.js';
import type { Pass } from '../graph/rewrite/rewrite.js';
import { widerGroups } from '../graph/rewrite/widerGroups.js';

export const providers = ['cpu', 'webgpu', 'cuda'] as const;
export type Provider = (typeof providers)[number];

/**
 * WebGPU's replace what it lacks or, in onnxruntime 1.30, computes wrongly: it has no `Indices` of MaxPool (it fails), no
 * Sign and no ConstantOfShape (they run on the CPU, with two copies each); Slice with negative steps and ConvTranspose
 * with one output channel and several input channels a group give wrong values.
 */
export const passesFor: Readonly<Record<Provider, readonly Pass[]>> = {
  cpu: blockedLayout,
  webgpu: [
    ...[foldScale, maxPoolWithoutIndices, refuseIndices, signByComparison, zerosByComparison],
    ...[reverseByGather, widerGroups],
  ],
  cuda: [foldScale],
};
