/** Tensors and attributes as an ONNX file stores them, in both directions. */

import { InputError } from '../../error.js';
import { fromHalf } from '../../io/half.js';
import type { RawAttribute } from '../inference.js';
import type { ConstantTensor, DataType } from '../type.js';
import { type AttributeMessage, attributeTypeCodes, dataTypeCodes, type TensorMessage } from './schema.js';

export function tensorProto(name: string, { dataType, shape, data }: ConstantTensor) {
  return {
    name,
    dims: shape,
    dataType: dataTypeCodes[dataType],
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

export function attributeProto(name: string, attribute: RawAttribute) {
  const base = { name, type: attributeTypeCodes[attribute.type] };
  switch (attribute.type) {
    case 'float':
      return { ...base, f: attribute.value };
    case 'int':
      return { ...base, i: Number(attribute.value) };
    case 'string':
      return { ...base, s: attribute.value };
    case 'tensor':
      return { ...base, t: tensorProto('', attribute.value) };
    case 'floats':
      return { ...base, floats: attribute.value };
    case 'ints':
      return { ...base, ints: attribute.value.map(Number) };
    case 'strings':
      return { ...base, strings: attribute.value };
  }
}

/** What becomes of each TensorProto.DataType code, and the bytes of one stored element. Half precision is widened. */
const elements: ReadonlyMap<number, { readonly dataType: DataType; readonly bytes: number }> = new Map([
  [dataTypeCodes.float32, { dataType: 'float32', bytes: 4 }],
  [dataTypeCodes.uint8, { dataType: 'uint8', bytes: 1 }],
  [dataTypeCodes.int8, { dataType: 'int8', bytes: 1 }],
  [dataTypeCodes.int32, { dataType: 'int32', bytes: 4 }],
  [dataTypeCodes.int64, { dataType: 'int64', bytes: 8 }],
  [dataTypeCodes.bool, { dataType: 'bool', bytes: 1 }],
  [dataTypeCodes.float16, { dataType: 'float32', bytes: 2 }],
  [dataTypeCodes.float64, { dataType: 'float64', bytes: 8 }],
]);

function elementOf(code: number, where: string): { readonly dataType: DataType; readonly bytes: number } {
  const found = elements.get(code);
  if (found !== undefined) return found;
  throw new InputError({
    what: 'this element type is not supported',
    where,
    expected: Object.keys(dataTypeCodes).join(', '),
    got: `ONNX type code ${code}`,
    todo: 'Export the network in float32.',
  });
}

/** The element type that a stored type becomes: half precision is widened, so a whole network runs in float32. */
export const dataTypeOf = (code: number, where: string): DataType => elementOf(code, where).dataType;

/** The dimensions of a stored tensor and its number of elements; nothing is allocated by what they claim. */
function claimedSize({ dims }: TensorMessage, where: string): { shape: number[]; size: number } {
  const shape = dims.map(Number);
  if (shape.some((dimension) => dimension < 0 || dimension > 2 ** 31)) {
    throw new InputError({ what: 'impossible dimensions', where, got: `[${shape.join(', ')}]` });
  }
  return { shape, size: shape.reduce((product, dimension) => product * dimension, 1) };
}

/** How many bytes the elements of a stored tensor take in raw form. */
export function rawByteLength(message: TensorMessage, where: string): number {
  return claimedSize(message, where).size * elementOf(message.dataType, where).bytes;
}

function mismatch(where: string, unit: string, expected: number, got: number): InputError {
  return new InputError({
    what: 'a tensor holds another amount of data than its dimensions say',
    where,
    expected: `${expected} ${unit}`,
    got: String(got),
    todo: 'The file is damaged: download or export it again.',
  });
}

/** The typed array over little-endian bytes. Parts of a larger memory are copied: they rarely lie at a multiple of the element size. */
function fromRaw(code: number, bytes: Uint8Array): ConstantTensor['data'] {
  const { buffer } = bytes.length === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes);
  switch (code) {
    case dataTypeCodes.float32:
      return new Float32Array(buffer);
    case dataTypeCodes.float64:
      return new Float64Array(buffer);
    case dataTypeCodes.float16:
      return fromHalf(new Uint16Array(buffer));
    case dataTypeCodes.int64:
      return new BigInt64Array(buffer);
    case dataTypeCodes.int32:
      return new Int32Array(buffer);
    case dataTypeCodes.int8:
      return new Int8Array(buffer);
    default:
      return new Uint8Array(buffer);
  }
}

/** The typed array from the field that belongs to the element type; small integers and halves share int32_data. */
function fromFields(code: number, message: TensorMessage): ConstantTensor['data'] {
  switch (code) {
    case dataTypeCodes.float32:
      return Float32Array.from(message.floatData);
    case dataTypeCodes.float64:
      return Float64Array.from(message.doubleData);
    case dataTypeCodes.float16:
      return fromHalf(Uint16Array.from(message.int32Data));
    case dataTypeCodes.int64:
      return BigInt64Array.from(message.int64Data);
    case dataTypeCodes.int32:
      return Int32Array.from(message.int32Data);
    case dataTypeCodes.int8:
      return Int8Array.from(message.int32Data);
    default:
      return Uint8Array.from(message.int32Data);
  }
}

/**
 * A stored tensor.
 * @param external the raw bytes, if they lie in another file
 * @throws InputError if the data do not fit the dimensions or the element type is unknown
 */
export function readTensor(message: TensorMessage, where: string, external?: Uint8Array): ConstantTensor {
  const dataType = dataTypeOf(message.dataType, where);
  const { shape, size } = claimedSize(message, where);
  if (external === undefined && (message.dataLocation !== 0 || message.externalData.length > 0)) {
    throw new InputError({
      what: 'external data are only supported for weights (initializers)',
      where,
      todo: 'Save the network as a single file.',
    });
  }
  const raw = external ?? message.rawData;
  if (external !== undefined || raw.length > 0) {
    const bytes = rawByteLength(message, where);
    if (raw.length !== bytes) throw mismatch(where, 'bytes', bytes, raw.length);
    return { dataType, shape, data: fromRaw(message.dataType, raw) };
  }
  const data = fromFields(message.dataType, message);
  if (data.length !== size) throw mismatch(where, 'values', size, data.length);
  return { dataType, shape, data };
}

/** A stored attribute; sub-graphs, sparse tensors and types are refused. */
export function readAttribute(message: AttributeMessage, where: string): RawAttribute {
  switch (message.type) {
    case attributeTypeCodes.float:
      return { type: 'float', value: message.f };
    case attributeTypeCodes.int:
      return { type: 'int', value: message.i };
    case attributeTypeCodes.string:
      return { type: 'string', value: Uint8Array.from(message.s) };
    case attributeTypeCodes.floats:
      return { type: 'floats', value: message.floats };
    case attributeTypeCodes.ints:
      return { type: 'ints', value: message.ints };
    case attributeTypeCodes.strings:
      return { type: 'strings', value: message.strings.map((text) => Uint8Array.from(text)) };
    case attributeTypeCodes.tensor:
      if (message.t !== null) return { type: 'tensor', value: readTensor(message.t, where) };
  }
  throw new InputError({
    what: 'this kind of attribute is not supported',
    where: `${where}, attribute "${message.name}"`,
    expected: 'a number, text, tensor or list',
    got: `ONNX attribute type code ${message.type}`,
  });
}
