/** TensorFlow.js layers models (model.json and its shards): sequential and functional networks as a graph. */
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { failAt, InputError } from '../error.js';
import { input, type Value, withName } from '../graph/node.js';
import { readBoundedFile } from '../io/boundedFile.js';
import { fieldsOf, isJsonObject, isText, type JsonObject, parseJson } from '../io/json.js';
import type { Tensor } from '../tensor.js';
import type { ClassifierDescription } from './classifier.js';
import { missingSize } from './descriptionFile.js';
import { inShort, type Layer, translateLayer } from './layersModelLayers.js';
import { type PackedWeight, readLayersModelWeights } from './layersModelWeights.js';

export interface LayersModel {
  readonly output: Value;
  readonly name: string;
  /** SHA-256 of model.json and all shards, first 16 hexadecimal digits. */
  readonly hash: string;
}

/** A model.json holds no weights: the largest published ones have a few megabytes. */
const largestTopology = 2 ** 26;
const mostLayers = 10_000;
const deepestNesting = 8;

const saveAgain = 'Save it as a TensorFlow.js layers model (Keras 2), or convert it to ONNX.';
const damaged = (what: string, where: string, expected?: string, got?: unknown): InputError =>
  failAt(where, saveAgain)(what, expected, inShort(got));

interface LayerEntry {
  readonly name: string;
  readonly className: string;
  readonly config: JsonObject;
  readonly inbound: unknown;
}

function readEntry(value: unknown, where: string): LayerEntry {
  const { config, class_name: className, inbound_nodes: inbound, ...fields } = fieldsOf(value);
  const { name = fieldsOf(config).name } = fields;
  if (isJsonObject(config) && isText(className) && isText(name)) return { name, className, config, inbound };
  throw damaged('not a layer', where, '{class_name, config: {name, ...}}', value);
}

interface Model {
  readonly name: string;
  readonly layers: readonly LayerEntry[];
  /** Of functional models. */
  readonly functional?: { readonly inputs: readonly Reference[]; readonly outputs: readonly Reference[] };
}

const isModel = (className: string): boolean => ['Sequential', 'Functional', 'Model'].includes(className);

function readModel(className: string, given: unknown, where: string): Model {
  // The oldest sequential models are a bare list.
  const config = Array.isArray(given) ? { layers: given } : fieldsOf(given);
  const { layers: list, name, input_layers: inputs, output_layers: outputs }: JsonObject = config;
  if (!isModel(className) || !Array.isArray(list) || list.length > mostLayers) {
    const expected = `class_name Sequential, Functional or Model with at most ${mostLayers} layers`;
    throw damaged('not a sequential or functional model', where, expected, className);
  }
  const layers = list.map((entry: unknown, i) => readEntry(entry, `${where}, layers[${i}]`));
  const model = { name: isText(name) ? name : 'network', layers };
  if (className === 'Sequential') return model;
  return {
    ...model,
    functional: {
      inputs: readReferences(inputs, `${where}, input_layers`),
      outputs: readReferences(outputs, `${where}, output_layers`),
    },
  };
}

/** One call of a layer, as others name it. */
interface Reference {
  readonly layer: string;
  readonly call: number;
}

const keyOf = ({ layer, call }: Reference): string => `${call} ${layer}`;

/** [layer, call, tensor, ...], or a list of such. */
function readReferences(value: unknown, where: string): readonly Reference[] {
  const list = Array.isArray(value) && typeof value[0] === 'string' ? [value] : value;
  if (!Array.isArray(list))
    throw damaged('not a list of layers', where, '[[layer, call, tensor], ...]', value);
  return list.map((reference: unknown) => {
    const [layer, call, tensor]: unknown[] = Array.isArray(reference) ? reference : [];
    if (typeof layer !== 'string' || typeof call !== 'number' || tensor !== 0) {
      throw damaged('not a reference to a layer', where, '[layer, call, 0]', reference);
    }
    return { layer, call };
  });
}

/** What the layers of one file share. */
interface Context {
  readonly where: string;
  weight(layer: string, name: string, shape: readonly number[], where: string): Tensor;
}

