/** What an architecture is: from an image to logits, given layers. */
import type { Value } from '../graph/node.js';
import type { Layers } from './layers.js';

export interface Architecture {
  readonly name: string;
  /** The node whose output Grad-CAM reads: the last convolutional feature maps. */
  readonly featureLayer: string;
  /** @param image ['N', bands, height, width]; returns logits ['N', classes]. */
  build(layers: Layers, image: Value, classes: number): Value;
}
