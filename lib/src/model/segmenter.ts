/** A segmentation network: it scores the classes of every pixel. Over a region it is a classifier, as methods explain. */
import type { Patch } from '../dataset/patch.js';
import type { Engine } from '../engine/engine.js';
import { runBatched } from '../engine/runBatched.js';
import { failAt } from '../error.js';
import { shapeOf } from '../graph/graph.js';
import { input, type Value } from '../graph/node.js';
import { sigmoid, softmax } from '../graph/operators/activation.js';
import { reshape, transpose } from '../graph/operators/arrangement.js';
import { divide } from '../graph/operators/elementwise.js';
import { matMul } from '../graph/operators/matMul.js';
import { reduceMean, reduceSum } from '../graph/operators/reduction.js';
import { staticDimension } from '../graph/type.js';
import { type Tensor, zeros } from '../tensor.js';
import { assembleClassifier, type Programs } from './assembleClassifier.js';
import { attachNetwork } from './attachNetwork.js';
import type { Classifier, ClassifierDescription } from './classifier.js';
import { defaultFeatureLayer } from './featureLayer.js';

/** The pixels whose class is explained: all, one, or those that are not 0 in a mask [height x width]. */
export type Region =
  | 'image'
  | { readonly row: number; readonly column: number }
  | { readonly mask: ArrayLike<number> };

export interface Segmenter extends ClassifierDescription {
  /** Height and width of an image, in pixels. */
  readonly size: readonly [height: number, width: number];
  /** Height and width of the maps of classes; regions are of these pixels. */
  readonly grid: readonly [height: number, width: number];
  /** SHA-256 of the model file, first 16 hexadecimal digits. */
  readonly hash: string;
  readonly engine: Engine;
  /** The patch as network input [1, bands, height, width]. */
  prepare(patch: Pick<Patch, 'name' | 'bands' | 'image'>): Tensor;
  /** Scores of the classes in every pixel [images, classes, height, width], each between 0 and 1. */
  segment(images: Tensor): Promise<Tensor>;
  /**
   * The network as a classifier of a region: a logit is the sum of the class's logits over the region's pixels, as Captum's
   * tutorial on segmentation has it, a score the mean of their scores. All regions share their programs, which
   * `dispose` of the segmenter frees.
   * @throws InputError for a region without pixels or of another size
   */
  over(region: Region): Classifier;
  /** Frees the programs; the engine stays. */
  dispose(): Promise<void>;
}

/** Name of the graph's input that holds the region: 1 in its pixels, 0 elsewhere [height x width, 1]. */
const regionName = 'region';

/**
 * A segmenter from a network's output [N, classes, height, width] ([N, height, width, classes] where the layout is NHWC):
 * logits, or scores right behind a Sigmoid or Softmax.
 *
 * Grad-CAM takes the features from which the last layer makes the maps of classes, unless `featureLayer` names another, such as
 * the encoder's last (Vinogradova et al., 2020).
 * @param hash identifies the model file in records
 * @throws InputError where the description does not fit the network
 * @example
 * const scores = await segmenter.segment(image);
 * const cloud = segmenter.over({ mask: whereHighest(scores, segmenter.classes.indexOf('cloud')) });
 * const map = relevance(await saliency(cloud)(image, 'cloud'));
 */
