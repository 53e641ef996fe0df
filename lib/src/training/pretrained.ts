/** Weights from an earlier training, to start another one from. */

import { failAt } from '../error.js';
import { topologicalOrder } from '../graph/graph.js';
import { readOnnx } from '../graph/onnx/read.js';
import { readBoundedFile } from '../io/boundedFile.js';
import { descriptionKey, readDescription, readSidecar } from '../model/descriptionFile.js';
import type { Weights } from '../model/layers.js';
import { readNetwork } from '../model/safetensorsFile.js';
import { sizeOf, type Tensor } from '../tensor.js';

/** Far more than networks of this field need. */
const largestFile = 2 ** 31 - 1;

/** Named weights of a safetensors file (torchvision's or timm's names), or of an ONNX file that landlens wrote. */
export async function readWeights(path: string): Promise<Weights> {
  if (/\.safetensors$/i.test(path)) {
    const bytes = await readBoundedFile(path, {
      maximumBytes: largestFile,
      todo: 'Check the path of the weights to start from.',
    });
    return readNetwork(bytes, path).weights;
  }
  const { graph } = await readOnnx(path);
  const nodes = topologicalOrder(Object.values(graph.outputs));
  return new Map(
    nodes.flatMap((node) => {
      if (node.operator !== 'Constant' || node.name === '') return [];
      const { data, shape } = node.attributes.value;
      return data instanceof Float32Array ? [[node.name, { data, shape }] as const] : [];
    }),
  );
}

/** The classes of the linear layer of such a file, if it or the JSON beside it names them. */
export async function readClassNames(path: string): Promise<readonly string[] | undefined> {
  const needed = false;
  if (/\.safetensors$/i.test(path)) return (await readSidecar(path, { needed })).classes;
  const own = (await readOnnx(path)).metadata[descriptionKey];
  return (
    own === undefined ? await readSidecar(path, { needed }) : readDescription(own, { needed, where: path })
  ).classes;
}

/** The classes of the weights, if known, and those to be trained: rows of the linear layer are matched by name. */
export interface ClassChange {
  readonly from?: readonly string[];
  readonly to: readonly string[];
}

export interface Transferred {
  readonly weights: Weights;
  /** Parameters of the linear layer that keep their initial values, since the classes differ. */
  readonly renewed: readonly string[];
}

/**
 * Initial weights replaced by the earlier ones. The rows of the linear layer are matched by the names of the classes;
 * if the classes differ, it keeps its initial values.
 * @throws InputError if another parameter is missing or has another shape
 */
export function transferWeights(
  fresh: Weights,
  earlier: Weights,
  where: string,
  { from, to }: Partial<ClassChange> = {},
): Transferred {
  const order = from && to?.map((name) => from.indexOf(name));
  const isKnown = order?.every((row) => row >= 0) ?? true;
  const head = [...fresh].findLast(([, { shape }]) => shape.length === 2)?.[0].replace(/\.weight$/, '');
  const renewed: string[] = [];
  const problems: string[] = [];
  const weights = new Map(
    [...fresh].map(([name, tensor]) => {
      const given = earlier.get(name);
      const isHead = name === `${head}.weight` || name === `${head}.bias`;
      const fits = given?.shape.join() === tensor.shape.join() && given.data.length === sizeOf(given.shape);
      if (fits && (!isHead || isKnown)) {
        return [name, isHead && order ? reorderRows(given, order) : given] as const;
      }
      if (isHead) renewed.push(name);
      else {
        const [want, got] = [tensor, given].map((each) => each && `[${each.shape.join(', ')}]`);
        problems.push(`"${name}" is ${got ?? 'missing'} instead of ${want}`);
      }
      return [name, tensor] as const;
    }),
  );
  if (problems.length === 0) return { weights, renewed };
  const todo = 'Choose the architecture and the data set that the weights are of, or start without them.';
  const shown = `${problems.slice(0, 3).join('; ')}${problems.length > 3 ? '; ...' : ''}`;
  throw failAt(where, todo)(
    `${problems.length} of ${fresh.size} parameters do not fit: ${shown}`,
    'weights of the same architecture for the same bands',
  );
}

function reorderRows({ data, shape }: Tensor, order: readonly number[]): Tensor {
  const width = data.length / order.length;
  const reordered = new Float32Array(data.length);
  for (const [row, from] of order.entries()) {
    reordered.set(data.subarray(from * width, (from + 1) * width), row * width);
  }
  return { data: reordered, shape };
}
