/** Weights that a training starts from, taken over from an earlier one. */
import { readBoundedFile } from '../boundedFile.js';
import { InputError } from '../error.js';
import { topologicalOrder } from '../graph/graph.js';
import { readOnnx } from '../graph/onnx/read.js';
import type { Weights } from '../model/layers.js';
import { readNetwork } from '../model/safetensorsFile.js';
import { sizeOf } from '../tensor.js';

/** Far more than the networks of this field need. */
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

export interface Transferred {
  readonly weights: Weights;
  /** Parameters of the linear layer that keep their fresh values, as the classes are others. */
  readonly renewed: readonly string[];
}

/**
 * The fresh weights with the earlier ones in their place. A linear layer of another number of classes stays fresh.
 * @throws InputError where another parameter is missing or has another shape
 */
export function transferWeights(fresh: Weights, earlier: Weights, where: string): Transferred {
  const head = [...fresh].findLast(([, { shape }]) => shape.length === 2)?.[0].replace(/\.weight$/, '');
  const renewed: string[] = [];
  const problems: string[] = [];
  const weights = new Map(
    [...fresh].map(([name, tensor]) => {
      const given = earlier.get(name);
      if (given?.shape.join() === tensor.shape.join() && given.data.length === sizeOf(given.shape)) {
        return [name, given] as const;
      }
      if (name === `${head}.weight` || name === `${head}.bias`) renewed.push(name);
      else {
        const [want, got] = [tensor, given].map((each) => each && `[${each.shape.join(', ')}]`);
        problems.push(`"${name}" is ${got ?? 'missing'} instead of ${want}`);
      }
      return [name, tensor] as const;
    }),
  );
  if (problems.length === 0) return { weights, renewed };
  throw new InputError({
    what: `${problems.length} of ${fresh.size} parameters do not fit: ${problems.slice(0, 3).join('; ')}${problems.length > 3 ? '; ...' : ''}`,
    where,
    expected: 'weights of the same architecture for the same bands',
    todo: 'Choose the architecture and the data set that the weights are of, or start without them.',
  });
}
