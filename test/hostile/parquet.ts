/** Damage to a Parquet file by somebody who knows it: the lengths, counts and codes in its footer and page headers. */
import { parquetMetadata } from 'hyparquet';
import type { Random } from '../../lib/src/random.js';
import { concatenate, type Mutate } from './mutate.js';

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The variable-length integers of a structure in Thrift's compact protocol, and where it ends. */
function readThrift(
  bytes: Uint8Array,
  start: number,
): { readonly integers: readonly Span[]; readonly end: number } {
  const integers: Span[] = [];
  let at = start;
  const integer = (): number => {
    const from = at;
    let value = 0;
    do value += (bytes[at] & 0x7f) * 128 ** (at - from);
    while (bytes[at++] >= 128);
    integers.push({ start: from, end: at });
    return value;
  };
  const element = (type: number): void => {
    if (type === 3) at++;
    else if (type >= 4 && type <= 6) integer();
    else if (type === 7) at += 8;
    else if (type === 8) {
      const length = integer();
      at += length;
    } else if (type === 9) {
      const head = bytes[at++];
      const count = head >> 4 === 15 ? integer() : head >> 4;
      for (let i = 0; i < count; i++) element(head & 15);
    } else if (type === 12) structure();
  };
  const structure = (): void => {
    for (let head = bytes[at++]; head > 0; head = bytes[at++]) {
      if (head >> 4 === 0) integer();
      element(head & 15);
    }
  };
  structure();
  return { integers, end: at };
}

function encodeInteger(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.from([...bytes, Number(rest)]);
}

/** As stored: signed numbers lie between, 2 n or -2 n - 1. */
const nastyIntegers: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 12n, 16n, 24n, 64n, 126n, 127n, 128n, 255n, 256n, 1000n, 4096n],
  ...[16n, 20n, 24n, 27n, 28n, 29n, 30n, 31n, 32n, 33n, 53n, 62n, 63n, 64n].flatMap((power) => [
    2n ** power - 1n,
    2n ** power,
  ]),
];

const nasty = (random: Random): Uint8Array =>
  encodeInteger(random.chance(0.2) ? BigInt(random.integer(200_000)) : random.pick(nastyIntegers));

/** Where the footer begins; 8 bytes follow it: its length, and "PAR1". */
function footerStart(bytes: Uint8Array): number {
  const { byteOffset, buffer, length } = bytes;
  return length - 8 - new DataView(buffer, byteOffset, length).getUint32(length - 8, true);
}

/** Column chunks, and in each of them the places of its page headers. */
function chunksOf(bytes: Uint8Array): readonly (Span & { readonly headers: readonly number[] })[] {
  return parquetMetadata(bytes).row_groups.flatMap(({ columns }) =>
    columns.flatMap(({ meta_data: chunk }) => {
      if (chunk === undefined) return [];
      const start = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
      const end = start + Number(chunk.total_compressed_size);
      const headers: number[] = [];
      for (let at = start; at < end; ) {
        headers.push(at);
        const { integers, end: data } = readThrift(bytes, at);
        // The third number of a header is the length of the page, stored doubled.
        const [from, to] = [integers[2].start, integers[2].end];
        let size = 0;
        for (let i = to - 1; i >= from; i--) size = size * 128 + (bytes[i] & 127);
        at = data + size / 2;
      }
      return [{ start, end, headers }];
    }),
  );
}

export const parquetKinds: Readonly<Record<string, Mutate>> = {
  'a number of the footer': (bytes, random) => {
    const start = footerStart(bytes);
    const { start: from, end: to } = random.pick(readThrift(bytes, start).integers);
    const footer = concatenate(bytes.subarray(start, from), nasty(random), bytes.subarray(to, -8));
    const length = new Uint8Array(Uint32Array.of(footer.length).buffer);
    return concatenate(bytes.subarray(0, start), footer, length, bytes.subarray(-4));
  },
  // Taken from the end of its chunk, so that all other chunks stay where the footer says.
  'a number of a page header': (bytes, random) => {
    const { end, headers } = random.pick(chunksOf(bytes));
    const { start: from, end: to } = random.pick(readThrift(bytes, random.pick(headers)).integers);
    const chunkHead = concatenate(bytes.subarray(0, from), nasty(random), bytes.subarray(to, end));
    return concatenate(
      chunkHead.subarray(0, end),
      new Uint8Array(Math.max(0, end - chunkHead.length)),
      bytes.subarray(end),
    );
  },
  'the content of a page': (bytes, random) => {
    const { end, headers } = random.pick(chunksOf(bytes));
    const { end: start } = readThrift(bytes, random.pick(headers));
    for (let times = 1 + random.integer(4); times > 0; times--) {
      bytes[start + random.integer(Math.min(48, end - start))] = random.pick([
        0,
        1,
        0x7f,
        0x80,
        0xff,
        random.integer(256),
      ]);
    }
    return bytes;
  },
};
