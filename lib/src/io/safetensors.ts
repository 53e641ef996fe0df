/** safetensors: named arrays in one file, as PyTorch models and BigEarthNet v2's fast copies are published. */
import { describeValue, type Fail, failAt } from '../error.js';
import { sizeOf } from '../tensor.js';
import { fromHalf } from './half.js';
import { isCount, isJsonObject, isListOf, isText, type JsonObject, parseJson } from './json.js';

/** Bytes of an element, and how one is read (half precision: its bits). 64-bit integers are rounded to the nearest double. */
const elements = {
  F64: [8, (view, at) => view.getFloat64(at, true)],
  F32: [4, (view, at) => view.getFloat32(at, true)],
  F16: [2, (view, at) => view.getUint16(at, true)],
  BF16: [2, (view, at) => bfloatToFloat(view.getUint16(at, true))],
  I64: [8, (view, at) => Number(view.getBigInt64(at, true))],
  I32: [4, (view, at) => view.getInt32(at, true)],
  I16: [2, (view, at) => view.getInt16(at, true)],
  I8: [1, (view, at) => view.getInt8(at)],
  U64: [8, (view, at) => Number(view.getBigUint64(at, true))],
  U32: [4, (view, at) => view.getUint32(at, true)],
  U16: [2, (view, at) => view.getUint16(at, true)],
  U8: [1, (view, at) => view.getUint8(at)],
  BOOL: [1, (view, at) => (view.getUint8(at) === 0 ? 0 : 1)],
} as const satisfies Readonly<
  Record<string, readonly [bytes: number, read: (view: DataView, at: number) => number]>
>;

export type SafetensorsType = keyof typeof elements;

export interface Safetensor {
  readonly type: SafetensorsType;
  readonly shape: readonly number[];
  /** The values as float32; decoded anew at every call. */
  readonly values: () => Float32Array;
}

const scratch = new DataView(new ArrayBuffer(4));

function bfloatToFloat(bits: number): number {
  scratch.setUint32(0, bits * 0x10000);
  return scratch.getFloat32(0);
}

const isType = (value: unknown): value is SafetensorsType => isText(value) && Object.hasOwn(elements, value);

/**
 * The arrays of a safetensors file by name, in the order of its header. No array is decoded before its `values` are
 * asked for; nothing outside `bytes` is read.
 * @throws InputError if the header is damaged, or an array does not fill exactly its place in the file
 */
export function readSafetensors(
  bytes: Uint8Array,
  where: string,
  { todo = 'Fetch or export the file again.' }: { readonly todo?: string } = {},
): ReadonlyMap<string, Safetensor> {
  const fail = failAt(where, todo);
  if (bytes.length < 8) throw fail('too short for a safetensors file', 'at least 8 bytes', `${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const declared = view.getBigUint64(0, true);
  if (declared > BigInt(bytes.length - 8)) {
    const what = 'not a safetensors file: its header is longer than the file';
    throw fail(what, `at most ${bytes.length - 8} bytes`, `${declared}`);
  }
  const start = 8 + Number(declared);
  const result = new Map<string, Safetensor>();
  for (const [name, entry] of Object.entries(headerOf(bytes.subarray(8, start), fail))) {
    if (name === '__metadata__') continue;
    const label = JSON.stringify(name).slice(0, 120);
    if (!isJsonObject(entry)) throw fail(`${label} is not described in the header`);
    const { dtype: type, shape, data_offsets: offsets } = entry;
    if (!isType(type))
      throw fail(`array ${label} has an unknown type`, Object.keys(elements).join(', '), describeValue(type));
    if (!isListOf(shape, isCount) || !isListOf(offsets, isCount) || offsets.length !== 2) {
      throw fail(`array ${label} has no valid shape or place`, '{dtype, shape, data_offsets: [begin, end]}');
    }
    const [begin, end] = offsets;
    const [size, read] = elements[type];
    const length = sizeOf(shape);
    if (begin > end || end > bytes.length - start || end - begin !== length * size) {
      const expected = `${length * size} bytes within the ${bytes.length - start} of the file's data`;
      throw fail(`array ${label} does not fill its place`, expected, `bytes ${begin} to ${end}`);
    }
    const numbers = { length };
    const at = (_: unknown, i: number): number => read(view, start + begin + i * size);
    const values = (): Float32Array =>
      type === 'F16' ? fromHalf(Uint16Array.from(numbers, at)) : Float32Array.from(numbers, at);
    result.set(name, { type, shape, values });
  }
  return result;
}

function headerOf(text: Uint8Array, fail: Fail): JsonObject {
  let header: unknown;
  try {
    header = parseJson(text);
  } catch {
    throw fail('not a safetensors file: its header is not JSON');
  }
  if (isJsonObject(header)) return header;
  throw fail('not a safetensors file: its header is not an object');
}
