/** Reads an ONNX file as a typed graph with a symbolic batch. */
import { basename, dirname } from 'node:path';
import { failAt, InputError, messageOf } from '../../error.js';
import { useFile } from '../../io/boundedFile.js';
import { createDependence } from '../dependence.js';
import { createGraph, type Graph, topologicalOrder } from '../graph.js';
import { constant, constantOf, createNode, input, type Node, type NodeOf, type Value } from '../node.js';
import {
  type ConstantTensor,
  type Dimension,
  isBatch,
  perImage,
  type Shape,
  shapeText,
  type TensorType,
} from '../type.js';
import type { Call, Known } from './call.js';
import { externalWeights } from './externalData.js';
import { constantFrom, fold, knownConstant } from './fold.js';
import { decodeNode } from './operators.js';
import {
  attributeTypeCodes,
  decodeModel,
  type GraphMessage,
  type ModelMessage,
  type NodeMessage,
  type TensorMessage,
  type ValueInfoMessage,
} from './schema.js';
import { dataTypeOf, readAttribute, readTensor } from './tensorProto.js';

export interface OnnxModel {
  readonly graph: Graph;
  readonly metadata: Readonly<Record<string, string>>;
  /** Version of the operators that the file was written with. */
  readonly opset: number;
}

/** A model in memory. */
export interface OnnxBytes {
  readonly bytes: Uint8Array;
  /** For messages. */
  readonly name: string;
  /** Where files with external weights lie. */
  readonly folder?: string;
}

/** Finds the types of what a node gives that only the engine understands, by running it. */
export type OperatorMeasure = (node: NodeOf<'Opaque'>) => Promise<readonly TensorType[]>;

export interface ReadOptions {
  /** Shapes of inputs that the file leaves open, such as {image: ['N', 12, 120, 120]}. */
  readonly inputShapes?: Readonly<Record<string, Shape>>;
  /** The shape of the inputs of four dimensions that the file leaves open and `inputShapes` does not name. */
  readonly imageShape?: Shape;
  /**
   * Tries every operator that landlens passes through, and so finds the shapes behind it. Without it shapes stay
   * unknown where no rule gives them.
   */
  readonly measure?: OperatorMeasure;
}

const firstOpset = 7;
const lastOpset = 23;
/** protobuf's own limit of one message. */
const largestFile = 2 ** 31 - 1;

const quoted = (name: string): string => JSON.stringify(name.slice(0, 200));

function checkSize(size: number, where: string): void {
  if (size > 0 && size <= largestFile) return;
  const divide = 'Save the model with external data, so that the weights lie in their own file.';
  const fail = failAt(where, size === 0 ? 'Download or export it again.' : divide);
  const what = size === 0 ? 'the file is empty' : 'the file is too large for one ONNX model';
  throw fail(what, 'from 1 byte to 2 GiB', `${size} bytes`);
}

/**
 * Reads a whole model file.
 * @throws InputError if it is missing, empty or too large
 */
export async function loadOnnx(path: string): Promise<OnnxBytes> {
  return useFile(path, { todo: 'Name an ONNX file.' }, async ({ size, read }) => {
    checkSize(size, path);
    return { bytes: await read(0, size), name: basename(path), folder: dirname(path) };
  });
}

function parse({ bytes, name }: OnnxBytes): ModelMessage & { graph: GraphMessage } {
  checkSize(bytes.length, name);
  const fail = failAt(name, 'Check that it is an .onnx file; otherwise download or export it again.');
  let model: ModelMessage;
  try {
    model = decodeModel(bytes);
  } catch (thrown) {
    throw fail(`not an ONNX file, or a damaged one: ${messageOf(thrown)}`, 'an ONNX model');
  }
  const { graph } = model;
  if (graph === null) throw fail('no network in this file', 'an ONNX model with a graph');
  if (model.functions.length > 0 || graph.sparseInitializer.length > 0) {
    const found = model.functions.length > 0 ? 'local functions' : 'sparse weights';
    const todo = 'Inline the functions (onnx.inliner) and store dense weights.';
    throw failAt(name, todo)(`${found} are not supported`);
  }
  return { ...model, graph };
}

/** The domain's name; "ai.onnx" is another word for the default one. */
const domainOf = (domain: string): string => (domain === 'ai.onnx' ? '' : domain);

