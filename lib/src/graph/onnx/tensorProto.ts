/** Tensors and attributes as an ONNX file stores them, in both directions. */

import { failAt, type InputError } from '../../error.js';
import { fromHalf } from '../../io/half.js';
import type { RawAttribute } from '../inference.js';
import { type ConstantTensor, type DataType, shapeText } from '../type.js';
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

/** An element type as files store it. */
interface Element {
  /** What it becomes: half precision is widened. */
  readonly dataType: DataType;
  readonly bytes: number;
  /** From little-endian bytes. */
  readonly view: (memory: ArrayBufferLike) => ConstantTensor['data'];
  /** From the field that belongs to it; small integers and halves share int32_data. */
  readonly listed: (message: TensorMessage) => ConstantTensor['data'];
}

interface Stored<Item> {
  readonly BYTES_PER_ELEMENT: number;
  new (memory: ArrayBufferLike): ConstantTensor['data'];
  from(items: readonly Item[]): ConstantTensor['data'];
}

const stored = <Item>(
  dataType: DataType,
  array: Stored<Item>,
  items: (message: TensorMessage) => readonly Item[],
): [code: number, element: Element] => [
  dataTypeCodes[dataType],
  {
    ...{ dataType, bytes: array.BYTES_PER_ELEMENT },
    view: (memory) => new array(memory),
    listed: (message) => array.from(items(message)),
  },
];

/** By the code of TensorProto.DataType. */
const elements: ReadonlyMap<number, Element> = new Map([
  stored('float32', Float32Array, ({ floatData }) => floatData),
  stored('float64', Float64Array, ({ doubleData }) => doubleData),
  stored('int64', BigInt64Array, ({ int64Data }) => int64Data),
  stored('int32', Int32Array, ({ int32Data }) => int32Data),
  stored('int8', Int8Array, ({ int32Data }) => int32Data),
  stored('uint8', Uint8Array, ({ int32Data }) => int32Data),
  stored('bool', Uint8Array, ({ int32Data }) => int32Data),
  [
    dataTypeCodes.float16,
    {
      ...{ dataType: 'float32', bytes: 2 },
      view: (memory) => fromHalf(new Uint16Array(memory)),
      listed: ({ int32Data }) => fromHalf(Uint16Array.from(int32Data)),
    },
  ],
]);

function elementOf(code: number, where: string): Element {
  const found = elements.get(code);
  if (found !== undefined) return found;
  throw failAt(where, 'Export the network in float32.')(
    'this element type is not supported',
    Object.keys(dataTypeCodes).join(', '),
    `ONNX type code ${code}`,
  );
}

/** The element type that a stored type becomes: half precision is widened, so a whole network runs in float32. */
export const dataTypeOf = (code: number, where: string): DataType => elementOf(code, where).dataType;

/** The dimensions of a stored tensor and its number of elements; nothing is allocated by what they claim. */
function claimedSize({ dims }: TensorMessage, where: string): { shape: number[]; size: number } {
  const shape = dims.map(Number);
  if (shape.some((dimension) => dimension < 0 || dimension > 2 ** 31)) {
    throw failAt(where)('impossible dimensions', undefined, shapeText(shape));
  }
  return { shape, size: shape.reduce((product, dimension) => product * dimension, 1) };
}

/** How many bytes the elements of a stored tensor take in raw form. */
export function rawByteLength(message: TensorMessage, where: string): number {
  return claimedSize(message, where).size * elementOf(message.dataType, where).bytes;
}

function mismatch(where: string, unit: string, expected: number, got: number): InputError {
  return failAt(where, 'The file is damaged: download or export it again.')(
    'a tensor holds another amount of data than its dimensions say',
    `${expected} ${unit}`,
    String(got),
  );
}

/**
 * A stored tensor.
 * @param external the raw bytes, if they lie in another file
 * @throws InputError if the data do not fit the dimensions or the element type is unknown
 */
export function readTensor(message: TensorMessage, where: string, external?: Uint8Array): ConstantTensor {
  const { dataType, bytes: width, view, listed } = elementOf(message.dataType, where);
  const { shape, size } = claimedSize(message, where);
  if (external === undefined && (message.dataLocation !== 0 || message.externalData.length > 0)) {
    const fail = failAt(where, 'Save the network as a single file.');
    throw fail('external data are only supported for weights (initializers)');
  }
  const raw = external ?? message.rawData;
  if (external !== undefined || raw.length > 0) {
    if (raw.length !== size * width) throw mismatch(where, 'bytes', size * width, raw.length);
    // Parts of a larger memory are copied: they rarely lie at a multiple of the element size.
    const { buffer } = raw.length === raw.buffer.byteLength ? raw : Uint8Array.from(raw);
    return { dataType, shape, data: view(buffer) };
  }
  const data = listed(message);
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
  throw failAt(`${where}, attribute "${message.name}"`)(
    'this kind of attribute is not supported',
    'a number, text, tensor or list',
    `ONNX attribute type code ${message.type}`,
  );
}
