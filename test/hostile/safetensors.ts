/** Damage to a safetensors file by somebody who knows it: one value of its header is another, and the length fits. */
import { jsonKinds } from './json.js';
import { concatenate, type Mutate } from './mutate.js';

export const safetensorsKinds: Readonly<Record<string, Mutate>> = Object.fromEntries(
  Object.entries(jsonKinds).map(([name, mutate]): [string, Mutate] => [
    `${name} of the header`,
    (bytes, random, options) => {
      const end = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
      const header = mutate(bytes.slice(8, end), random, options);
      const length = new Uint8Array(BigUint64Array.of(BigInt(header.length)).buffer);
      return concatenate(length, header, bytes.subarray(end));
    },
  ]),
);