function opsetsOf({ opsetImport }: ModelMessage, where: string): ReadonlyMap<string, number> {
  const versions = new Map(opsetImport.map(({ domain, version }) => [domainOf(domain), Number(version)]));
  const opset = versions.get('');
  if (opset !== undefined && opset >= firstOpset && opset <= lastOpset) return versions;
  throw failAt(where, 'Export the network with opset_version=18.')(
    'this version of the ONNX operators is not supported',
    `opset ${firstOpset} to ${lastOpset}`,
    opset === undefined ? 'no opset (the file may be cut off)' : `opset ${opset}`,
  );
}

async function readInitializers(
  messages: readonly TensorMessage[],
  { name: file, folder }: OnnxBytes,
): Promise<Map<string, ConstantTensor>> {
  const tensors = new Map<string, ConstantTensor>();
  const readExternal = externalWeights(folder);
  for (const message of messages) {
    const where = `${file}, weights ${quoted(message.name)}`;
    if (message.name === '' || tensors.has(message.name)) {
      throw failAt(where)(message.name === '' ? 'weights without a name' : 'two weights share one name');
    }
    const isExternal = message.dataLocation === 1;
    tensors.set(message.name, isExternal ? await readExternal(message, where) : readTensor(message, where));
  }
  return tensors;
}

/** The shape of a graph input: what the file says, completed by what the caller says; the first dimension is the batch. */
function inputShape(
  declared: readonly (number | undefined)[] | undefined,
  given: Shape | undefined,
  where: string,
): Shape {
  const todo = 'Pass inputShapes, for example {image: ["N", 12, 120, 120]}, or export with static shapes.';
  const [batch] = declared ?? [];
  if (batch !== undefined && batch > 1) {
    throw failAt(where, 'Export it with a dynamic batch, or with a batch of 1.')(
      'the network is fixed to one batch size',
      'a first dimension that is symbolic, or 1',
      String(batch),
    );
  }
  if (given !== undefined) {
    const agrees = given.every(
      (dimension, i) =>
        (isBatch(dimension)
          ? i === 0 && dimension === 'N'
          : Number.isSafeInteger(dimension) && dimension > 0) &&
        (declared?.[i] === undefined || declared[i] === dimension || dimension === 'N'),
    );
    if (agrees && (declared === undefined || declared.length === given.length)) return given;
    throw failAt(where)(
      'inputShapes disagrees with the file',
      declared
        ? `[${declared.map((dimension, i) => (i === 0 ? 'N' : (dimension ?? 'any'))).join(', ')}]`
        : '["N", ...] with whole numbers',
      shapeText(given),
    );
  }
  const shape = declared?.map((dimension, i): Dimension | undefined => (i === 0 ? 'N' : dimension));
  const known = shape?.filter((dimension) => dimension !== undefined);
  if (known !== undefined && known.length === shape?.length) return known;
  throw failAt(where, todo)(
    'the shape of this input is open beyond the batch',
    'a number for every dimension but the first',
    shape ? `[${shape.map((dimension) => dimension ?? '?').join(', ')}]` : 'no shape',
  );
}

/** What a value's type says of its shape: nothing at all, or numbers with gaps for symbolic dimensions. */
function declaredShape({ type }: ValueInfoMessage): (number | undefined)[] | undefined {
  return type?.tensorType?.shape?.dim.map(({ dimValue }) => {
    const value = Number(dimValue);
    return value > 0 && Number.isSafeInteger(value) ? value : undefined;
  });
}

/** A shape of `rank` dimensions, or of no known number, that misses one beyond the batch. */
const isOpen = (declared: readonly (number | undefined)[] | undefined, rank: number): boolean =>
  declared === undefined || (declared.length === rank && declared.slice(1).includes(undefined));

function readInput(message: ValueInfoMessage, given: Shape | undefined, file: string): Value {
  const where = `${file}, input ${quoted(message.name)}`;
  const tensor = message.type?.tensorType;
  if (!tensor) throw failAt(where)('only tensors can be inputs');
  const shape = inputShape(declaredShape(message), given, where);
  const value = input(message.name, shape, dataTypeOf(tensor.elemType, where));
  checkShapes([value], where);
  return value;
}

