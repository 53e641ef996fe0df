/** Damaged versions of a sound file: what disks, networks and ill will do to it, the same for the same seed. */
import assert from 'node:assert/strict';
import { InputError } from '../../lib/src/error.js';
import { createRandom, type Random } from '../../lib/src/random.js';

export interface Mutation {
  readonly bytes: Uint8Array;
  /** For example "17: a number at 40"; the seed and this name the mutation in a failed test. */
  readonly name: string;
}

export interface MutationOptions {
  readonly count: number;
  readonly seed: number;
  /** Files whose parts are spliced in; the file itself unless told. */
  readonly donors?: readonly Uint8Array[];
  /** Only the first bytes are damaged; all unless told. */
  readonly within?: number;
}

/** Values that lengths, offsets and counts go wrong at. */
const boundaries = [
  0,
  1,
  0x7f,
  0x80,
  0xff,
  0x7fff,
  0x8000,
  0xffff,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];

type Mutate = (
  bytes: Uint8Array,
  random: Random,
  options: Required<Pick<MutationOptions, 'donors' | 'within'>>,
) => Uint8Array;

const kinds: Readonly<Record<string, Mutate>> = {
  bits: (bytes, random, { within }) => {
    const flips = 1 + random.integer(8);
    for (let i = 0; i < flips; i++) bytes[random.integer(within)] ^= 1 << random.integer(8);
    return bytes;
  },
  bytes: (bytes, random, { within }) => {
    const start = random.integer(within);
    const value = random.pick([0, 0xff, 0x20, random.integer(256)]);
    return bytes.fill(value, start, start + 1 + random.integer(32));
  },
  number: (bytes, random, { within }) => {
    const size = random.pick([2, 4, 8]);
    const at = random.integer(Math.max(1, within - size));
    const field = new Uint8Array(8);
    const view = new DataView(field.buffer);
    const value = random.pick(boundaries);
    const isLittle = random.chance(0.7);
    if (size === 2) view.setUint16(0, value & 0xffff, isLittle);
    else if (size === 4) view.setUint32(0, value, isLittle);
    else view.setBigUint64(0, random.chance(0.3) ? 2n ** 64n - 1n : BigInt(value), isLittle);
    bytes.set(field.subarray(0, Math.min(size, bytes.length - at)), at);
    return bytes;
  },
  truncation: (bytes, random) => bytes.slice(0, random.integer(bytes.length)),
  insertion: (bytes, random, { within }) => {
    const at = random.integer(within);
    const inserted = Uint8Array.from({ length: 1 + random.integer(64) }, () => random.integer(256));
    return concatenate(bytes.subarray(0, at), inserted, bytes.subarray(at));
  },
  removal: (bytes, random, { within }) => {
    const at = random.integer(within);
    return concatenate(bytes.subarray(0, at), bytes.subarray(at + 1 + random.integer(64)));
  },
  splice: (bytes, random, { donors, within }) => {
    const donor = random.pick(donors);
    const from = random.integer(donor.length);
    const part = donor.subarray(from, from + 1 + random.integer(256));
    const at = random.integer(within);
    return concatenate(bytes.subarray(0, at), part, bytes.subarray(at + part.length));
  },
};

function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** The kinds in turn, each at a random place; `original` stays as it is. */
export function* mutations(original: Uint8Array, options: MutationOptions): Generator<Mutation> {
  const { count, seed, donors = [original] } = options;
  const within = Math.min(options.within ?? original.length, original.length);
  const names = Object.keys(kinds);
  for (let i = 0; i < count; i++) {
    const kind = names[i % names.length];
    const random = createRandom(seed, 'mutation', i);
    yield { bytes: kinds[kind](original.slice(), random, { donors, within }), name: `${i}: ${kind}` };
  }
}

export interface Outcome {
  readonly refused: number;
  readonly read: number;
}

/**
 * Reads every mutation: each must be read, or refused by one InputError of readable length, within `seconds`.
 * @throws AssertionError naming the mutation
 */
export async function survive(
  damaged: Iterable<Mutation>,
  read: (bytes: Uint8Array) => unknown,
  { seconds = 10 }: { readonly seconds?: number } = {},
): Promise<Outcome> {
  let [refused, sound] = [0, 0];
  for (const { bytes, name } of damaged) {
    const start = performance.now();
    try {
      await read(bytes);
      sound++;
    } catch (thrown) {
      const isClear = thrown instanceof InputError && thrown.message.length < 2000;
      assert.ok(isClear, `mutation ${name}: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
      refused++;
    }
    assert.ok(performance.now() - start < 1000 * seconds, `mutation ${name} took more than ${seconds} s`);
  }
  return { refused, read: sound };
}
