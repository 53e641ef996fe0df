/** Classifiers from files: ONNX, safetensors and TensorFlow.js networks, with what they mean. */
import { createHash } from 'node:crypto';
import type { Engine } from '../engine/engine.js';
import { openEngine } from '../engine/engines.js';
import { refuseOversized } from '../engine/memory.js';
import { createOperatorTrial } from '../engine/operatorTrial.js';
import { failAt } from '../error.js';
import { createGraph, type Graph } from '../graph/graph.js';
import { input, type Value } from '../graph/node.js';
import { loadOnnx, type ReadOptions, readOnnx } from '../graph/onnx/read.js';
import { writeOnnx } from '../graph/onnx/write.js';
import { sigmoid } from '../graph/operators/activation.js';
import { readBoundedFile } from '../io/boundedFile.js';
import type { Architecture } from './architecture.js';
import type { Classifier, ClassifierDescription } from './classifier.js';
import { createClassifier } from './createClassifier.js';
import { defaultModel } from './defaultModel.js';
import {
  completeDescription,
  defined,
  descriptionKey,
  missingSize,
  readDescription,
  readSidecar,
} from './descriptionFile.js';
import { storedLayers, type Weights } from './layers.js';
import { loadLayersModel } from './layersModel.js';
import { readNetwork } from './safetensorsFile.js';
import { createSegmenter, type Segmenter } from './segmenter.js';

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
  const { name, featureLayer } = architecture;
  const complete: ClassifierDescription = { name, featureLayer, ...description };
  return writeOnnx(createGraph({ logits, scores: sigmoid(logits) }), {
    halfWeights: true,
    metadata: { ...metadata, [descriptionKey]: JSON.stringify(complete) },
  });
}

export { descriptionKey } from './descriptionFile.js';

export interface OpenOptions extends Partial<ClassifierDescription>, Pick<ReadOptions, 'inputShapes'> {
  /** What computes. Default: an engine of its own (ONNX Runtime on the CPU), which `dispose` closes too. */
  readonly engine?: Engine;
  /** ONNX: the output that holds logits (or scores behind a Sigmoid or Softmax): by default "logits", else the only one. */
  readonly output?: string;
}

/** A network as its file gives it. */
interface Network {
  readonly output: Value;
  readonly hash: string;
  readonly description: ClassifierDescription;
}

type Given = Partial<ClassifierDescription>;

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

/** Whether something must still say what the network means. */
const isNeeded = ({ bands, classes, normalisation }: Given): boolean =>
  [bands, classes, normalisation].includes(undefined);

/**
 * Opens a classifier: an ONNX file, DenseNet or ResNet weights (.safetensors), or a TensorFlow.js layers model (its
 * model.json). Files that landlens wrote describe themselves; for any other network, my.onnx, put {name, bands, classes,
 * normalisation: {mean, deviation}} and what else ClassifierDescription declares into my.json beside it (of model.json:
 * model.classifier.json), or pass them. What is passed wins.
 * @example
 * const classifier = await openClassifier('my.onnx', { bands, classes, normalisation: { mean, deviation } });
 * const scores = await classifier.score(classifier.prepare(patch));
 * await classifier.dispose();
 * @param path default: the DenseNet-121 that ships with landlens
 * @throws InputError where the file is missing or damaged, or its network does not fit the description
 */
export async function openClassifier(
  path: string = defaultModel,
  options: OpenOptions = {},
): Promise<Classifier> {
  return open(path, options, createClassifier);
}

/**
 * Opens a segmentation network, whose output has the classes of every pixel. Files and descriptions are those of
 * `openClassifier`.
 * @example
 * const segmenter = await openSegmenter('clouds.onnx', { bands, classes, normalisation: { mean, deviation } });
 * const classifier = segmenter.over('image');
 * @throws InputError where the file is missing or damaged, or its network does not fit the description
 */
export async function openSegmenter(path: string, options: OpenOptions = {}): Promise<Segmenter> {
  return open(path, options, createSegmenter);
}