/** A node for messages. */
const placeOf = (node: NodeMessage, file: string): string =>
  `${file}, ${node.opType.slice(0, 80)} node ${quoted(node.name || (node.output[0] ?? ''))}`;

/** Branches within branches are few; a hostile file has thousands. */
const deepest = 16;

/** The names of all values that a node needs, those of its branches included. */
function namesUsed(node: NodeMessage, file: string, depth = 0): ReadonlySet<string> {
  const names = new Set(node.input);
  for (const { g } of node.attribute) {
    if (g === null) continue;
    if (depth === deepest) {
      throw failAt(placeOf(node, file))('branches are nested too deeply', `at most ${deepest} levels`);
    }
    const made = new Set([
      ...g.initializer.map(({ name }) => name),
      ...g.input.map(({ name }) => name),
      ...g.node.flatMap(({ output }) => output),
    ]);
    const used = [
      ...g.node.flatMap((inner) => [...namesUsed(inner, file, depth + 1)]),
      ...g.output.map(({ name }) => name),
    ];
    for (const name of used) if (!made.has(name)) names.add(name);
  }
  return names;
}

/** The nodes with every producer before its users (files should be in that order, but not all are). */
function sortNodes(
  nodes: readonly NodeMessage[],
  given: ReadonlyMap<string, Value>,
  file: string,
): NodeMessage[] {
  const producers = new Map<string, NodeMessage>();
  for (const node of nodes) {
    for (const name of node.output) {
      if (name === '') continue;
      if (producers.has(name) || given.has(name)) {
        throw failAt(placeOf(node, file))(
          `two values share the name ${quoted(name)}`,
          'every value to be made once',
        );
      }
      producers.set(name, node);
    }
  }
  const users = new Map<NodeMessage, NodeMessage[]>();
  const missing = new Map<NodeMessage, number>();
  for (const node of nodes) {
    let count = 0;
    for (const name of namesUsed(node, file)) {
      if (name === '' || given.has(name)) continue;
      const producer = producers.get(name);
      if (producer === undefined) {
        throw failAt(placeOf(node, file))(
          `the value ${quoted(name)} is used but never made`,
          'an input, a weight or the output of another node',
        );
      }
      const list = users.get(producer);
      if (list === undefined) users.set(producer, [node]);
      else list.push(node);
      count++;
    }
    missing.set(node, count);
  }
  const order = nodes.filter((node) => missing.get(node) === 0);
  // The array grows while it is walked.
  for (const node of order) {
    for (const user of users.get(node) ?? []) {
      const left = (missing.get(user) ?? 0) - 1;
      missing.set(user, left);
      if (left === 0) order.push(user);
    }
  }
  const stuck = nodes.find((node) => (missing.get(node) ?? 0) > 0);
  if (stuck === undefined) return order;
  throw failAt(placeOf(stuck, file))('the graph has a cycle', 'a network without loops');
}

/** The most values that one tensor may hold for each image: 1 GiB in single precision. */
const largestTensor = 2 ** 28;

/** Shapes that a damaged file leads to are refused where they arise. */
function checkShapes(values: readonly Value[], where: string): void {
  for (const { type } of values) {
    if (type.shape === undefined) continue;
    const lengths = type.shape.map(perImage);
    const size = lengths.reduce((product, length) => product * length, 1);
    const possible = lengths.every((length) => Number.isSafeInteger(length) && length >= 0);
    if (possible && size <= largestTensor) continue;
    throw failAt(where)(
      'an impossible shape',
      `whole numbers, at most ${largestTensor} values for each image`,
      shapeText(type.shape),
    );
  }
}

interface Context {
  readonly file: string;
  readonly opsets: ReadonlyMap<string, number>;
  readonly batchOfOne: boolean;
  readonly batch: Value | undefined;
  readonly values: Map<string, Value>;
  /** Contents of computed values that depend on nothing but the batch. */
  readonly known: Map<Value, Known>;
  readonly depends: (value: Value) => boolean;
  readonly measure: OperatorMeasure | undefined;
  readonly tried: Set<Node>;
}

function knownOf(value: Value, { known }: Context): Known | undefined {
  const tensor = constantOf(value);
  return known.get(value) ?? (tensor && knownConstant(tensor));
}

const withoutBranches =
  'Export the network for inference, without branches and loops (for example by tracing).';

