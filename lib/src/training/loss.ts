/** The multi-label loss: binary cross-entropy on logits, averaged over images and classes. */
import { shapeOf } from '../graph/graph.js';
import type { Value } from '../graph/node.js';
import { softplus } from '../graph/operators/activation.js';
import { multiply, subtract } from '../graph/operators/elementwise.js';
import { reduceMean } from '../graph/operators/reduction.js';

/** mean of log(1 + e^z) - z y, which equals -y log s(z) - (1 - y) log(1 - s(z)) and never overflows. */
export function binaryCrossEntropy(logits: Value, labels: Value): Value {
  const perOutput = subtract(softplus(logits), multiply(logits, labels));
  return reduceMean(
    perOutput,
    shapeOf(logits).map((_, axis) => axis),
  );
}
