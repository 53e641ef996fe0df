/** A classifier as one ONNX file: the network, and what it means in the file's metadata. */

import { createGraph } from '../graph/graph.js';
import { input } from '../graph/node.js';
import { writeOnnx } from '../graph/onnx/write.js';
import { sigmoid } from '../graph/operators/activation.js';
import type { Architecture } from './architecture.js';
import type { ClassifierDescription } from './classifier.js';
import { storedLayers, type Weights } from './layers.js';

/** The metadata key of a file's description (JSON). */
export const descriptionKey = 'landlens.classifier';

/** The bytes of an ONNX file with outputs "logits" and "scores", weights in half precision. */
export function encodeClassifier(
  architecture: Architecture,
  weights: Weights,
  description: Omit<ClassifierDescription, 'name' | 'featureLayer'>,
  size: number,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const { bands, classes } = description;
  const image = input('image', ['N', bands.length, size, size]);
  const logits = architecture.build(storedLayers(weights), image, classes.length);
  const complete: ClassifierDescription = {
    name: architecture.name,
    featureLayer: architecture.featureLayer,
    ...description,
  };
  return writeOnnx(createGraph({ logits, scores: sigmoid(logits) }), {
    halfWeights: true,
    metadata: { ...metadata, [descriptionKey]: JSON.stringify(complete) },
  });
}