/** The output of a model, given its input. */
function translate(model: Model, image: Value, context: Context, depth = 0): Value {
  if (depth > deepestNesting)
    throw damaged('models within models too deep', context.where, `${deepestNesting}`);
  return model.functional
    ? functional(model, model.functional, image, context, depth)
    : sequential(model, image, context, depth);
}

function sequential({ layers }: Model, image: Value, context: Context, depth: number): Value {
  return layers.reduce((value, entry) => call(entry, [value], context, depth), image);
}

function functional(
  { layers }: Model,
  { inputs, outputs }: NonNullable<Model['functional']>,
  image: Value,
  context: Context,
  depth: number,
): Value {
  const { where } = context;
  const counts = [inputs.length, outputs.length];
  if (counts.join() !== '1,1')
    throw damaged('a classifier has one input and one output', where, '1 and 1', counts);
  const values = new Map([[keyOf(inputs[0]), image]]);
  let pending = layers.flatMap((entry) => {
    const place = `${where}, layer ${JSON.stringify(entry.name.slice(0, 120))}`;
    if (entry.className === 'InputLayer') return [];
    if (!Array.isArray(entry.inbound)) {
      throw damaged('no inbound_nodes', place, '[[[layer, call, 0, {}], ...]]', entry.inbound);
    }
    return entry.inbound.map((node: unknown, i) => ({
      entry,
      // A model's call 0 is its own making.
      key: keyOf({ layer: entry.name, call: isModel(entry.className) ? i + 1 : i }),
      sources: readReferences(node, `${place}, inbound_nodes`).map(keyOf),
    }));
  });
  // Files list layers in the order of computation, as a rule.
  while (pending.length > 0) {
    const waiting = pending.filter(({ entry, key, sources }) => {
      const found = sources.flatMap((source) => values.get(source) ?? []);
      if (found.length < sources.length) return true;
      if (values.has(key))
        throw damaged(`two layers are named ${JSON.stringify(entry.name.slice(0, 120))}`, where);
      values.set(key, call(entry, found, context, depth));
      return false;
    });
    if (waiting.length === pending.length) break;
    pending = waiting;
  }
  const output = values.get(keyOf(outputs[0]));
  if (output !== undefined) return output;
  const got = outputs[0].layer.slice(0, 120);
  throw damaged('the output is never computed', where, 'layers without a cycle', got);
}

function call(entry: LayerEntry, inputs: readonly Value[], context: Context, depth: number): Value {
  const { name, className, config } = entry;
  if (className === 'InputLayer') return inputs[0];
  const where = `${context.where}, layer ${JSON.stringify(name.slice(0, 120))} (${className.slice(0, 80)})`;
  if (isModel(className)) {
    if (inputs.length !== 1)
      throw damaged('a model within the model has one input', where, '1', inputs.length);
    return translate(readModel(className, config, where), inputs[0], context, depth + 1);
  }
  const layer: Layer = {
    ...{ name, className, config, where },
    weight: (weight, shape) => context.weight(name, weight, shape, where),
  };
  try {
    const value = translateLayer(inputs, layer);
    return inputs.includes(value) || value.node.name !== '' ? value : withName(value, name);
  } catch (thrown) {
    if (!(thrown instanceof InputError) || thrown.parts.where.startsWith(where)) throw thrown;
    throw new InputError({ ...thrown.parts, where: `${where}, ${thrown.parts.where}` });
  }
}

