/** Slices with negative steps as positions picked one by one, for runtimes that get them wrong. */

import { shapeOf } from '../graph.js';
import { sliceRange } from '../inference.js';
import { apply, constant } from '../node.js';
import { normaliseAxis, staticDimension } from '../type.js';
import type { Pass } from './rewrite.js';

export const reverseByGather: Pass = (node, [x]) => {
  if (node.operator !== 'Slice' || node.attributes.steps.every((step) => step > 0)) return undefined;
  const { axes, starts, ends, steps } = node.attributes;
  const shape = shapeOf(x);
  let result = x;
  for (const [i, axis] of axes.entries()) {
    const at = normaliseAxis(axis, shape.length, 'Slice');
    const { from, step, count } = sliceRange(
      staticDimension(shape[at], 'Slice'),
      starts[i],
      ends[i],
      steps[i],
    );
    const data = BigInt64Array.from({ length: count }, (_, place) => BigInt(from + place * step));
    const positions = constant({ dataType: 'int64', shape: [count], data });
    result = apply('Gather', [result, positions], { axis: at });
  }
  return [result];
};
