/** The gradient of resampling: the transposed interpolation matrices. */

import { shapeOf } from '../graph.js';
import { resizedAxes } from '../inference.js';
import { multiplyAxis } from '../operators/matMul.js';
import { interpolationMatrix } from '../operators/resize.js';
import type { OperatorRules } from '../rule.js';

export const resampling = {
  Resize({ node, gradient }) {
    let result = gradient;
    for (const resized of resizedAxes(shapeOf(node.inputs[0]), node.attributes, 'Resize')) {
      const { axis, length, outputs } = resized;
      const matrix = interpolationMatrix(resized, node.attributes);
      const transposed = new Float64Array(matrix.length);
      for (let o = 0; o < outputs; o++) {
        for (let i = 0; i < length; i++) transposed[i * outputs + o] = matrix[o * length + i];
      }
      result = multiplyAxis(result, axis, transposed, length);
    }
    return [result];
  },
} satisfies Partial<OperatorRules>;
