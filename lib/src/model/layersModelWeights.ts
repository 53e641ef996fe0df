/** The weights of a TensorFlow.js model: a manifest in model.json, and shards beside it. */
import { type Fail, failAt, InputError, messageOf } from '../error.js';
import { useFile } from '../io/boundedFile.js';
import { fromHalf } from '../io/half.js';
import { resolveInside } from '../io/insideFolder.js';
import { fieldsOf, isCount, isListOf, isText, isTexts, type JsonObject } from '../io/json.js';
import { sizeOf } from '../tensor.js';

/** Stored numbers: float32, or quantised as q x scale + minimum, or half precision. */
interface Storage {
  readonly type: 'float32' | 'float16' | 'uint8' | 'uint16';
  readonly scale: number;
  readonly minimum: number;
}

interface StoredWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly storage: Storage;
}

interface Group {
  readonly paths: readonly string[];
  readonly weights: readonly StoredWeight[];
}

const bytesOf: Readonly<Record<Storage['type'], number>> = { float32: 4, float16: 2, uint8: 1, uint16: 2 };
const isStorageType = (value: unknown): value is Storage['type'] =>
  isText(value) && Object.hasOwn(bytesOf, value);

/** More than any network of this field, less than what a process can hold. */
const largestTotal = 2 ** 31 - 1;

const damagedAt = (where: string): Fail => failAt(where, 'Save or convert the model again.');
const placeOf = (where: string, name: string): string =>
  `${where}, weights ${JSON.stringify(name.slice(0, 120))}`;

function readStorage({ dtype, quantization }: JsonObject, fail: Fail): Storage {
  const { dtype: type, scale, min: minimum } = quantization ? fieldsOf(quantization) : { dtype };
  if (!isStorageType(type) || dtype !== 'float32') {
    const expected = 'float32, or float32 quantised to float16, uint8 or uint16';
    const got = `${String(dtype).slice(0, 40)}, stored as ${String(type).slice(0, 40)}`;
    throw fail('weights of an unknown type', expected, got);
  }
  if (type === 'float32' || type === 'float16') return { type, scale: 1, minimum: 0 };
  if (typeof scale === 'number' && typeof minimum === 'number') return { type, scale, minimum };
  throw fail('quantised weights without scale and min');
}

function readManifest(manifest: unknown, where: string): readonly Group[] {
  if (!Array.isArray(manifest)) throw damagedAt(where)('no weights manifest', 'weightsManifest: [...]');
  return manifest.map((group: unknown, i) => {
    const { paths, weights } = fieldsOf(group);
    if (!isTexts(paths) || !Array.isArray(weights))
      throw damagedAt(`${where}, weightsManifest[${i}]`)('not a group of weights', '{paths, weights}');
    const stored = weights.map((entry: unknown): StoredWeight => {
      const { name, shape, ...storage } = fieldsOf(entry);
      const fail = damagedAt(placeOf(where, String(name)));
      if (!isText(name) || !isListOf(shape, isCount))
        throw fail('weights without a name or shape', '{name, shape, dtype}');
      return { name, shape, storage: readStorage(storage, fail) };
    });
    return { paths, weights: stored };
  });
}

const todoOfShard = 'Put all shards beside model.json.';

interface Shard {
  readonly path: string;
  readonly where: string;
  readonly size: number;
}

/**
 * A shard.
 * @throws InputError if it is missing, or lies outside the model's folder
 */
async function findShard(folder: string, name: string, where: string): Promise<Shard> {
  let path: string;
  try {
    path = await resolveInside(folder, name, where);
  } catch (thrown) {
    if (thrown instanceof InputError) throw thrown;
    throw failAt(where, todoOfShard)(`the shard cannot be read: ${messageOf(thrown)}`);
  }
  return useFile(path, { where, todo: todoOfShard }, async ({ size }) => ({ path, where, size }));
}

/** @param known paths of the shards of earlier groups; those of this one are added */
async function readShards(
  group: Group,
  folder: string,
  { limit, where, known }: { limit: number; where: string; known: Set<string> },
): Promise<Uint8Array> {
  const needed = group.weights.reduce(
    (sum, { shape, storage }) => sum + sizeOf(shape) * bytesOf[storage.type],
    0,
  );
  const shards: Shard[] = [];
  for (const name of group.paths) {
    const shard = await findShard(folder, name, `${where}, shard ${JSON.stringify(name.slice(0, 120))}`);
    if (known.has(shard.path)) throw damagedAt(shard.where)('a shard is listed twice');
    known.add(shard.path);
    shards.push(shard);
  }
  const total = shards.reduce((sum, { size }) => sum + size, 0);
  if (total !== needed || total > limit) {
    const expected = `${needed} bytes${needed > limit ? `, at most ${limit}` : ''}`;
    const got = `${total} in ${shards.length} shards`;
    throw damagedAt(where)('the shards do not fit the manifest', expected, got);
  }
  const bytes = new Uint8Array(total);
  let offset = 0;
  for (const { path, where: place, size: length } of shards) {
    const options = { where: place, todo: todoOfShard };
    bytes.set(await useFile(path, options, (file) => file.read(0, length)), offset);
    offset += length;
  }
  return bytes;
}

function decode(bytes: Uint8Array, { shape, storage }: StoredWeight): Float32Array {
  const { type, scale, minimum } = storage;
  const length = sizeOf(shape);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = { length };
  switch (type) {
    case 'float32':
      return Float32Array.from(numbers, (_, i) => view.getFloat32(4 * i, true));
    case 'float16':
      return fromHalf(Uint16Array.from(numbers, (_, i) => view.getUint16(2 * i, true)));
    case 'uint16':
      return Float32Array.from(numbers, (_, i) => view.getUint16(2 * i, true) * scale + minimum);
    case 'uint8':
      return Float32Array.from(numbers, (_, i) => view.getUint8(i) * scale + minimum);
  }
}

/** One weight of the manifest, not yet decoded. */
export interface PackedWeight {
  readonly shape: readonly number[];
  /**
   * Its values.
   * @throws InputError if one is not a finite number
   */
  decode(): Float32Array;
}

export interface LayersModelWeights {
  readonly weights: ReadonlyMap<string, PackedWeight>;
  /** All shards, in the manifest's order. */
  readonly bytes: readonly Uint8Array[];
}

/**
 * Reads the bytes of every weight of the manifest; shards are read only from inside `folder`, and once.
 * @throws InputError if a shard is missing, lies elsewhere, is listed twice or does not hold what the manifest says
 */
export async function readLayersModelWeights(
  manifest: unknown,
  folder: string,
  where: string,
): Promise<LayersModelWeights> {
  const weights = new Map<string, PackedWeight>();
  const all: Uint8Array[] = [];
  const known = new Set<string>();
  let left = largestTotal;
  for (const group of readManifest(manifest, where)) {
    const bytes = await readShards(group, folder, { limit: left, where, known });
    left -= bytes.length;
    all.push(bytes);
    let offset = 0;
    for (const weight of group.weights) {
      const { name, shape, storage } = weight;
      const fail = damagedAt(placeOf(where, name));
      if (weights.has(name)) throw fail('two weights share one name');
      const end = offset + sizeOf(shape) * bytesOf[storage.type];
      const stored = bytes.subarray(offset, end);
      weights.set(name, {
        shape,
        decode() {
          const data = decode(stored, weight);
          if (data.every(Number.isFinite)) return data;
          throw fail('a weight is not a finite number');
        },
      });
      offset = end;
    }
  }
  return { weights, bytes: all };
}
