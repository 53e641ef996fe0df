/** A method of your own, written as one graph: gradients and operators from an image to its attributions. */
import type { Value } from '../graph/node.js';
import type { Classifier } from '../model/classifier.js';
import { featureMaps } from '../model/featureLayer.js';
import type { Method, MethodFacts } from './attribution.js';
import { explainByGraph, targetInput } from './gradient.js';

/** The values of the classifier's graph from which a method is made. */
export interface MethodParts {
  /** ['N', bands, height, width], network input units. */
  readonly image: Value;
  /** ['N', classes], before the activation. */
  readonly logits: Value;
  /** Weights of the explained classes ['N', classes]: the third argument of `differentiate`. */
  readonly target: Value;
  /** The feature maps that Grad-CAM reads: ['N', channels, rows, columns], or tokens as the network has them. */
  readonly features: Value;
  /** Tokens, or a gradient of their shape, as maps ['N', channels, rows, columns]; leaves maps as they are. */
  readonly arrange: (value: Value) => Value;
  /** Height and width of an image, in pixels. */
  readonly size: readonly [height: number, width: number];
}

export interface GraphMethodOptions extends Partial<Omit<MethodFacts, 'method'>> {
  /** Default: the name in lower case, with hyphens. */
  readonly id?: string;
}

let built = 0;

/**
 * A method whose attribution is one graph over the image and the target, compiled at its first use. Each call makes a new
 * program, so that a cell that is changed and rerun never gets the old one.
 * @param build returns the attribution ['N', bands, height, width] or ['N', 1, height, width]
 * @example
 * const gradients = graphMethod(classifier, 'Signed gradient', ({ image, logits, target }) =>
 *   differentiate(logits, [image], target)[0]);
 * const { values } = await gradients.explain(classifier.prepare(patch), 'Pastures');
 */
export function graphMethod(
  classifier: Classifier,
  name: string,
  build: (parts: MethodParts) => Value,
  {
    id = name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, ''),
    reduction = 'sum',
    units = 'of the method',
    parameters = {},
  }: GraphMethodOptions = {},
): Method {
  const { image, logits, size } = classifier;
  const maps = () =>
    featureMaps(logits, { layer: classifier.featureLayer, grid: classifier.featureGrid }, classifier.name);
  const parts: MethodParts = {
    ...{ image, logits, size },
    target: targetInput(logits),
    // Looked up only by methods that use them: a network without feature maps has other methods all the same.
    get features() {
      return maps().value;
    },
    arrange: (value) => maps().arrange(value),
  };
  const explain = explainByGraph(classifier, {
    ...{ method: name, parameters, units, reduction },
    key: `own method ${built++}`,
    build: () => build(parts),
  });
  return { id, name, reduction, explain };
}
