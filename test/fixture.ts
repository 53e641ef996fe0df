/** Reads expected values of the peers: one JSON header and one file of little-endian values, single or double precision. */
import { readFileSync } from 'node:fs';
import type { Tensor } from '../lib/src/tensor.js';
import { sizeOf } from '../lib/src/tensor.js';
import type { ReferenceTensor } from './reference/reference.js';

export interface Fixture<Facts, Values> {
  /** Versions of the peers that computed the values. */
  readonly versions: Readonly<Record<string, string>>;
  readonly facts: Facts;
  tensor(name: string): Values;
}

interface Header<Facts> {
  readonly versions: Readonly<Record<string, string>>;
  readonly facts: Facts;
  /** Offset in values, not bytes. */
  readonly tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly offset: number }>>;
}

function read<Facts, Data>(name: string, values: (buffer: ArrayBuffer) => Data) {
  const path = (ending: string): URL => new URL(`./fixtures/${name}.${ending}`, import.meta.url);
  const header: Header<Facts> = JSON.parse(readFileSync(path('json'), 'utf8'));
  const { buffer, byteOffset, byteLength } = readFileSync(path('bin'));
  const place = (key: string) => {
    const entry = header.tensors[key];
    if (entry === undefined) throw new Error(`fixture ${name} has no tensor "${key}"`);
    const { shape, offset } = entry;
    return { shape, start: offset, end: offset + sizeOf(shape) };
  };
  return { ...header, all: values(new Uint8Array(buffer, byteOffset, byteLength).slice().buffer), place };
}

/** The fixture test/fixtures/<name>.json with its <name>.bin, in single precision. */
export function readFixture<Facts>(name: string): Fixture<Facts, Tensor> {
  const { versions, facts, all, place } = read<Facts, Float32Array>(name, (bytes) => new Float32Array(bytes));
  return {
    versions,
    facts,
    tensor(key) {
      const { shape, start, end } = place(key);
      return { shape, data: all.slice(start, end) };
    },
  };
}

/** The same in double precision. */
export function readDoubleFixture<Facts>(name: string): Fixture<Facts, ReferenceTensor> {
  const { versions, facts, all, place } = read<Facts, Float64Array>(name, (bytes) => new Float64Array(bytes));
  return {
    versions,
    facts,
    tensor(key) {
      const { shape, start, end } = place(key);
      return { shape, data: all.slice(start, end) };
    },
  };
}