export function createSegmenter(
  given: Value,
  description: ClassifierDescription,
  engine: Engine,
  { hash, where = description.name }: { readonly hash: string; readonly where?: string },
): Segmenter {
  const network = attachNetwork(given, description, where);
  const { activation, image, size } = network;
  const maps = classMaps(network.output, description, where);
  const { length: classes } = description.classes;
  const [, , ...sides] = shapeOf(maps);
  const [height, width] = sides.map((side) => staticDimension(side, where));
  const grid = [height, width] as const;
  const region = input(regionName, [height * width, 1]);
  // As a product of matrices: one of maps by pixels would be as large as the maps.
  const overRegion = (values: Value): Value => {
    const pixels = reshape(values, ['N', classes, height * width]);
    return reshape(matMul(pixels, region), ['N', classes]);
  };
  const logits = overRegion(maps);
  const pixelScores = activation === 'sigmoid' ? sigmoid(maps) : softmax(maps, 1);
  const scores = divide(overRegion(pixelScores), reduceSum(region, [0, 1]));
  const featureLayer = description.featureLayer ?? defaultFeatureLayer(reduceMean(maps, [2, 3]));
  const complete = { ...description, ...(featureLayer === undefined ? {} : { featureLayer }) };
  const programs: Programs = new Map();
  const classifierOver = (pixels: Tensor): Classifier => {
    const parts = { network, logits, scores, programs, feeds: { [regionName]: pixels } };
    return assembleClassifier(parts, complete, engine, { hash, where });
  };
  const whole = classifierOver(pixelsOf('image', grid));
  const { prepare, program, dispose } = whole;
  return {
    ...complete,
    ...{ size, grid, hash, engine, prepare, dispose },
    async segment(images) {
      const compiled = await program('pixel scores', () => ({ scores: pixelScores }));
      return (await runBatched(compiled, { [image.node.name]: images })).scores;
    },
    over: (of) => classifierOver(pixelsOf(of, grid)),
  };
}

/** Maps of the classes [N, classes, height, width]. */
function classMaps(output: Value, { classes, layout = 'NCHW' }: ClassifierDescription, where: string): Value {
  const shape = shapeOf(output);
  const channels = layout === 'NCHW' ? 1 : 3;
  if (shape.length === 4 && shape[channels] === classes.length) {
    return layout === 'NCHW' ? output : transpose(output, [0, 3, 1, 2]);
  }
  const expected =
    layout === 'NCHW' ? `${classes.length}, height, width` : `height, width, ${classes.length}`;
  const todo =
    shape.length === 2
      ? 'It scores whole images: open it by openClassifier.'
      : 'Give the class names of this network, in its order, and its layout.';
  throw failAt(where, todo)(
    'the network makes no maps of these classes',
    `an output [N, ${expected}]`,
    `[${shape.join(', ')}]`,
  );
}

/** The region as 0 and 1 [height x width, 1]. */
function pixelsOf(region: Region, [height, width]: readonly [number, number]): Tensor {
  const pixels = zeros([height * width, 1]);
  const fail = failAt('region');
  if (region === 'image') {
    pixels.data.fill(1);
  } else if ('mask' in region) {
    const { mask } = region;
    if (mask.length !== pixels.data.length) {
      throw fail('a mask of another size', `${height} x ${width} pixels`, `${mask.length} values`);
    }
    for (let i = 0; i < mask.length; i++) pixels.data[i] = mask[i] === 0 ? 0 : 1;
    if (!pixels.data.includes(1)) throw fail('a mask without pixels', 'at least one that is not 0', 'none');
  } else {
    const { row, column } = region;
    const isInside = (at: number, length: number) => Number.isInteger(at) && at >= 0 && at < length;
    if (!isInside(row, height) || !isInside(column, width)) {
      throw fail(
        'no such pixel',
        `rows 0 to ${height - 1}, columns 0 to ${width - 1}`,
        `row ${row}, column ${column}`,
      );
    }
    pixels.data[row * width + column] = 1;
  }
  return pixels;
}

/**
 * The mask of the pixels of one image where a class has the highest score: what the network takes for it.
 * @param scores of `segment` [1, classes, height, width]
 * @returns 0 or 1 per pixel [height x width]
 */
export function whereHighest({ data, shape }: Tensor, target: number): Uint8Array {
  const [images, classes, height, width] = shape;
  const fail = failAt('whereHighest');
  if (shape.length !== 4 || images !== 1) {
    throw fail('not the scores of one image', '[1, classes, height, width]', `[${shape.join(', ')}]`);
  }
  if (!Number.isInteger(target) || target < 0 || target >= classes) {
    throw fail('no such class', `an index from 0 to ${classes - 1}`, `${target}`);
  }
  const area = height * width;
  return Uint8Array.from({ length: area }, (_, pixel) => {
    for (let other = 0; other < classes; other++) {
      if (data[other * area + pixel] > data[target * area + pixel]) return 0;
    }
    return 1;
  });
}
