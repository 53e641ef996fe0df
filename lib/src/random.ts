/** Random numbers from an explicit key: the same key gives the same numbers on every machine. */
import { failAt } from './error.js';

/** The largest seed, as numpy and scikit-learn have it. */
export const largestSeed = 2 ** 32 - 1;

/** InputError unless it is a whole number from 0 to `largestSeed`, as every seed of this library. */
export function requireSeed(seed: number, where: string): void {
  if (!(Number.isSafeInteger(seed) && seed >= 0 && seed <= largestSeed))
    throw failAt(where)('not a seed', `a whole number from 0 to ${largestSeed}`, `${seed}`);
}

/** A key is any path of numbers and strings, such as (seed, 'scene', index). */
export type RandomKey = readonly (number | string)[];

export interface Random {
  /** Uniform in [low, high). */
  uniform(low?: number, high?: number): number;
  /** Standard normal (Box-Muller). */
  normal(): number;
  /** An integer in [0, end). */
  integer(end: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One of the items. */
  pick<Item>(items: readonly Item[]): Item;
  /** A new array with the items in random order (Fisher-Yates). */
  shuffle<Item>(items: readonly Item[]): Item[];
}

/** Two rounds of a 32-bit avalanche (the finaliser of MurmurHash3). */
function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function hashKey(key: RandomKey, lane: number): number {
  let hash = mix(0x9e3779b9 ^ lane);
  for (const char of JSON.stringify(key))
    hash = mix(Math.imul(hash, 0x01000193) ^ (char.codePointAt(0) ?? 0));
  return hash;
}

/** The generator sfc32 (Chris Doty-Humphrey, PractRand), seeded by a hash of the key. */
export function createRandom(...key: RandomKey): Random {
  let a = hashKey(key, 1);
  let b = hashKey(key, 2);
  let c = hashKey(key, 3);
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) next();

  const uniform = (low = 0, high = 1): number => low + (high - low) * (next() / 2 ** 32);
  const integer = (end: number): number => Math.floor(uniform(0, end));
  let spare: number | undefined;
  return {
    uniform,
    integer,
    normal() {
      if (spare !== undefined) {
        const value = spare;
        spare = undefined;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = uniform(0, 2 * Math.PI);
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    chance: (probability) => uniform() < probability,
    pick: (items) => items[integer(items.length)],
    shuffle(items) {
      const result = [...items];
      for (let i = result.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        [result[i], result[j]] = [result[j], result[i]];
      }
      return result;
    },
  };
}
