/** The feature layer: the last maps of a network that still lie over the image, which Grad-CAM weighs. */
import { failAt, InputError } from '../error.js';
import { isFlat } from '../graph/flat.js';
import { shapeOf, topologicalOrder } from '../graph/graph.js';
import type { Node, Value } from '../graph/node.js';
import { reshape, slice, transpose } from '../graph/operators/arrangement.js';
import { normaliseAxis, type Shape, shapeText } from '../graph/type.js';

export interface FeatureLayer {
  /** The node's name, as `featureLayer` of a classifier and `layer` of Grad-CAM take it. */
  readonly name: string;
  readonly operator: string;
  /** ['N', channels, height, width] */
  readonly shape: Shape;
}

/** Feature maps, and how a value of their shape becomes ['N', channels, height, width]. */
export interface FeatureMaps {
  readonly value: Value;
  readonly arrange: (value: Value) => Value;
}

export interface FeatureChoice {
  /** Name of the node; by default the last maps before the network gives up their place in the image. */
  readonly layer?: string;
  /** Height and width of maps that are no [N, channels, height, width]: tokens [N, T, channels] (the last height x width of them), or [N, height, width, channels]. */
  readonly grid?: readonly [height: number, width: number];
}

const operatorOf = (node: Node): string =>
  node.operator === 'Opaque' ? node.attributes.operator : node.operator;

/** Lengths behind the batch; undefined where the value has no batch or an unknown shape. */
function lengthsOf({ type }: Value): readonly number[] | undefined {
  const [batch, ...rest] = type.shape ?? [];
  const lengths = rest.filter((dimension) => typeof dimension === 'number');
  return batch === 'N' && lengths.length === rest.length ? lengths : undefined;
}

/** Whether pixels are left; of three lengths 1, 1, n the last are pooled channels, whatever the layout. */
const isSpatial = ([a, b, c]: readonly number[], channels: 1 | 3 = 1): boolean =>
  (channels === 1 ? b * c : a * b) > 1 && [a, b, c].filter((length) => length > 1).length > 1;

const nothing = ['Input', 'Constant', 'Identity', 'Dropout'];
const moving = new Set<string>([...nothing, 'Transpose', 'Reshape', 'Pad', 'Slice']);

/** The nodes that make something of their own with such lengths behind the batch, in the order of computation. */
const layersWith = (logits: Value, fits: (lengths: readonly number[]) => boolean): readonly Node[] =>
  topologicalOrder([logits]).filter(({ name, operator, outputs: [output] }) => {
    const lengths = lengthsOf(output);
    return name !== '' && !moving.has(operator) && lengths !== undefined && fits(lengths);
  });

const asLayer = (node: Node): FeatureLayer => ({
  ...{ name: node.name, operator: operatorOf(node), shape: shapeOf(node.outputs[0]) },
});

/** Every node that makes maps ['N', channels, height, width] larger than a pixel, in the order of computation. */
export const featureLayers = (logits: Value): readonly FeatureLayer[] =>
  layersWith(logits, (lengths) => lengths.length === 3 && isSpatial(lengths)).map(asLayer);

/** Everything that the image says to the logits passes through the value, but for its size and the like. */
function carriesAll(logits: Value, value: Value): boolean {
  const flat = topologicalOrder([logits]).filter(isFlat);
  const stop = new Set([value, ...flat.flatMap(({ outputs }) => outputs)]);
  return topologicalOrder([logits], stop).every(({ operator }) => operator !== 'Input');
}

interface Maps {
  readonly value: Value;
  readonly channels: 1 | 3;
}

const isChannelsLast = ({ node }: Value): boolean =>
  node.operator === 'Transpose' && node.attributes.permutation.join() === '0,2,3,1';

