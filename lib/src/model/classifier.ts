/** A multi-label classifier: a network with the names of its bands and classes, ready to be scored and explained. */
import type { BandStatistics, Patch } from '../dataset/patch.js';
import type { Engine, Feeds, Program } from '../engine/engine.js';
import { runBatched } from '../engine/runBatched.js';
import { failAt } from '../error.js';
import { createGraph, shapeOf, substitute } from '../graph/graph.js';
import { floats, input, type Value } from '../graph/node.js';
import { sigmoid, softmax } from '../graph/operators/activation.js';
import { transpose } from '../graph/operators/arrangement.js';
import { conv } from '../graph/operators/convolution.js';
import { staticDimension } from '../graph/type.js';
import { sizeOf, type Tensor, tensor } from '../tensor.js';
import { defaultFeatureLayer, featureMaps } from './featureLayer.js';

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

/** The logits behind a network's output, and the activation that the output shows. */
function beforeActivation(output: Value): {
  readonly logits: Value;
  readonly shown?: ScoreActivation;
} {
  let logits = output;
  while (logits.node.operator === 'Identity' || logits.node.operator === 'Dropout')
    [logits] = logits.node.inputs;
  const { operator, inputs } = logits.node;
  if (operator === 'Sigmoid') return { logits: inputs[0], shown: 'sigmoid' };
  if (operator === 'Softmax') return { logits: inputs[0], shown: 'softmax' };
  return { logits };
}

function chooseActivation(
  shown: ScoreActivation | undefined,
  declared: ScoreActivation | undefined,
  where: string,
): ScoreActivation {
  if (shown === undefined || declared === undefined || shown === declared)
    return shown ?? declared ?? 'sigmoid';
  const fail = failAt(where, `Declare activation "${shown}", or name the output that holds the logits.`);
  throw fail('the network ends in another activation than declared', declared, shown);
}

const read = ({ bands, networkBands = bands }: Pick<ClassifierDescription, 'bands' | 'networkBands'>) =>
  networkBands;

/** Checks what the network's image must agree with; returns its height and width. */
function imageSize(image: Value, description: ClassifierDescription, where: string) {
  const { classes, layout = 'NCHW', size } = description;
  const fail = failAt(where);
  const names = read(description);
  const shape = shapeOf(image);
  const sides = layout === 'NCHW' ? 'bands, height, width' : 'height, width, bands';
  if (shape.length !== 4) {
    throw fail('the network does not take images', `an input [N, ${sides}]`, `[${shape.join(', ')}]`);
  }
  const channels = layout === 'NCHW' ? 1 : 3;
  if (shape[channels] !== names.length) {
    const turned = shape[4 - channels] === names.length;
    const otherLayout = `Declare layout "${layout === 'NCHW' ? 'NHWC' : 'NCHW'}".`;
    const otherBands =
      'Give the band names of this network, in its order; where the images have more bands, as networkBands.';
    throw failAt(where, turned ? otherLayout : otherBands)(
      turned ? 'the network has another layout' : 'the network has another number of bands',
      `${names.length} bands (${names.join(' ')}) in [N, ${sides}]`,
      `an input of shape [${shape.join(', ')}]`,
    );
  }
  const twice = classes.find((name, i) => classes.indexOf(name) !== i);
  if (twice !== undefined) {
    const expected = 'each class once, since classes are matched by name';
    throw fail('two classes have the same name', expected, JSON.stringify(twice));
  }
  const [height, width] = layout === 'NCHW' ? shape.slice(2) : shape.slice(1, 3);
  const own = [staticDimension(height, where), staticDimension(width, where)] as const;
  if (size !== undefined && size.join() !== own.join()) {
    const expected = `${size.join(' x ')} pixels`;
    throw fail('the network takes images of another size', expected, own.join(' x '));
  }
  return own;
}

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

function checkInput(description: ClassifierDescription, where: string): void {
  const { bands, clip, normalisation } = description;
  const fail = failAt(where);
  const names = read(description);
  const unknown = names.find((name, i) => !bands.includes(name) || names.indexOf(name) !== i);
  if (description.networkBands !== undefined && unknown !== undefined) {
    const what = 'the network reads a band that the images do not have, or one twice';
    throw fail(what, `networkBands among ${bands.join(' ')}, each once`, unknown);
  }
  const { mean, deviation } = normalisation;
  const usable =
    mean.length === names.length &&
    deviation.length === names.length &&
    mean.every(Number.isFinite) &&
    deviation.every((value) => Number.isFinite(value) && value > 0);
  if (!usable) {
    const expected = `${names.length} means and ${names.length} positive deviations (${names.join(' ')})`;
    const got = `means [${mean.join(', ')}], deviations [${deviation.join(', ')}]`;
    throw fail('the normalisation does not fit the bands', expected, got);
  }
  if (clip !== undefined && !(clip[0] < clip[1])) {
    const expected = 'clip: [low, high], low < high, in reflectance x 10,000';
    throw fail('the limits of the reflectance are not in order', expected, `[${clip.join(', ')}]`);
  }
}

/** The network fed with images [N, bands, height, width] of all bands, whatever its own input is. */
function attachImage(
  logits: Value,
  own: Value,
  [height, width]: readonly [number, number],
  { bands, networkBands, layout = 'NCHW' }: ClassifierDescription,
): { readonly image: Value; readonly logits: Value } {
  if (networkBands === undefined && layout === 'NCHW') return { image: own, logits };
  const image = input(own.node.name, ['N', bands.length, height, width]);
  const chosen = networkBands === undefined ? image : chooseBands(image, bands, networkBands);
  const fed = layout === 'NCHW' ? chosen : transpose(chosen, [0, 2, 3, 1]);
  const [attached] = substitute([logits], new Map([[own, fed]]));
  return { image, logits: attached };
}

