/** The gradient of resampling: the interpolation matrices, transposed. */

import { shapeOf } from '../graph.js';
import { resizedAxes } from '../inference.js';
import { multiplyAxis } from '../operators/matMul.js';
import { interpolationMatrix } from '../operators/resize.js';
import type { OperatorRules } from '../rule.js';

export const resampling = {
  Resize: ({ node, gradient }) => [
    resizedAxes(shapeOf(node.inputs[0]), node.attributes, 'Resize').reduce(
      (result, resized) =>
        multiplyAxis(result, resized.axis, interpolationMatrix(resized, node.attributes), resized.length),
      gradient,
    ),
  ],
} satisfies Partial<OperatorRules>;