async function open<Kind extends { dispose(): Promise<void> }>(
  path: string,
  { engine, output, inputShapes, ...given }: OpenOptions,
  create: (
    output: Value,
    description: ClassifierDescription,
    engine: Engine,
    facts: { readonly hash: string; readonly where: string },
  ) => Kind,
): Promise<Kind> {
  const network = await openNetworkFile(path, { output, inputShapes, ...given });
  const running = engine ?? (await openEngine());
  try {
    const opened = create(network.output, network.description, running, { hash: network.hash, where: path });
    if (engine !== undefined) return opened;
    return {
      ...opened,
      async dispose() {
        await opened.dispose();
        await running.dispose();
      },
    };
  } catch (thrown) {
    if (engine === undefined) await running.dispose();
    throw thrown;
  }
}

async function openNetworkFile(
  path: string,
  { output, inputShapes, ...given }: Omit<OpenOptions, 'engine'>,
): Promise<Network> {
  const isOnnx = !/\.(safetensors|json)$/i.test(path);
  if (isOnnx) return openOnnx(path, defined(given), { output, inputShapes });
  if (output !== undefined || inputShapes !== undefined) {
    const fail = failAt(path, 'Leave them out; give the height and width of an image as size.');
    throw fail('the options output and inputShapes are of ONNX files');
  }
  return /\.json$/i.test(path)
    ? openLayersModel(path, defined(given))
    : openSafetensors(path, defined(given));
}

async function openOnnx(
  path: string,
  given: Given,
  { output, inputShapes }: Pick<OpenOptions, 'output' | 'inputShapes'>,
): Promise<Network> {
  const file = await loadOnnx(path);
  const needed = isNeeded(given);
  const beside = await readSidecar(path, { needed: false });
  const { size, layout, bands, networkBands = bands } = { ...beside, ...given };
  const spatial = size && networkBands;
  const imageShape =
    spatial &&
    (layout === 'NHWC'
      ? (['N', ...size, networkBands.length] as const)
      : (['N', networkBands.length, ...size] as const));
  const trial = createOperatorTrial();
  const { graph, metadata } = await readOnnx(file, {
    ...{ inputShapes, imageShape, measure: trial.measure },
  }).finally(trial.dispose);
  const own = metadata[descriptionKey];
  const described =
    own === undefined
      ? await readSidecar(path, { needed })
      : readDescription(own, { needed, where: `${path}, metadata "${descriptionKey}"` });
  const chosen = chooseOutput(graph, output, path);
  refuseOversized(createGraph({ chosen }), path);
  return {
    output: chosen,
    hash: hashOf(file.bytes),
    description: completeDescription({ ...described, ...given }, path),
  };
}

/** protobuf's limit, and far more than the networks of this field need. */
const largestFile = 2 ** 31 - 1;

async function openSafetensors(path: string, given: Given): Promise<Network> {
  const bytes = await readBoundedFile(path, {
    maximumBytes: largestFile,
    todo: 'Check the path; fetch or export the file again.',
  });
  const { architecture, weights, bands, classes } = readNetwork(bytes, path);
  const { name, featureLayer } = architecture;
  const beside = await readSidecar(path, { needed: isNeeded(given) });
  const described = { name, featureLayer, ...beside, ...given };
  const description = completeDescription(described, path);
  const { size } = description;
  if (size === undefined) throw missingSize(path);
  const image = input('image', ['N', bands, ...size]);
  return {
    output: architecture.build(storedLayers(weights), image, classes),
    hash: hashOf(bytes),
    description,
  };
}

async function openLayersModel(path: string, given: Given): Promise<Network> {
  const described = { ...(await readSidecar(path, { needed: isNeeded(given) })), ...given };
  const { output, name, hash } = await loadLayersModel(path, described);
  // The layout of TensorFlow.js is known and obeyed, declared or not.
  const description = completeDescription({ name, ...described, layout: 'NCHW' }, path);
  return { output, hash, description };
}

function chooseOutput({ outputs }: Graph, wanted: string | undefined, where: string): Value {
  const names = Object.keys(outputs);
  const name = wanted ?? (names.includes('logits') || names.length !== 1 ? 'logits' : names[0]);
  const found = names.includes(name) ? outputs[name] : undefined;
  if (found !== undefined) return found;
  const fail = failAt(where, 'Name the output that holds the logits: option `output`.');
  throw fail(`the network has no output "${name}"`, `one of ${names.join(', ')}`);
}