/** A 1x1 convolution of ones and zeros, which engines and every rule know. */
function chooseBands(image: Value, bands: readonly string[], chosen: readonly string[]): Value {
  const ones = chosen.flatMap((name) => bands.map((other) => (other === name ? 1 : 0)));
  return conv(image, floats(ones, [chosen.length, bands.length, 1, 1]), { name: 'networkBands' });
}

/** A network between images of all bands and what its classes are judged by. */
export interface AttachedNetwork {
  /** ['N', bands, height, width]. */
  readonly image: Value;
  /** The output before its activation. */
  readonly output: Value;
  readonly size: readonly [height: number, width: number];
  readonly activation: ScoreActivation;
}

/**
 * Finds a network's one image, checks it against the description, and feeds it with images [N, bands, height, width].
 * @throws InputError where they do not fit
 */
export function attachNetwork(
  output: Value,
  description: ClassifierDescription,
  where: string,
): AttachedNetwork {
  const { logits: own, shown } = beforeActivation(output);
  const { inputs } = createGraph({ logits: own });
  const [ownImage] = inputs;
  if (ownImage === undefined || inputs.length !== 1) {
    const got = `${inputs.length}: ${inputs.map(({ node }) => node.name).join(', ')}`;
    throw failAt(where)('a classifier has exactly one input', undefined, got);
  }
  const activation = chooseActivation(shown, description.activation, where);
  const size = imageSize(ownImage, description, where);
  checkInput(description, where);
  const { image, logits } = attachImage(own, ownImage, size, description);
  return { image, output: logits, size, activation };
}

/** Programs that were compiled, by their keys. */
export type Programs = Map<string, Promise<Program>>;

export interface ClassifierParts {
  readonly network: Pick<AttachedNetwork, 'image' | 'size' | 'activation'>;
  readonly logits: Value;
  readonly scores: Value;
  /** Of classifiers that share what they compiled. */
  readonly programs?: Programs;
  /** What every program is fed besides, where it has such inputs. */
  readonly feeds?: Feeds;
}

/** A classifier of its parts. */
export function assembleClassifier(
  { network: { image, size, activation }, logits, scores, programs = new Map(), feeds }: ClassifierParts,
  description: ClassifierDescription,
  engine: Engine,
  { hash, where }: { readonly hash: string; readonly where: string },
): Classifier {
  const compiled: Classifier['program'] = (key, build) => {
    const known = programs.get(key);
    if (known !== undefined) return known;
    const program = engine.compile(createGraph(build()), { network: where });
    programs.set(key, program);
    // What failed may be tried again, for example with less in memory.
    program.catch(() => programs.delete(key));
    return program;
  };
  const program: Classifier['program'] = feeds
    ? async (key, build) => withFeeds(await compiled(key, build), feeds)
    : compiled;
  const [height, width] = size;
  return {
    ...description,
    ...{ activation, size, hash, engine, image, logits, scores, program },
    prepare(patch) {
      return tensor(prepareImage(patch, size, description), [1, description.bands.length, height, width]);
    },
    async score(images) {
      const result = await runBatched(await program('scores', () => ({ scores })), {
        [image.node.name]: images,
      });
      return result.scores;
    },
    async dispose() {
      const all = await Promise.allSettled(programs.values());
      programs.clear();
      for (const result of all) if (result.status === 'fulfilled') await result.value.dispose();
    },
  };
}

/** The program, always fed these values too. */
const withFeeds = (program: Program, feeds: Feeds): Program => ({
  ...program,
  run: (given) => program.run({ ...feeds, ...given }),
});

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

function prepareImage(
  patch: Pick<Patch, 'name' | 'bands' | 'image'>,
  [height, width]: readonly [number, number],
  description: ClassifierDescription,
): Float32Array {
  const { bands, normalisation, clip: [low, high] = [-Infinity, Infinity] } = description;
  const expected = [bands.length, height, width];
  if (patch.bands.join() !== bands.join() || patch.image.shape.join() !== expected.join()) {
    const fitting = `[${expected.join(', ')}], bands ${bands.join(' ')}`;
    const got = `[${patch.image.shape.join(', ')}], bands ${patch.bands.join(' ')}`;
    throw failAt(patch.name)('the image does not fit the classifier', fitting, got);
  }
  const names = read(description);
  const area = height * width;
  const result = new Float32Array(sizeOf(expected));
  for (const [band, name] of bands.entries()) {
    const place = names.indexOf(name);
    const [mean, deviation] = [normalisation.mean[place], normalisation.deviation[place]];
    for (let i = band * area; i < (band + 1) * area; i++) {
      const value = patch.image.data[i];
      if (!Number.isFinite(value)) {
        const pixel = i % area;
        const where = `${patch.name}, band ${name}, row ${Math.floor(pixel / width)}, column ${pixel % width}`;
        const fail = failAt(where, 'Fill or mask missing pixels before explaining.');
        throw fail('a pixel is not a finite number', undefined, String(value));
      }
      // Bands that the network does not read stay 0: no method finds anything in them.
      if (place >= 0) result[i] = (Math.min(Math.max(value, low), high) - mean) / deviation;
    }
  }
  return result;
}
