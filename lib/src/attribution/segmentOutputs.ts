/** A classifier's outputs for one image of which only some segments are shown, for many choices of segments. */
import { runBatched } from '../engine/runBatched.js';
import { affinePrefix } from '../graph/affinePrefix.js';
import { shapeOf, substitute } from '../graph/graph.js';
import { apply, input, type Value } from '../graph/node.js';
import { reshape } from '../graph/operators/arrangement.js';
import { cast } from '../graph/operators/cast.js';
import { matMul } from '../graph/operators/matMul.js';
import { staticDimension } from '../graph/type.js';
import type { Classifier } from '../model/classifier.js';
import { rows, type Tensor, zeros } from '../tensor.js';
import { perturbedImage } from './perturbation.js';

export interface SegmentOutputsOptions {
  /** The most segments that an image may have. */
  readonly slots: number;
  /** What takes the place of hidden pixels, per band, in network input units. */
  readonly baseline: readonly number[];
  readonly output: 'logit' | 'score';
  /** Bytes that the responses of one image may take in the engine. */
  readonly memory?: number;
}

/** One image [1, bands, height, width] in segments, a label per pixel. */
export interface SegmentedImage {
  readonly image: Tensor;
  readonly labels: ArrayLike<number>;
  readonly count: number;
}

/** Outputs [samples, classes] for bits [samples * count], 1 where a segment is shown. */
export type SegmentOutputs = (segmented: SegmentedImage, bits: Uint8Array) => Promise<Tensor>;

/**
 * The beginning of the network, as far as it is affine, is computed once for every segment: with the image e_s of which
 * only segment s is shown, and e of which nothing is, A(image) = A(e) + sum over the shown s of (A(e_s) - A(e)), to
 * rounding. Where these responses would need more memory, every sample is an image.
 */
export function createSegmentOutputs(
  classifier: Classifier,
  { slots, baseline, output, memory = 2 ** 27 }: SegmentOutputsOptions,
): SegmentOutputs {
  const { image, size } = classifier;
  const explained = output === 'logit' ? classifier.logits : classifier.scores;
  const entry = affinePrefix(image, explained);
  const key = `segments ${JSON.stringify({ slots, baseline, output })}`;
  const perturbed = () => perturbedImage(classifier, shownPixels(slots, size), baseline);

  async function everyPixel(
    { image: original, labels, count }: SegmentedImage,
    bits: Uint8Array,
  ): Promise<Tensor> {
    const program = await classifier.program(key, () => ({
      output: substitute([explained], new Map([[image, perturbed()]]))[0],
    }));
    const shared = { original, labels: column(labels) };
    return (await runBatched(program, { bits: padded(bits, count, slots) }, shared)).output;
  }

  const shape = shapeOf(entry)
    .slice(1)
    .map((dimension) => staticDimension(dimension, 'LIME'));
  const length = shape.reduce((product, dimension) => product * dimension, 1);
  if (entry === image || (slots + 1) * length * 4 > memory) return everyPixel;

  /** The responses [slots + 1, length]: of no segment, then what each adds. */
  async function responsesTo({ image: original, labels }: SegmentedImage): Promise<Tensor> {
    const program = await classifier.program(`${key} responses`, () => ({
      response: substitute([entry], new Map([[image, perturbed()]]))[0],
    }));
    const one = zeros([slots + 1, slots]);
    for (let slot = 0; slot < slots; slot++) one.data[(slot + 1) * slots + slot] = 1;
    const { response } = await runBatched(program, { bits: one }, { original, labels: column(labels) });
    const [nothing, ...shown] = Array.from({ length: slots + 1 }, (_, row) => rows(response, row).data);
    // In place: the program's result is ours.
    for (const data of shown) for (let i = 0; i < length; i++) data[i] -= nothing[i];
    return { data: response.data, shape: [slots + 1, length] };
  }

  return async (segmented, bits) => {
    const program = await classifier.program(`${key} behind responses`, () => {
      const terms = input('terms', ['N', slots + 1]);
      const sum = matMul(terms, input('responses', [slots + 1, length]));
      return { output: substitute([explained], new Map([[entry, reshape(sum, ['N', ...shape])]]))[0] };
    });
    const responses = await classifier.engine.hold(await responsesTo(segmented));
    try {
      const terms = withConstant(padded(bits, segmented.count, slots));
      return (await runBatched(program, { terms }, { responses })).output;
    } finally {
      await responses.free();
    }
  };
}

/** The mask ['N', 1, height, width] of the pixels whose segment is on, from fed bits and labels. */
function shownPixels(slots: number, [height, width]: readonly [number, number]): Value {
  const labels = cast(input('labels', [height * width]), 'int32');
  const shown = apply('Gather', [input('bits', ['N', slots]), labels], { axis: 1 });
  return reshape(shown, ['N', 1, height, width]);
}

const column = (labels: ArrayLike<number>): Tensor => ({
  data: Float32Array.from(labels),
  shape: [labels.length],
});

/** The bits with columns for all slots, as the graphs take them. */
function padded(bits: Uint8Array, count: number, slots: number): Tensor {
  const samples = bits.length / count;
  const result = zeros([samples, slots]);
  for (let i = 0; i < samples; i++) {
    result.data.set(bits.subarray(i * count, (i + 1) * count), i * slots);
  }
  return result;
}

/** A first column of ones. */
function withConstant(bits: Tensor): Tensor {
  const [samples, slots] = bits.shape;
  const terms = zeros([samples, slots + 1]);
  for (let i = 0; i < samples; i++) {
    terms.data[i * (slots + 1)] = 1;
    terms.data.set(rows(bits, i).data, i * (slots + 1) + 1);
  }
  return terms;
}
