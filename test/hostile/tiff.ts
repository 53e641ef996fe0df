/** Damage to a TIFF file by somebody who knows it: entries of its directory rewritten, strips and tiles damaged. */
import type { Random } from '../../lib/src/random.js';
import { boundaries, type Mutate } from './mutate.js';

const typeBytes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4];

/** Tags that readers know, and some that they may not expect. */
const tags = [
  ...[256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 330, 338, 339],
  ...[33550, 33922, 34264, 34735, 34736, 34737, 42112, 42113, 0, 65535],
] as const;

/** Sides, counts and codes between the boundaries. */
const numbers = [...boundaries, 2, 3, 5, 7, 8, 16, 24, 32, 64, 120, 1024, 32946, 65536, 2 ** 20] as const;

const reals = [0, -0, 1e-308, 1e308, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53] as const;

interface Entry {
  /** Of the entry's 12 bytes. */
  readonly at: number;
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** Where its values lie, in the entry itself or elsewhere. */
  readonly values: number;
}

/** The first directory of a sound file. */
function directoryOf(bytes: Uint8Array): {
  readonly view: DataView;
  readonly little: boolean;
  readonly start: number;
  readonly entries: readonly Entry[];
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 0x49;
  const start = view.getUint32(4, little);
  const entries = Array.from({ length: view.getUint16(start, little) }, (_, i) => {
    const at = start + 2 + 12 * i;
    const [tag, type] = [view.getUint16(at, little), view.getUint16(at + 2, little)];
    const count = view.getUint32(at + 4, little);
    const values = count * typeBytes[type] <= 4 ? at + 8 : view.getUint32(at + 8, little);
    return { at, tag, type, count, values };
  });
  return { view, little, start, entries };
}

/** Offsets and lengths of the strips or tiles. */
function blocksOf(bytes: Uint8Array): readonly { readonly start: number; readonly length: number }[] {
  const { view, little, entries } = directoryOf(bytes);
  const [starts, lengths] = [
    [273, 324],
    [279, 325],
  ].map((of) =>
    entries
      .filter(({ tag }) => of.includes(tag))
      .flatMap(({ type, count, values }) =>
        Array.from({ length: count }, (_, i) =>
          type === 3 ? view.getUint16(values + 2 * i, little) : view.getUint32(values + 4 * i, little),
        ),
      ),
  );
  return starts.map((start, i) => ({ start, length: lengths[i] }));
}

function setValue(view: DataView, at: number, type: number, little: boolean, random: Random): void {
  if (type === 12) view.setFloat64(at, random.pick(reals), little);
  else if (typeBytes[type] === 2) view.setUint16(at, random.pick(numbers) & 0xffff, little);
  else if (typeBytes[type] === 4) view.setUint32(at, random.pick(numbers), little);
  else view.setUint8(at, random.integer(256));
}

/** Several at once: some damage shows only with other damage. */
const repeatedly =
  (mutate: (bytes: Uint8Array, random: Random) => void): Mutate =>
  (bytes, random) => {
    for (let times = 1 + random.integer(3); times > 0; times--) mutate(bytes, random);
    return bytes;
  };

export const tiffKinds: Readonly<Record<string, Mutate>> = {
  'a value of a tag': repeatedly((bytes, random) => {
    const { view, little, entries } = directoryOf(bytes);
    const { type, count, values } = random.pick(entries.filter((entry) => entry.count > 0));
    const at = values + typeBytes[type] * random.integer(count);
    if (at + typeBytes[type] <= bytes.length) setValue(view, at, type, little, random);
  }),
  'an entry of the directory': (bytes, random) => {
    const { view, little, entries } = directoryOf(bytes);
    const { at } = random.pick(entries);
    const change = random.integer(5);
    if (change === 0) view.setUint16(at, random.pick(tags), little);
    else if (change === 1) view.setUint16(at + 2, random.integer(16), little);
    else if (change === 2) view.setUint32(at + 4, random.pick(numbers), little);
    else if (change === 3) view.setUint32(at + 8, random.pick(numbers), little);
    else view.setUint32(at + 8, random.integer(bytes.length), little);
    return bytes;
  },
  'an entry left out, doubled or moved': (bytes, random) => {
    const { start, entries } = directoryOf(bytes);
    const [from, to] = [random.pick(entries), random.pick(entries)];
    if (random.chance(0.5)) bytes.copyWithin(to.at, from.at, from.at + 12);
    else {
      bytes.copyWithin(from.at, from.at + 12, entries[entries.length - 1].at + 16);
      bytes[start + (bytes[0] === 0x49 ? 0 : 1)]--;
    }
    return bytes;
  },
  'a strip or tile': repeatedly((bytes, random) => {
    const { start, length } = random.pick(blocksOf(bytes));
    const at = start + random.integer(length);
    const end = Math.min(start + length, at + 1 + random.integer(16));
    const change = random.integer(3);
    if (change === 0) bytes[at] ^= 1 << random.integer(8);
    else if (change === 1) bytes.fill(random.pick([0, 0xff, 0x80]), at, end);
    else bytes.copyWithin(at, start, start + end - at);
  }),
  'sides and how pixels are stored': repeatedly((bytes, random) => {
    const { view, little, entries } = directoryOf(bytes);
    const layout = entries.filter(({ tag }) => tag < 400);
    const { type, values } = random.pick(layout);
    if (values + 4 <= bytes.length) setValue(view, values, type, little, random);
  }),
};
