/** A multi-label classifier: a network with the names of its bands and classes, ready to be scored and explained. */
import type { BandStatistics, Patch } from '../dataset/patch.js';
import type { Engine, Program } from '../engine/engine.js';
import { runBatched } from '../engine/runBatched.js';
import { InputError } from '../error.js';
import { createGraph, shapeOf, topologicalOrder } from '../graph/graph.js';
import type { Value } from '../graph/node.js';
import { sigmoid } from '../graph/operators/activation.js';
import { staticDimension } from '../graph/type.js';
import { sizeOf, type Tensor, tensor } from '../tensor.js';

/** What a network file does not say by itself. */
export interface ClassifierDescription {
  /** For example "DenseNet-121". */
  readonly name: string;
  readonly bands: readonly string[];
  readonly classes: readonly string[];
  /** Network input = (reflectance x 10,000 - mean) / deviation, per band. */
  readonly normalisation: BandStatistics;
  /** Node whose output Grad-CAM reads: the last convolutional feature maps. */
  readonly featureLayer?: string;
}

export interface Classifier extends ClassifierDescription {
  /** Height and width of an image, in pixels. */
  readonly size: readonly [height: number, width: number];
  /** SHA-256 of the model file, first 16 hexadecimal digits. */
  readonly hash: string;
  readonly engine: Engine;
  /** The graph's input ['N', bands, height, width], in network input units. */
  readonly image: Value;
  /** Before the sigmoid, ['N', classes]: what methods explain unless told otherwise. */
  readonly logits: Value;
  /** Sigmoid of the logits. */
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

/** The logits behind a network's output: the input of a final Sigmoid, else the output itself. */
function beforeSigmoid(output: Value): Value {
  return output.node.operator === 'Sigmoid' ? output.node.inputs[0] : output;
}

function checkDescription(
  image: Value,
  logits: Value,
  { bands, classes, normalisation, featureLayer }: ClassifierDescription,
  where: string,
): readonly [number, number] {
  const shape = shapeOf(image);
  if (shape.length !== 4) {
    throw new InputError({
      what: 'the network does not take images',
      where,
      expected: 'an input [N, bands, height, width]',
      got: `[${shape.join(', ')}]`,
    });
  }
  if (shape[1] !== bands.length) {
    throw new InputError({
      what: 'the network has another number of bands',
      where,
      expected: `${bands.length} bands (${bands.join(' ')})`,
      got: `an input of shape [${shape.join(', ')}]`,
      todo: 'Give the band names of this network, in its order.',
    });
  }
  const outputs = shapeOf(logits);
  if (outputs.length !== 2 || outputs[1] !== classes.length) {
    throw new InputError({
      what: 'the network has another number of classes',
      where,
      expected: `an output [N, ${classes.length}]`,
      got: `[${outputs.join(', ')}]`,
      todo: 'Give the class names of this network, in its order.',
    });
  }
  const { mean, deviation } = normalisation;
  const usable =
    mean.length === bands.length &&
    deviation.length === bands.length &&
    mean.every(Number.isFinite) &&
    deviation.every((value) => Number.isFinite(value) && value > 0);
  if (!usable) {
    throw new InputError({
      what: 'the normalisation does not fit the bands',
      where,
      expected: `${bands.length} means and ${bands.length} positive deviations`,
      got: `means [${mean.join(', ')}], deviations [${deviation.join(', ')}]`,
    });
  }
  if (featureLayer !== undefined && !topologicalOrder([logits]).some((node) => node.name === featureLayer)) {
    throw new InputError({
      what: 'the feature layer does not exist in the network',
      where,
      expected: 'the name of a node',
      got: `"${featureLayer}"`,
    });
  }
  return [staticDimension(shape[2], where), staticDimension(shape[3], where)];
}

/**
 * A classifier from a network's output (logits, or scores right behind a Sigmoid).
 * @param hash identifies the model file in records.
 * @throws InputError where the description does not fit the network
 */
export function createClassifier(
  output: Value,
  description: ClassifierDescription,
  engine: Engine,
  { hash, where = description.name }: { readonly hash: string; readonly where?: string },
): Classifier {
  const logits = beforeSigmoid(output);
  const { inputs } = createGraph({ logits });
  const [image] = inputs;
  if (image === undefined || inputs.length !== 1) {
    throw new InputError({
      what: 'a classifier has exactly one input',
      where,
      got: `${inputs.length}: ${inputs.map(({ node }) => node.name).join(', ')}`,
    });
  }
  const size = checkDescription(image, logits, description, where);
  const scores = sigmoid(logits, 'scores');
  const programs = new Map<string, Promise<Program>>();
  const program: Classifier['program'] = (key, build) => {
    const known = programs.get(key);
    if (known !== undefined) return known;
    const compiled = engine.compile(createGraph(build()));
    programs.set(key, compiled);
    return compiled;
  };
  const { bands, normalisation } = description;
  const [height, width] = size;
  return {
    ...description,
    size,
    hash,
    engine,
    image,
    logits,
    scores,
    program,
    prepare(patch) {
      return tensor(prepareImage(patch, bands, size, normalisation), [1, bands.length, height, width]);
    },
    async score(images) {
      const result = await runBatched(await program('scores', () => ({ scores })), {
        [image.node.name]: images,
      });
      return result.scores;
    },
    async dispose() {
      const compiled = await Promise.allSettled(programs.values());
      programs.clear();
      for (const result of compiled) if (result.status === 'fulfilled') await result.value.dispose();
    },
  };
}

function prepareImage(
  patch: Pick<Patch, 'name' | 'bands' | 'image'>,
  bands: readonly string[],
  [height, width]: readonly [number, number],
  { mean, deviation }: BandStatistics,
): Float32Array {
  const expected = [bands.length, height, width];
  if (patch.bands.join() !== bands.join() || patch.image.shape.join() !== expected.join()) {
    throw new InputError({
      what: 'the image does not fit the classifier',
      where: patch.name,
      expected: `[${expected.join(', ')}], bands ${bands.join(' ')}`,
      got: `[${patch.image.shape.join(', ')}], bands ${patch.bands.join(' ')}`,
    });
  }
  const area = height * width;
  const result = new Float32Array(sizeOf(expected));
  for (let i = 0; i < result.length; i++) {
    const value = patch.image.data[i];
    const band = Math.floor(i / area);
    if (!Number.isFinite(value)) {
      const pixel = i % area;
      throw new InputError({
        what: 'a pixel is not a finite number',
        where: `${patch.name}, band ${bands[band]}, row ${Math.floor(pixel / width)}, column ${pixel % width}`,
        got: String(value),
        todo: 'Fill or mask missing pixels before explaining.',
      });
    }
    result[i] = (value - mean[band]) / deviation[band];
  }
  return result;
}
