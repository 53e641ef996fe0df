/** Damaged copies of sound files: bytes changed, cut out, repeated and exchanged, lengths and numbers made absurd. */
import { createRandom } from '../lib/src/random.js';

export interface MutationOptions {
  readonly count: number;
  readonly seed: number;
  /** Half of the changes fall on so many first bytes, where headers lie; by default anywhere. */
  readonly structured?: number;
}

const texts = [
  '-1',
  '0',
  '1e309',
  '4294967296',
  '9007199254740993',
  'null',
  '[]',
  '{}',
  '""',
  '../',
  'NaN',
  '[',
];

/** `count` mutations of the files in turn, each of one to four changes; the seed decides them all. */
export function* mutations(
  files: readonly Uint8Array[],
  { count, seed, structured = Number.POSITIVE_INFINITY }: MutationOptions,
): Generator<Uint8Array> {
  for (let i = 0; i < count; i++) {
    const random = createRandom(seed, 'mutation', i);
    const below = (limit: number): number => Math.floor(random.uniform(0, limit));
    let bytes = files[i % files.length].slice();
    for (let change = below(4); change >= 0; change--) {
      const range = random.uniform(0, 1) < 0.5 ? Math.min(structured, bytes.length) : bytes.length;
      const at = below(range);
      const length = Math.min(1 + below(32), bytes.length - at);
      switch (below(7)) {
        case 0:
          bytes[at] ^= 1 << below(8);
          break;
        case 1:
          bytes[at] = below(256);
          break;
        case 2:
          bytes = bytes.slice(0, at);
          break;
        case 3:
          bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
          break;
        case 4:
          bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
          break;
        case 5:
          bytes.set(new TextEncoder().encode(texts[below(texts.length)]).subarray(0, bytes.length - at), at);
          break;
        default:
          bytes = Buffer.concat([
            bytes.subarray(0, at),
            Buffer.from(digits(bytes, at, below(1e9))),
            bytes.subarray(at + length),
          ]);
      }
      if (bytes.length === 0) break;
    }
    yield new Uint8Array(bytes);
  }
}

/** A number where a digit stood, else noise. */
function digits(bytes: Uint8Array, at: number, value: number): string {
  const isDigit = bytes[at] >= 0x30 && bytes[at] <= 0x39;
  return isDigit ? String(value) : String.fromCharCode(value % 128);
}
