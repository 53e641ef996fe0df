/** DenseNet and ResNet weights in a safetensors file, by torchvision's and timm's names; the architecture is read from the shapes. */
import { failAt, InputError } from '../error.js';
import { input, type Value } from '../graph/node.js';
import { readSafetensors, type Safetensor } from '../io/safetensors.js';
import type { Tensor } from '../tensor.js';
import type { Architecture } from './architecture.js';
import { denseNet, denseNet121Plan } from './denseNet.js';
import { inferenceLayers, type Layers, type Weights } from './layers.js';
import { resNet, resNet50Plan } from './resNet.js';

export interface StoredNetwork {
  readonly architecture: Architecture;
  /** With torchvision's names, whatever the file calls them. */
  readonly weights: Weights;
  /** Bands of an image. */
  readonly bands: number;
  readonly classes: number;
}

/** The arrays of one network, by torchvision's names. */
interface Arrays {
  has(name: string): boolean;
  /** Length of an axis, or what the usual network has where the array is missing (which is reported later). */
  length(name: string, axis: number, usual: number): number;
}

interface Family {
  /** The array that tells the family, and whose first axis is the image's bands on axis 1. */
  readonly stem: string;
  /** An array that only this family has. */
  readonly marker: string;
  /** Where torchvision puts the linear layer. */
  readonly head: string;
  plan(arrays: Arrays): Architecture;
}

/** How many of name(first), name(first + 1), ... there are before the first gap. */
function countUp(arrays: Arrays, first: number, name: (i: number) => string): number {
  let i = first;
  while (arrays.has(name(i))) i++;
  return i - first;
}

const families: readonly Family[] = [
  {
    stem: 'features.conv0.weight',
    marker: 'features.conv0.weight',
    head: 'classifier',
    plan(arrays) {
      const block = (i: number) => `features.denseblock${i}`;
      const layer = (i: number, j: number) => `${block(i)}.denselayer${j}`;
      const count = countUp(arrays, 1, (i) => `${layer(i, 1)}.conv1.weight`) || denseNet121Plan.blocks.length;
      return denseNet({
        blocks: Array.from(
          { length: count },
          (_, i) => countUp(arrays, 1, (j) => `${layer(i + 1, j)}.conv1.weight`) || 1,
        ),
        growth: arrays.length(`${layer(1, 1)}.conv2.weight`, 0, denseNet121Plan.growth),
        bottleneck: arrays.length(`${layer(1, 1)}.conv1.weight`, 0, denseNet121Plan.bottleneck),
        stem: arrays.length('features.conv0.weight', 0, denseNet121Plan.stem),
      });
    },
  },
  {
    stem: 'conv1.weight',
    marker: 'layer1.0.conv1.weight',
    head: 'fc',
    plan(arrays) {
      const conv = (stage: number, block: number, i: number) => `layer${stage}.${block}.conv${i}.weight`;
      const count = countUp(arrays, 1, (i) => conv(i, 0, 1));
      return resNet({
        stem: arrays.length('conv1.weight', 0, resNet50Plan.stem),
        stages: Array.from({ length: count }, (_, i) => ({
          blocks: countUp(arrays, 0, (block) => conv(i + 1, block, 1)),
          width: arrays.length(conv(i + 1, 0, 1), 0, 64 * 2 ** i),
          outputs: arrays.length(conv(i + 1, 0, 3), 0, 256 * 2 ** i),
        })),
      });
    },
  },
];

/** Names of the linear layer in torchvision, timm and around them. */
const heads = ['classifier', 'fc', 'head', 'head.fc', 'linear'];

/** Names that hold nothing a network computes with. */
const isIgnored = (name: string): boolean => name.endsWith('.num_batches_tracked');

const quoted = (name: string): string => JSON.stringify(name.slice(0, 120));
const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

/** Torchvision's first DenseNet files write denselayer1.norm.1 for today's denselayer1.norm1. */
const modernName = (name: string): string =>
  name.replace(/(denselayer\d+\.(?:norm|conv))\.([12])\./, '$1$2.');

/** The family of the file's network, and what stands before all of its names, such as "model.vision_encoder.". */
function recognise(names: readonly string[], where: string): { family: Family; prefix: string } {
  const found = families.flatMap((family) =>
    names
      .filter((name) => name === family.marker || name.endsWith(`.${family.marker}`))
      .map((name) => ({ family, prefix: name.slice(0, -family.marker.length) })),
  );
  if (found.length === 1) return found[0];
  const fail = failAt(
    where,
    'Export other architectures as ONNX; of several networks save the one to explain.',
  );
  const markers = families.map(({ marker }) => quoted(marker)).join(' or ');
  const shown = (found.length > 0 ? found.map((one) => one.prefix) : names)
    .slice(0, 4)
    .map(quoted)
    .join(', ');
  throw fail(
    found.length > 0
      ? `${found.length} networks in one file`
      : 'neither a DenseNet nor a ResNet by its names',
    `one array whose name ends in ${markers}`,
    found.length > 0 ? shown : `${names.length} arrays: ${shown}${names.length > 4 ? ', ...' : ''}`,
  );
}

