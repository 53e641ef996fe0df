/** A multi-label classifier: a network with the names of its bands and classes, ready to be scored and explained. */
import type { BandStatistics, Patch } from '../dataset/patch.js';
import type { Resampling } from '../dataset/raster/resample.js';
import type { Engine, Program } from '../engine/engine.js';
import type { Value } from '../graph/node.js';
import type { Tensor } from '../tensor.js';

/** What a network file does not say by itself: declared once, obeyed by every method. */
export interface ClassifierDescription {
  /** For example "DenseNet-121". */
  readonly name: string;
  /** The bands of the images, which every map and figure has too. */
  readonly bands: readonly string[];
  readonly classes: readonly string[];
  /** Which of the bands the network reads, in its order; by default all of them. The others are 0 to every method. */
  readonly networkBands?: readonly string[];
  /** Limits that reflectance x 10,000 is cut off at before it is normalised. */
  readonly clip?: readonly [low: number, high: number];
  /** Network input = (reflectance x 10,000 - mean) / deviation, per band that the network reads, in its order. */
  readonly normalisation: BandStatistics;
  /** How coarser bands were brought to the finest grid for the network: so are those of the images. Default: bilinear. */
  readonly resampling?: Resampling;
  /** What the network's own input is: [N, bands, height, width] (the default) or [N, height, width, bands]. */
  readonly layout?: Layout;
  /** Height and width of an image in pixels, where the file leaves them open. */
  readonly size?: readonly [height: number, width: number];
  /** What makes scores of the logits. By default what the graph ends in, else sigmoid. */
  readonly activation?: ScoreActivation;
  /** Node whose output Grad-CAM reads: by default the last convolutional feature maps. */
  readonly featureLayer?: string;
  /** Height and width of a feature layer of tokens [N, T, channels] or of maps [N, height, width, channels]. */
  readonly featureGrid?: readonly [height: number, width: number];
}

export const layouts = ['NCHW', 'NHWC'] as const;
export type Layout = (typeof layouts)[number];
/** Independent classes, or classes of which one is true. */
export const scoreActivations = ['sigmoid', 'softmax'] as const;
export type ScoreActivation = (typeof scoreActivations)[number];

export interface Classifier extends ClassifierDescription {
  /** Height and width of an image, in pixels. */
  readonly size: readonly [height: number, width: number];
  /** SHA-256 of the model file, first 16 hexadecimal digits. */
  readonly hash: string;
  readonly engine: Engine;
  /** The graph's input ['N', bands, height, width], in network input units. */
  readonly image: Value;
  readonly activation: ScoreActivation;
  /** Before the activation, ['N', classes]: what methods explain by default. */
  readonly logits: Value;
  /** Sigmoid or softmax of the logits. */
  readonly scores: Value;
  /** Compiles the outputs once per key and keeps the program. */
  program(key: string, build: () => Readonly<Record<string, Value>>): Promise<Program>;
  /** The patch as network input [1, bands, height, width]; throws InputError where bands or size differ, or a value is not finite. */
  prepare(patch: Pick<Patch, 'name' | 'bands' | 'image'>): Tensor;
  /** Scores [images, classes], each between 0 and 1. */
  score(images: Tensor): Promise<Tensor>;
  /** Frees the programs; the engine stays. */
  dispose(): Promise<void>;
}