/** An `If` whose condition follows from shapes and constants is the branch that it takes. Adds to the context's values. */
async function readBranch(message: NodeMessage, context: Context, where: string): Promise<void> {
  const { file, values } = context;
  const condition = values.get(message.input[0] ?? '');
  const [choice] = (condition && knownOf(condition, context)?.items) ?? [];
  const name = choice === 0 ? 'else_branch' : 'then_branch';
  const graph = message.attribute.find((attribute) => attribute.name === name)?.g;
  if (typeof choice !== 'number' || !graph || graph.output.length !== message.output.length) {
    const fail = failAt(where, withoutBranches);
    throw typeof choice === 'number'
      ? fail(`control flow (If) without a fitting ${name}`, `${message.output.length} outputs`)
      : fail(
          'control flow (If) is not supported where its condition depends on the image or the batch',
          'a condition on shapes or constants',
        );
  }
  const own = new Set<string>();
  for (const tensor of graph.initializer) {
    if (tensor.name === '' || values.has(tensor.name)) {
      throw failAt(where)(`two values share the name ${quoted(tensor.name)}`);
    }
    values.set(
      tensor.name,
      constant(readTensor(tensor, `${where}, weights ${quoted(tensor.name)}`), tensor.name),
    );
    own.add(tensor.name);
  }
  for (const node of sortNodes(graph.node, values, file)) {
    await locate(placeOf(node, file), () => readNode(node, context));
    for (const output of node.output) own.add(output);
  }
  const results = graph.output.map((output) => values.get(output.name));
  // The names of a branch end with it.
  for (const output of own) values.delete(output);
  for (const [i, result] of results.entries()) {
    if (result === undefined) {
      throw failAt(where)(`the output ${quoted(graph.output[i].name)} of a branch is never made`);
    }
    if (message.output[i] !== '') values.set(message.output[i], result);
  }
}

async function readNode(message: NodeMessage, context: Context): Promise<void> {
  const { file, opsets, values, known } = context;
  const where = placeOf(message, file);
  const domain = domainOf(message.domain);
  if (domain === '' && message.opType === 'If') {
    await readBranch(message, context, where);
    return;
  }
  const subgraph = message.attribute.some(
    ({ type }) => type === attributeTypeCodes.graph || type === attributeTypeCodes.graphs,
  );
  if (subgraph) {
    throw failAt(where, withoutBranches)(`control flow (${message.opType.slice(0, 80)}) is not supported`);
  }
  const call: Call = {
    operator: message.opType,
    domain,
    opset: opsets.get(domain) ?? 1,
    name: message.name || message.output.find((name) => name !== '') || '',
    where,
    inputs: message.input.map((name) => values.get(name)),
    outputs: message.output,
    raw: new Map(message.attribute.map((attribute) => [attribute.name, readAttribute(attribute, where)])),
    known: (value) => knownOf(value, context),
    depends: context.depends,
    batchOfOne: context.batchOfOne,
    batch: context.batch,
  };
  if (call.outputs.length === 0) throw failAt(where)('a node without outputs');
  let results = [...decodeNode(call)];
  checkShapes(results, where);
  const [first] = results;
  const source = call.inputs[0] && constantOf(call.inputs[0]);
  if (
    first.node.operator === 'Identity' ||
    (first.node.operator === 'Cast' && source?.dataType === first.type.dataType)
  ) {
    // Shared or half-precision weights pass through such nodes; they stay weights.
    if (source !== undefined) results[0] = constant(source, call.outputs[0]);
  } else {
    const found = fold(call, first.type.shape);
    const folded =
      found && call.operator !== 'Shape' && first.node.operator !== 'ZerosLike'
        ? constantFrom(found)
        : undefined;
    if (folded !== undefined) results[0] = constant(folded, call.outputs[0]);
    else if (found !== undefined) known.set(first, found);
    else {
      results = await measured(results, call, context);
      checkShapes(results, where);
    }
  }
  for (const [i, name] of call.outputs.entries()) if (name !== '') values.set(name, results[i]);
}

