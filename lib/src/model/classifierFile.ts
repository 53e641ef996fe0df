/** A classifier as one ONNX file: the network, and what it means in the file's metadata. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Engine } from '../engine/engine.js';
import { InputError, messageOf } from '../error.js';
import { createGraph, type Graph } from '../graph/graph.js';
import { input, type Value } from '../graph/node.js';
import { loadOnnx, type ReadOptions, readOnnx } from '../graph/onnx/read.js';
import { writeOnnx } from '../graph/onnx/write.js';
import { sigmoid } from '../graph/operators/activation.js';
import type { Architecture } from './architecture.js';
import { type Classifier, type ClassifierDescription, createClassifier } from './classifier.js';
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

export interface OpenOptions extends Partial<ClassifierDescription>, ReadOptions {
  /** The output that holds logits (or scores behind a Sigmoid): by default "logits", else the only one. */
  readonly output?: string;
}

/**
 * Opens an ONNX classifier. Files that landlens wrote describe themselves; for any other network, my.onnx, put
 * {name, bands, classes, normalisation: {mean, deviation}, featureLayer?} into my.json beside it, or pass them, and
 * inputShapes where it leaves the image size open. What is passed wins.
 * @throws InputError where the file is missing or damaged, or its network does not fit the description
 */
export async function openClassifier(
  path: string,
  engine: Engine,
  { output, inputShapes, ...given }: OpenOptions = {},
): Promise<Classifier> {
  const { bytes, name, folder } = await loadOnnx(path);
  const { graph, metadata } = await readOnnx({ bytes, name, folder }, { inputShapes });
  const { bands, classes, normalisation } = given;
  const needed = [bands, classes, normalisation].includes(undefined);
  const own = await describe(metadata[descriptionKey], path, needed);
  const description = completeDescription({ ...own, ...given }, path);
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  return createClassifier(chooseOutput(graph, output, path), description, engine, { hash, where: path });
}

function chooseOutput({ outputs }: Graph, wanted: string | undefined, where: string): Value {
  const names = Object.keys(outputs);
  const name = wanted ?? (names.includes('logits') || names.length !== 1 ? 'logits' : names[0]);
  const found = names.includes(name) ? outputs[name] : undefined;
  if (found !== undefined) return found;
  throw new InputError({
    what: `the network has no output "${name}"`,
    where,
    expected: `one of ${names.join(', ')}`,
    todo: 'Name the output that holds the logits: option `output`.',
  });
}

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');
const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'number');

/** my-network.onnx is described by my-network.json. */
const sidecarPath = (path: string): string => `${path.replace(/\.onnx$/i, '')}.json`;

/** What the file's metadata says, else the JSON file beside it; a broken one matters only where it is needed. */
async function describe(
  metadata: string | undefined,
  path: string,
  needed: boolean,
): Promise<Partial<ClassifierDescription>> {
  if (metadata !== undefined)
    return readDescription(metadata, { needed, where: `${path}, metadata "${descriptionKey}"` });
  const sidecar = sidecarPath(path);
  try {
    return readDescription(await readFile(sidecar, 'utf8'), { needed, where: sidecar });
  } catch (thrown) {
    if (thrown instanceof InputError) throw thrown;
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return {};
    throw new InputError({ what: `cannot be read: ${messageOf(thrown)}`, where: sidecar });
  }
}

/** A description field by field. */
function readDescription(
  text: string,
  { needed, where }: { readonly needed: boolean; readonly where: string },
): Partial<ClassifierDescription> {
  const fail = (got: string): Partial<ClassifierDescription> => {
    if (!needed) return {};
    throw new InputError({
      what: 'not a description of a classifier',
      where,
      expected: '{name, bands, classes, normalisation: {mean, deviation}, featureLayer?}',
      got,
    });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail('not JSON');
  }
  if (typeof value !== 'object' || value === null) return fail(typeof value);
  const fields = new Map<string, unknown>(Object.entries(value));
  const [name, bands, classes, normalisation, featureLayer] = [
    'name',
    'bands',
    'classes',
    'normalisation',
    'featureLayer',
  ].map((key) => fields.get(key));
  if (typeof name !== 'string' || !isStrings(bands) || !isStrings(classes)) return fail('other fields');
  if (typeof normalisation !== 'object' || normalisation === null) return fail('no normalisation');
  if (!('mean' in normalisation && 'deviation' in normalisation)) return fail('no mean or deviation');
  const { mean, deviation } = normalisation;
  if (!isNumbers(mean) || !isNumbers(deviation)) return fail('mean or deviation without numbers');
  return {
    name,
    bands,
    classes,
    normalisation: { mean, deviation },
    ...(typeof featureLayer === 'string' ? { featureLayer } : {}),
  };
}

function completeDescription(
  { name = 'network', bands, classes, normalisation, featureLayer }: Partial<ClassifierDescription>,
  where: string,
): ClassifierDescription {
  if (bands === undefined || classes === undefined || normalisation === undefined) {
    const missing = Object.entries({ bands, classes, normalisation }).filter(
      ([, value]) => value === undefined,
    );
    throw new InputError({
      what: 'the file does not say what its inputs and outputs mean',
      where,
      expected: 'bands, classes and normalisation',
      got: `no ${missing.map(([key]) => key).join(', no ')}`,
      todo: `Put them into ${sidecarPath(where)}: {"name", "bands": [...], "classes": [...], "normalisation": {"mean": [...], "deviation": [...]}, "featureLayer"}; or pass them to openClassifier.`,
    });
  }
  return { name, bands, classes, normalisation, ...(featureLayer === undefined ? {} : { featureLayer }) };
}