/** The file's arrays by torchvision's names; what does not belong to the network keeps its own name. */
function rename(
  arrays: ReadonlyMap<string, Safetensor>,
  { family, prefix }: { readonly family: Family; readonly prefix: string },
): ReadonlyMap<string, Safetensor> {
  // The linear layer may lie inside the backbone or beside it: model.backbone.conv1, model.head.
  const parts = prefix.split('.').slice(0, -1);
  const places = [...parts.keys(), parts.length]
    .reverse()
    .map((depth) => [...parts.slice(0, depth), ''].join('.'));
  const head = places
    .flatMap((place) => heads.map((name) => `${place}${name}.`))
    .find((name) => arrays.has(`${name}weight`));
  const result = new Map<string, Safetensor>();
  for (const [name, array] of arrays) {
    if (isIgnored(name)) continue;
    const inside = name.startsWith(prefix) ? modernName(name.slice(prefix.length)) : name;
    const known =
      head !== undefined && name.startsWith(head) ? `${family.head}.${name.slice(head.length)}` : inside;
    // Never lets one array hide another.
    result.set(result.has(known) ? `${name} (a second ${known})` : known, array);
  }
  return result;
}

/** Layers that note the parameters an architecture asks for, without any memory for them. */
function expectedShapes(build: (layers: Layers) => unknown): ReadonlyMap<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  const note = (name: string, shape: readonly number[]): Value => {
    shapes.set(name, shape);
    return input(name, shape);
  };
  build(inferenceLayers(note));
  return shapes;
}

const isFloat = ({ type }: Safetensor): boolean =>
  type === 'F32' || type === 'F16' || type === 'BF16' || type === 'F64';

/** Everything about the arrays that does not fit the architecture, one phrase each. */
function mismatches(
  arrays: ReadonlyMap<string, Safetensor>,
  expected: ReadonlyMap<string, readonly number[]>,
): string[] {
  const missing = [...expected.keys()]
    .filter((name) => !arrays.has(name))
    .map((name) => `${quoted(name)} is missing`);
  const wrong = [...arrays].flatMap(([name, array]) => {
    const shape = expected.get(name);
    if (shape === undefined) return [`${quoted(name)} is not part of the network`];
    if (array.shape.join() !== shape.join())
      return [`${quoted(name)} is ${shapeText(array.shape)} instead of ${shapeText(shape)}`];
    return isFloat(array) ? [] : [`${quoted(name)} holds ${array.type} instead of floating-point numbers`];
  });
  return [...missing, ...wrong];
}

/**
 * The network of a safetensors file: DenseNet (such as DenseNet-121) or ResNet with bottlenecks (such as ResNet-50) of
 * any widths, bands and classes, in single, half, bfloat16 or double precision. What stands before the names of a
 * published checkpoint ("model.vision_encoder.", "module.", "backbone.") and the name of its linear layer (classifier,
 * fc, head) do not matter; `num_batches_tracked` is not needed.
 * @throws InputError that lists what is missing, surplus or misshapen
 */
export function readNetwork(bytes: Uint8Array, where: string): StoredNetwork {
  const stored = readSafetensors(bytes, where);
  const recognised = recognise([...stored.keys()], where);
  const { family } = recognised;
  const arrays = rename(stored, recognised);
  const architecture = family.plan({
    has: (name) => arrays.has(name),
    length: (name, axis, usual) => arrays.get(name)?.shape[axis] ?? usual,
  });
  const bands = arrays.get(family.stem)?.shape[1] ?? 0;
  const classes = arrays.get(`${family.head}.weight`)?.shape[0] ?? 0;
  if (classes === 0 || bands === 0) {
    const fail = failAt(where, 'Save the whole classifier, not its backbone alone.');
    if (bands === 0) throw fail('the network reads no bands', `"<prefix>${family.stem}" [maps, bands, 7, 7]`);
    const expected = `"<prefix>{${heads.join(', ')}}.weight" [classes, features]`;
    throw fail('the network has no linear layer, so no classes', expected);
  }
  const problems = problemsOf(architecture, arrays, { bands, classes, where });
  if (problems.length > 0) {
    const todo =
      'Save the state_dict of an unchanged torchvision or timm network, or export the network as ONNX.';
    const shown = [...problems.slice(0, 5), ...(problems.length > 5 ? ['...'] : [])].join('; ');
    const count = `${problems.length} of its ${arrays.size} arrays`;
    throw failAt(where, todo)(`${count} do not fit ${architecture.name}: ${shown}`);
  }
  const weights = new Map([...arrays].map(([name, array]) => [name, decode(name, array, where)]));
  return { architecture, weights, bands, classes };
}

/** Any image size does: behind the global average there is none. */
const anySize = 224;

function problemsOf(
  architecture: Architecture,
  arrays: ReadonlyMap<string, Safetensor>,
  { bands, classes, where }: { readonly bands: number; readonly classes: number; readonly where: string },
): string[] {
  const image = input('image', ['N', bands, anySize, anySize]);
  try {
    return mismatches(
      arrays,
      expectedShapes((layers) => architecture.build(layers, image, classes)),
    );
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    throw new InputError({ ...thrown.parts, where: `${where}, ${thrown.parts.where}` });
  }
}

function decode(name: string, array: Safetensor, where: string): Tensor {
  const data = array.values();
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return { data, shape: array.shape };
  const fail = failAt(`${where}, array ${quoted(name)}`, 'Train or fetch the network again.');
  throw fail('a weight is not a finite number', undefined, `${data[bad]} at position ${bad}`);
}