/** The values, with the shapes that only running the node tells. */
async function measured(
  values: Value[],
  { outputs }: Call,
  { file, measure, tried }: Context,
): Promise<Value[]> {
  const [{ node }] = values;
  const isKnown = outputs.every((name, i) => name === '' || values[i].type.shape !== undefined);
  if (isKnown || node.operator !== 'Opaque' || measure === undefined) return values;
  const outputTypes = await locate(file, () => measure(node));
  const complete = createNode('Opaque', node.inputs, { ...node.attributes, outputTypes }, node.name);
  tried.add(complete);
  return [...complete.outputs];
}

/** Tries what the outputs need of the operators that are passed through. */
async function tryPassed(outputs: readonly Value[], { file, measure, tried }: Context): Promise<void> {
  if (measure === undefined) return;
  for (const node of topologicalOrder(outputs)) {
    if (node.operator === 'Opaque' && !tried.has(node)) await locate(file, () => measure(node));
  }
}

/** Puts the file in front of the place that an error names. */
async function locate<Result>(where: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (thrown) {
    if (!(thrown instanceof InputError) || thrown.parts.where.startsWith(where)) throw thrown;
    throw new InputError({ ...thrown.parts, where: `${where}, ${thrown.parts.where}` });
  }
}

/**
 * Reads an ONNX model (opsets 7 to 23). Half-precision values are widened to float32, shape computations are folded
 * with the batch as 'N', and operators that landlens does not know become Opaque: they run, but have no
 * gradient. Nodes and weights keep their names; a node without one gets its first output's.
 * @throws InputError naming file and node if the file is missing, damaged, hostile or beyond what landlens can run
 */
export async function readOnnx(
  source: string | OnnxBytes,
  { inputShapes = {}, imageShape, measure }: ReadOptions = {},
): Promise<OnnxModel> {
  const file = typeof source === 'string' ? await loadOnnx(source) : source;
  const model = parse(file);
  const { name } = file;
  const opsets = opsetsOf(model, name);
  const initializers = await readInitializers(model.graph.initializer, file);
  const values = new Map<string, Value>();
  // Names of one tensor are names of one constant, which is then held, and later written, once.
  const constants = new Map<ConstantTensor, Value>();
  for (const [key, tensor] of initializers) {
    const value = constants.get(tensor) ?? constant(tensor, key);
    constants.set(tensor, value);
    values.set(key, value);
  }
  const fed = model.graph.input.filter((message) => !initializers.has(message.name));
  const shapes = new Map(Object.entries(inputShapes));
  for (const key of shapes.keys()) {
    if (fed.some((message) => message.name === key)) continue;
    throw failAt(name)(
      `inputShapes names ${quoted(key)}, which is no input`,
      fed.map((message) => quoted(message.name)).join(', '),
    );
  }
  for (const message of fed) {
    if (message.name === '' || values.has(message.name)) {
      throw failAt(`${name}, input ${quoted(message.name)}`)(
        message.name === '' ? 'an input without a name' : 'two inputs share one name',
      );
    }
    const isOpenImage = isOpen(declaredShape(message), 4);
    const given = shapes.get(message.name) ?? (isOpenImage ? imageShape : undefined);
    values.set(message.name, readInput(message, given, name));
  }
  const batchOfOne = fed.some((message) => declaredShape(message)?.[0] === 1);
  const batch = [...values.values()].find(
    ({ node, type: { shape, dataType } }) =>
      node.operator === 'Input' && dataType === 'float32' && shape?.[0] === 'N',
  );
  const context: Context = {
    ...{ file: name, opsets, batchOfOne, batch, values, measure },
    ...{ known: new Map(), depends: createDependence(), tried: new Set() },
  };
  for (const node of sortNodes(model.graph.node, values, name)) {
    await locate(placeOf(node, name), () => readNode(node, context));
  }
  const outputs = new Map<string, Value>();
  for (const { name: output } of model.graph.output) {
    const value = values.get(output);
    if (value === undefined || outputs.has(output)) {
      throw failAt(`${name}, output ${quoted(output)}`)(
        value === undefined ? 'this output is never made' : 'two outputs share one name',
      );
    }
    outputs.set(output, value);
  }
  if (outputs.size === 0) throw failAt(name)('the network has no outputs');
  await tryPassed([...outputs.values()], context);
  return {
    graph: createGraph(Object.fromEntries(outputs)),
    metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
    opset: opsets.get('') ?? 0,
  };
}
