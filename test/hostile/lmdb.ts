/** Damage to an LMDB file by somebody who knows it: its pages, their nodes, and the two pages that say where it begins. */
import type { Random } from '../../lib/src/random.js';
import { boundaries, type Mutate } from './mutate.js';

const pageSize = 4096;
const flagsOf = { branch: 1, leaf: 2, overflow: 4, meta: 8 } as const;

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

/** Numbers of the pages of these kinds: each page starts with its own number. */
function pagesOf(bytes: Uint8Array, ...kinds: readonly (keyof typeof flagsOf)[]): readonly number[] {
  const view = viewOf(bytes);
  const isOfKind = (page: number): boolean =>
    view.getBigUint64(page * pageSize, true) === BigInt(page) &&
    kinds.some((kind) => view.getUint16(page * pageSize + 10, true) === flagsOf[kind]);
  return Array.from({ length: bytes.length / pageSize }, (_, page) => page).filter(isOfKind);
}

/** Where one of the page's nodes is. */
function nodeOf(bytes: Uint8Array, page: number, random: Random): number {
  const view = viewOf(bytes);
  const [start, lower] = [page * pageSize, view.getUint16(page * pageSize + 12, true)];
  const pointer = start + 16 + 2 * random.integer((lower - 16) / 2);
  return start + view.getUint16(pointer, true);
}

function setNasty(bytes: Uint8Array, at: number, size: 2 | 4 | 8, random: Random): void {
  const view = viewOf(bytes);
  const value = random.chance(0.5) ? random.pick(boundaries) : random.integer(5000);
  if (size === 2) view.setUint16(at, value & 0xffff, true);
  else if (size === 4) view.setUint32(at, value, true);
  else view.setBigUint64(at, random.chance(0.2) ? 2n ** 64n - 1n : BigInt(value), true);
}

export const lmdbKinds: Readonly<Record<string, Mutate>> = {
  'a field of a page': (bytes, random) => {
    const page = random.pick(pagesOf(bytes, random.pick(['branch', 'leaf', 'overflow'] as const), 'leaf'));
    const [offset, size] = random.pick([
      [0, 8],
      [10, 2],
      [12, 2],
      [12, 4],
      [14, 2],
    ] as const);
    setNasty(bytes, page * pageSize + offset, size, random);
    return bytes;
  },
  'a node': (bytes, random) => {
    const pages = pagesOf(bytes, 'branch', 'leaf');
    const page = random.pick(pages);
    const node = nodeOf(bytes, page, random);
    const change = random.integer(7);
    if (change < 4) setNasty(bytes, node + 2 * change, 2, random);
    else if (change === 4) setNasty(bytes, node, 4, random);
    // Of a branch: another child, perhaps an ancestor. Of a leaf: a length of the value.
    else if (change === 5) viewOf(bytes).setUint32(node, random.pick(pages), true);
    else bytes[node + 8 + random.integer(24)] ^= 1 << random.integer(8);
    return bytes;
  },
  'where a node is': (bytes, random) => {
    const page = random.pick(pagesOf(bytes, 'branch', 'leaf'));
    const view = viewOf(bytes);
    const count = (view.getUint16(page * pageSize + 12, true) - 16) / 2;
    const [one, other] = [random.integer(count), random.integer(count)].map(
      (i) => page * pageSize + 16 + 2 * i,
    );
    if (random.chance(0.5)) setNasty(bytes, one, 2, random);
    else view.setUint16(one, view.getUint16(other, true), true);
    return bytes;
  },
  'the overflow page of a value': (bytes, random) => {
    const view = viewOf(bytes);
    const node = nodeOf(bytes, random.pick(pagesOf(bytes, 'leaf')), random);
    const at = node + 8 + view.getUint16(node + 6, true);
    if (at + 8 <= bytes.length) setNasty(bytes, at, 8, random);
    return bytes;
  },
  'a field of the pages that say where it begins': (bytes, random) => {
    const [offset, size] = random.pick([
      ...[16, 20, 40, 48].map((at) => [at, 4] as const),
      ...[92, 94].map((at) => [at, 2] as const),
      ...[24, 32, 96, 104, 112, 120, 128, 136, 144].map((at) => [at, 8] as const),
    ]);
    for (const page of random.pick([[0], [1], [0, 1]])) {
      setNasty(bytes, page * pageSize + offset, size, random);
    }
    return bytes;
  },
  'a page over another': (bytes, random) => {
    const pages = pagesOf(bytes, 'branch', 'leaf', 'overflow', 'meta');
    const [from, to] = [random.pick(pages), random.pick(pages)];
    bytes.copyWithin(to * pageSize, from * pageSize, (from + 1) * pageSize);
    if (random.chance(0.5)) viewOf(bytes).setBigUint64(to * pageSize, BigInt(to), true);
    return bytes;
  },
};
