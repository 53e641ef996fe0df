/** A classifier from a network's output. */
import type { Engine } from '../engine/engine.js';
import { failAt } from '../error.js';
import { shapeOf } from '../graph/graph.js';
import type { Value } from '../graph/node.js';
import { sigmoid, softmax } from '../graph/operators/activation.js';
import { assembleClassifier } from './assembleClassifier.js';
import { attachNetwork } from './attachNetwork.js';
import type { Classifier, ClassifierDescription } from './classifier.js';
import { defaultFeatureLayer, featureMaps } from './featureLayer.js';

/** Checks that there is one logit for each class. */
function checkLogits(logits: Value, { classes }: ClassifierDescription, where: string): void {
  const outputs = shapeOf(logits);
  if (outputs.length === 2 && outputs[1] === classes.length) return;
  const isMap = outputs.length === 4;
  const todo = isMap
    ? 'It scores every pixel: open it by openSegmenter, and say by `over` which pixels are explained.'
    : 'Give the class names of this network, in its order.';
  throw failAt(where, todo)(
    isMap ? 'the network makes maps of its classes' : 'the network has another number of classes',
    `an output [N, ${classes.length}]`,
    `[${outputs.join(', ')}]`,
  );
}

/**
 * A classifier from a network's output (logits, or scores right behind a Sigmoid or Softmax).
 * @param hash identifies the model file in records.
 * @throws InputError where the description does not fit the network
 */
export function createClassifier(
  output: Value,
  description: ClassifierDescription,
  engine: Engine,
  { hash, where = description.name }: { readonly hash: string; readonly where?: string },
): Classifier {
  const network = attachNetwork(output, description, where);
  const { output: logits, activation } = network;
  checkLogits(logits, description, where);
  const scores = activation === 'sigmoid' ? sigmoid(logits, 'scores') : softmax(logits, -1, 'scores');
  const featureLayer = description.featureLayer ?? defaultFeatureLayer(logits);
  if (featureLayer !== undefined) {
    featureMaps(logits, { layer: featureLayer, grid: description.featureGrid }, where);
  }
  const complete = { ...description, ...(featureLayer === undefined ? {} : { featureLayer }) };
  return assembleClassifier({ network, logits, scores }, complete, engine, { hash, where });
}
