/** Transposed convolutions whose groups have one output channel, with two of them, for runtimes that get one wrong. */

import { shapeOf } from '../graph.js';
import { apply } from '../node.js';
import { pad, reshape, slice } from '../operators/arrangement.js';
import { add } from '../operators/elementwise.js';
import { staticDimension } from '../type.js';
import type { Pass } from './rewrite.js';

/** The second channel of a group has weights 0 and is dropped again. Depthwise ones, with one input channel, stay. */
export const widerGroups: Pass = (node, [x, weight, bias]) => {
  if (node.operator !== 'ConvTranspose' || node.attributes.group === 1) return undefined;
  const { group } = node.attributes;
  const [inputs, outputs, ...kernel] = shapeOf(weight).map((size) => staticDimension(size, 'ConvTranspose'));
  if (outputs !== 1 || inputs === group) return undefined;
  const none = kernel.map(() => 0);
  const wider = pad(weight, [0, 0, ...none, 0, 1, ...none]);
  const both = apply('ConvTranspose', [x, wider], node.attributes);
  const first = slice(both, 1, 0, 2 * group, 2);
  return [bias === undefined ? first : add(first, reshape(bias, [1, group, ...kernel.map(() => 1)]))];
};
