/** Damage to a file that begins with the length of a JSON header, by somebody who knows it: the length still fits. */
import { jsonKinds } from './json.js';
import { concatenate, type Mutate } from './mutate.js';

const lengthAt = (bytes: Uint8Array, size: 4 | 8): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  return size === 4 ? view.getUint32(0, true) : Number(view.getBigUint64(0, true));
};

/** @param size bytes of the length, little-endian: 8 in safetensors, 4 in records of packed patches */
export function jsonHeaderKinds(size: 4 | 8): Readonly<Record<string, Mutate>> {
  const damaged = (mutate: Mutate): Mutate => {
    return (bytes, random, options) => {
      const end = size + lengthAt(bytes, size);
      const header = mutate(bytes.subarray(size, end), random, options);
      const length = new Uint8Array(BigUint64Array.of(BigInt(header.length)).buffer, 0, size);
      return concatenate(length, header, bytes.subarray(end));
    };
  };
  return Object.fromEntries(
    Object.entries(jsonKinds).map(([name, mutate]) => [`${name} of the header`, damaged(mutate)]),
  );
}