/** The maps whose place in the image the node gives up: by a global pooling, a mean, a flattening. */
function gaveUp(node: Node): Maps | undefined {
  const [value] = node.inputs;
  const before = value && lengthsOf(value);
  const after = lengthsOf(node.outputs[0]);
  if (before?.length !== 3 || after === undefined) return undefined;
  if (node.operator === 'ReduceMean' || node.operator === 'ReduceSum') {
    const axes = node.attributes.axes.map((axis) => normaliseAxis(axis, 4, node.name)).sort();
    if (axes.join() === '1,2') return isSpatial(before, 3) ? { value, channels: 3 } : undefined;
    if (axes.join() !== '2,3') return undefined;
  } else if (after.length === 1) {
    if (isChannelsLast(value)) return isSpatial(before, 3) ? { value, channels: 3 } : undefined;
  } else if (after.length !== 3 || after[1] !== 1 || after[2] !== 1) return undefined;
  return isSpatial(before) ? { value, channels: 1 } : undefined;
}

const passing = new Set<string>(['MaxPool', 'AveragePool', 'Identity', 'Dropout']);

/** The maps behind pooling, transposition and operators that do nothing. */
function source(maps: Maps): Maps {
  let { value, channels } = maps;
  for (;;) {
    const { node } = value;
    if (node.operator === 'Transpose') {
      const axis = node.attributes.permutation[channels];
      if (axis !== 1 && axis !== 3) return { value, channels };
      channels = axis;
    } else if (!passing.has(node.operator)) return { value, channels };
    value = node.inputs[0];
  }
}

