/** Reads expected values of the peers: one JSON header and one file of little-endian float32 values. */
import { readFileSync } from 'node:fs';
import type { Tensor } from '../lib/src/tensor.js';
import { sizeOf } from '../lib/src/tensor.js';

export interface Fixture<Facts> {
  /** Versions of the peers that computed the values. */
  readonly versions: Readonly<Record<string, string>>;
  readonly facts: Facts;
  tensor(name: string): Tensor;
}

interface Header<Facts> {
  readonly versions: Readonly<Record<string, string>>;
  readonly facts: Facts;
  /** Offset in values, not bytes. */
  readonly tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly offset: number }>>;
}

/** The fixture test/fixtures/<name>.json with its <name>.bin. */
export function readFixture<Facts>(name: string): Fixture<Facts> {
  const path = (ending: string): URL => new URL(`./fixtures/${name}.${ending}`, import.meta.url);
  const header: Header<Facts> = JSON.parse(readFileSync(path('json'), 'utf8'));
  const bytes = readFileSync(path('bin'));
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return {
    versions: header.versions,
    facts: header.facts,
    tensor(key) {
      const entry = header.tensors[key];
      if (entry === undefined) throw new Error(`fixture ${name} has no tensor "${key}"`);
      const { shape, offset } = entry;
      return { shape, data: values.slice(offset, offset + sizeOf(shape)) };
    },
  };
}
