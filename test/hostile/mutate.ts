/** Damaged versions of a sound file: what disks, networks and ill will do to it, the same for the same seed. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after } from 'mocha';
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
  /** Damage by somebody who knows the format: every second mutation, in turn. */
  readonly kinds?: Readonly<Record<string, Mutate>>;
}

/** Values that lengths, offsets and counts go wrong at. */
export const boundaries = [
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
] as const;

/** Gets a copy of the sound file, which it may write into; returns the damaged file. */
export type Mutate = (
  bytes: Uint8Array,
  random: Random,
  options: Required<Pick<MutationOptions, 'donors' | 'within'>>,
) => Uint8Array;

const blindKinds: Readonly<Record<string, Mutate>> = {
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

export function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** FUZZ_ROUNDS=50 npx mocha -g mutations tries fifty times as many of each. */
const rounds = Number(process.env.FUZZ_ROUNDS ?? 1);

/** The kinds in turn, each at a random place; `original` stays as it is. */
export function* mutations(original: Uint8Array, options: MutationOptions): Generator<Mutation> {
  const { count, seed, donors = [original], kinds } = options;
  const within = Math.min(options.within ?? original.length, original.length);
  const blind = Object.entries(blindKinds);
  const knowing = Object.entries(kinds ?? {});
  for (let i = 0; i < rounds * count; i++) {
    const [list, turn] =
      knowing.length === 0 ? [blind, i] : [i % 2 === 0 ? blind : knowing, Math.floor(i / 2)];
    const [kind, mutate] = list[turn % list.length];
    const random = createRandom(seed, 'mutation', i);
    yield { bytes: mutate(new Uint8Array(original), random, { donors, within }), name: `${i}: ${kind}` };
  }
}

/** Of all formats, in this run. */
let mutationsRead = 0;
after(() =>
  console.log(`  ${mutationsRead.toLocaleString('en')} mutations, each read or refused in one clear error`),
);

export interface Outcome {
  readonly refused: number;
  readonly read: number;
}

export interface SurvivalOptions {
  /** What every refusal must name: the file. */
  readonly names?: string;
  /** The most processor time that one reading may take; a busy machine does not count. What waits for ever, mocha ends. */
  readonly seconds?: number;
  /** The most that memory may grow while all are read. */
  readonly mebibytes?: number;
}

/**
 * Reads every mutation: each must be read, or refused by one InputError of readable length that names the file, in
 * bounded time; and the memory of the process must not grow with what a file claims.
 * @throws AssertionError naming the mutation
 */
export async function survive(
  damaged: Iterable<Mutation>,
  read: (bytes: Uint8Array) => unknown,
  { names = '', seconds = 10, mebibytes = 512 }: SurvivalOptions = {},
): Promise<Outcome> {
  let [refused, sound] = [0, 0];
  const before = peakMebibytes({ reset: true });
  for (const { bytes, name } of damaged) {
    const start = process.cpuUsage();
    try {
      await read(bytes);
      sound++;
    } catch (thrown) {
      const isClear =
        thrown instanceof InputError && thrown.message.length < 2000 && thrown.message.includes(names);
      assert.ok(isClear, `mutation ${name}: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
      refused++;
    }
    const { user, system } = process.cpuUsage(start);
    assert.ok(user + system < 1e6 * seconds, `mutation ${name} took ${(user + system) / 1e6} s`);
  }
  mutationsRead += refused + sound;
  const grown = peakMebibytes() - before;
  assert.ok(grown < mebibytes, `memory grew by ${grown} MiB`);
  return { refused, read: sound };
}

/** The most memory that the process has held; since the last reset, where the system can forget what was before. */
export function peakMebibytes({ reset = false } = {}): number {
  if (reset) {
    try {
      writeFileSync('/proc/self/clear_refs', '5');
    } catch {
      // Not Linux: what other tests took hides growth below it.
    }
  }
  return process.resourceUsage().maxRSS / 1024;
}