const layers = new Set<string>(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** The features from which a layer makes maps of class scores, which are only pooled to become the logits. */
function beforeScores(logits: Value, maps: Maps): Maps {
  const behind = topologicalOrder([logits], new Set([maps.value]));
  const isScores = maps.value.type.shape?.[maps.channels] === logits.type.shape?.[1];
  if (!isScores || behind.some(({ operator }) => layers.has(operator))) return maps;
  let { value } = maps;
  // Behind the layer there may be a bias or an activation.
  for (;;) {
    const { operator, inputs } = value.node;
    const data = inputs.filter(({ node }) => node.operator !== 'Constant');
    if (data.length !== 1) return maps;
    const [before] = data;
    const lengths = lengthsOf(before);
    if (lengths?.length !== 3) return maps;
    if (layers.has(operator)) {
      const features = source({ value: before, channels: operator === 'MatMul' ? 3 : maps.channels });
      return isSpatial(lengths, features.channels) ? features : maps;
    }
    if (before.type.shape?.join() !== value.type.shape?.join()) return maps;
    value = before;
  }
}

function findMaps(logits: Value): Maps | undefined {
  for (const node of topologicalOrder([logits]).reverse()) {
    const maps = gaveUp(node);
    if (maps === undefined) continue;
    const found = beforeScores(logits, source(maps));
    const { operator } = found.value.node;
    if (operator !== 'Input' && operator !== 'Constant' && carriesAll(logits, found.value)) return found;
  }
  return undefined;
}

/** The first node of a name; weights may share it. */
const nodeNamed = (logits: Value, wanted: string): Node | undefined =>
  topologicalOrder([logits]).find(({ name, operator }) => name === wanted && operator !== 'Constant');

/** The name of the layer that is taken unless another is named; undefined where there is none, or it has no name of its own. */
export function defaultFeatureLayer(logits: Value): string | undefined {
  const found = findMaps(logits);
  if (found === undefined || found.channels !== 1) return undefined;
  const { node } = found.value;
  const isFound = node.name !== '' && nodeNamed(logits, node.name) === node && found.value.index === 0;
  return isFound ? node.name : undefined;
}

function asMaps({ value, channels }: Maps): FeatureMaps {
  return {
    value,
    arrange: channels === 3 ? (other) => transpose(other, [0, 3, 1, 2]) : (other) => other,
  };
}

/** Tokens [N, T, channels] as maps over a grid; what stands before the grid's tokens, such as a class token, is left out. */
function tokenMaps(value: Value, [height, width]: readonly [number, number]): FeatureMaps {
  const [tokens = 0, channels = 0] = lengthsOf(value) ?? [];
  const first = tokens - height * width;
  return {
    value,
    arrange(other) {
      const placed = first > 0 ? slice(other, 1, first, tokens) : other;
      return transpose(reshape(placed, ['N', height, width, channels]), [0, 3, 1, 2]);
    },
  };
}

/** What the named node gives, seen over the image; undefined where it does not lie over it. */
function namedMaps(value: Value, grid: FeatureChoice['grid']): FeatureMaps | undefined {
  const lengths = lengthsOf(value);
  if (lengths?.length === 3) {
    const [a, b, c] = lengths;
    const isGrid = (height: number, width: number): boolean => grid?.[0] === height && grid[1] === width;
    return asMaps({ value, channels: isGrid(a, b) && !isGrid(b, c) ? 3 : 1 });
  }
  const [tokens] = lengths ?? [];
  if (lengths?.length !== 2 || grid === undefined || tokens < grid[0] * grid[1]) return undefined;
  return tokenMaps(value, grid);
}

/** How many examples an error gives. */
const shown = 5;

const listed = (layers: readonly FeatureLayer[]): string =>
  layers
    .slice(-shown)
    .map(({ name, operator, shape }) => `"${name}" (${operator}, ${shapeText(shape)})`)
    .join('; ');

/** Layers of tokens [N, T, channels], where a network has no maps. */
const tokenLayers = (logits: Value): readonly FeatureLayer[] =>
  layersWith(logits, (lengths) => lengths.length === 2 && lengths[0] >= 4)
    .filter(({ outputs: [output] }) => carriesAll(logits, output))
    .map(asLayer);

/** The grid of square images: 14 x 14 for 196 tokens, or 197 with a class token. */
function squareGrid(tokens: number): string {
  const side = Math.floor(Math.sqrt(tokens));
  return tokens - side * side <= 2 ? `[${side}, ${side}]` : '[height, width]';
}

function missing(logits: Value, where: string): InputError {
  const tokens = tokenLayers(logits);
  const last = tokens.at(-1);
  const hint =
    last === undefined
      ? 'Name the layer: option `layer`, or `featureLayer` of the classifier. Gradient, Occlusion and LIME methods need none.'
      : `Its layers are tokens [N, T, channels], the last of them ${listed(tokens)}. Name one as \`featureLayer\` with its \`featureGrid\`, such as ${squareGrid(Number(last.shape[1]))}; where a class token alone is classified, one before the last attention. Gradient, Occlusion and LIME methods need none.`;
  return failAt(where, hint)(
    'no convolutional feature maps before a global pooling or flattening',
    'maps [N, channels, height, width] between image and logits, with no path around them',
  );
}

/**
 * The maps that Grad-CAM weighs: those of the named node, else the last that lie over the image.
 * @throws InputError that lists the candidates
 */
export function featureMaps(logits: Value, { layer, grid }: FeatureChoice, where: string): FeatureMaps {
  if (layer === undefined) {
    const found = findMaps(logits);
    if (found === undefined) throw missing(logits, where);
    return asMaps(found);
  }
  const node = layer === '' ? undefined : nodeNamed(logits, layer);
  const maps = node && namedMaps(node.outputs[0], grid);
  if (maps !== undefined) return maps;
  const shape = node?.outputs[0].type.shape;
  throw new InputError({
    what: node ? 'this feature layer has no maps' : 'the feature layer does not exist in the network',
    where: `${where}, layer "${layer}"`,
    expected:
      'the name of a node with an output [N, channels, height, width], or [N, tokens, channels] and a grid',
    got: node ? shapeText(shape) : 'no such node',
    todo: `The last candidates are ${listed(featureLayers(logits)) || 'none'}. For tokens add \`featureGrid\`: [height, width].`,
  });
}