/** Finds weights by layer and name, whatever prefixes stand before or between; each is decoded once, when needed. */
function weightsByLayer(weights: ReadonlyMap<string, PackedWeight>) {
  const places = new Map<string, string[]>();
  const put = (key: string, name: string): void => {
    const list = places.get(key);
    if (list === undefined) places.set(key, [name]);
    else if (!list.includes(name)) list.push(name);
  };
  for (const name of weights.keys()) {
    const parts = name.replace(/:0$/, '').split('/');
    const last = parts.at(-1) ?? '';
    // layer/weight, or layer/cell/weight; a layer's own name may hold slashes too.
    for (let i = 0; i < Math.min(parts.length - 1, 8); i++)
      put(`${parts.slice(i, -1).join('/')}/${last}`, name);
    if (parts.length > 2) put(`${parts.slice(0, -2).join('/')}/${last}`, name);
  }
  const used = new Map<string, Tensor>();
  const weight: Context['weight'] = (layer, name, shape, where) => {
    const names = places.get(`${layer}/${name}`) ?? [];
    const exact = names.find((candidate) => candidate.replace(/:0$/, '') === `${layer}/${name}`);
    const chosen = exact ?? (names.length === 1 ? names[0] : undefined);
    const earlier = chosen === undefined ? undefined : used.get(chosen);
    const found = chosen === undefined ? undefined : weights.get(chosen);
    if (chosen === undefined || found === undefined || found.shape.join() !== shape.join()) {
      const isUnclear = names.length > 1 && exact === undefined;
      const known = found
        ? `its ${name} has another shape`
        : `its ${name} is missing in the weights manifest`;
      const what = isUnclear ? `several weights could be its ${name}` : known;
      throw damaged(what, where, `[${shape.join(', ')}]`, found?.shape ?? names.slice(0, 4));
    }
    const tensor = earlier ?? { data: found.decode(), shape };
    used.set(chosen, tensor);
    return tensor;
  };
  return { weight, unused: () => [...weights.keys()].filter((name) => !used.has(name)) };
}

/** [null, height, width, bands] of the model's input, nested models included. */
function inputShape(model: Model, where: string, depth = 0): readonly unknown[] {
  const { layers, functional: graph } = model;
  const first = graph ? layers.find(({ name }) => name === graph.inputs[0]?.layer) : layers[0];
  if (first !== undefined && isModel(first.className) && depth < deepestNesting) {
    return inputShape(readModel(first.className, first.config, where), where, depth + 1);
  }
  const shape = first?.config.batch_input_shape ?? first?.config.batch_shape;
  if (Array.isArray(shape) && shape.length === 4) return shape;
  const expected = 'batch_input_shape [null, height, width, bands]';
  throw damaged('the network does not take images', where, expected, shape);
}

function readTopology(json: unknown, where: string): Model {
  const { modelTopology: topology, format = 'layers-model' } = fieldsOf(json);
  if (!isJsonObject(topology) || format !== 'layers-model') {
    const expected = 'format "layers-model" and a modelTopology';
    throw damaged('not a TensorFlow.js layers model', where, expected, format);
  }
  const { model_config: model } = topology;
  const { class_name: className, config } = isJsonObject(model) ? model : topology;
  return readModel(String(className), config, where);
}

/**
 * Reads a layers model; its maps become [N, channels, height, width], and each layer's output has the layer's name.
 * @param description `size` and `bands`, which the file may leave open
 * @throws InputError if model.json or a shard is damaged, a layer is not known, or weights are missing or left over
 */
export async function loadLayersModel(
  path: string,
  description: Pick<Partial<ClassifierDescription>, 'size' | 'bands' | 'networkBands'>,
): Promise<LayersModel> {
  const bytes = await readBoundedFile(path, {
    maximumBytes: largestTopology,
    todo: 'Check the path; save or convert the model again.',
  });
  let json: unknown;
  try {
    json = parseJson(bytes);
  } catch {
    throw damaged('not JSON', path);
  }
  const model = readTopology(json, path);
  const { bands, networkBands = bands } = description;
  const [, height, width, channels] = inputShape(model, path);
  const [givenHeight, givenWidth] = description.size ?? [];
  const sides = [channels ?? networkBands?.length, height ?? givenHeight, width ?? givenWidth];
  if (sides.includes(undefined)) throw missingSize(path);
  const known = sides.filter((side): side is number => Number.isSafeInteger(side) && Number(side) > 0);
  if (known.length < 3)
    throw damaged('an impossible size of images', path, '[null, height, width, bands]', sides);
  const stored = await readLayersModelWeights(fieldsOf(json).weightsManifest, dirname(path), path);
  const { weight, unused } = weightsByLayer(stored.weights);
  const output = translate(model, input('image', ['N', ...known]), { where: path, weight });
  const surplus = unused();
  if (surplus.length > 0) {
    const what = `${surplus.length} of its ${stored.weights.size} weights belong to no layer`;
    throw damaged(what, path, undefined, surplus.slice(0, 5));
  }
  const hash = createHash('sha256').update(bytes);
  for (const shard of stored.bytes) hash.update(shard);
  return { output, name: model.name, hash: hash.digest('hex').slice(0, 16) };
}
