/**
 * Unpacking the compressed strips and tiles of a TIFF, never beyond a stated length: geotiff's own decoders have no such
 * bound, and a small file could make them fill the memory.
 */
import { inflateSync } from 'node:zlib';
import { ZSTDDecoder } from 'zstddec';

type Unpack = (block: Uint8Array, atMost: number) => Uint8Array;

/** By TIFF's code: none, LZW, Deflate under its two codes, PackBits, Zstandard. */
const unpackers: Readonly<Record<number, Unpack>> = {
  1: (block) => block,
  5: unpackLzw,
  8: unpackDeflate,
  32946: unpackDeflate,
  32773: unpackPackBits,
  50000: unpackZstandard,
};

/** What others are called, to be refused by name. */
const names: Readonly<Record<number, string>> = {
  6: 'old JPEG',
  7: 'JPEG',
  34712: 'JPEG 2000',
  34887: 'LERC',
  34925: 'LZMA',
  50001: 'WebP',
  50002: 'JPEG XL',
  52546: 'JPEG XL',
};

export const isKnownCompression = (scheme: number): boolean => Object.hasOwn(unpackers, scheme);

export const compressionName = (scheme: number): string => names[scheme] ?? `${scheme}`;

const zstandard = new ZSTDDecoder();

/**
 * The bytes of one strip or tile.
 * @throws Error if the block is damaged, or unpacks to more than `atMost` bytes (it is not unpacked further)
 */
export async function unpack(block: Uint8Array, scheme: number, atMost: number): Promise<Uint8Array> {
  if (scheme === 50000) await zstandard.init();
  return unpackers[scheme](block, atMost);
}

function unpackDeflate(block: Uint8Array, atMost: number): Uint8Array {
  return inflateSync(block, { maxOutputLength: atMost });
}

function unpackZstandard(block: Uint8Array, atMost: number): Uint8Array {
  // Told the length, it takes no more, whatever the block claims; of damaged blocks nothing comes.
  return zstandard.decode(block, atMost);
}

/** PackBits as in TIFF 6.0, section 9: n from 0 copies n + 1 bytes, n below 0 repeats one 1 - n times, -128 is nothing. */
function unpackPackBits(block: Uint8Array, atMost: number): Uint8Array {
  const output = new Uint8Array(atMost);
  let written = 0;
  for (let at = 0; at < block.length && written < atMost; ) {
    const header = block[at++];
    if (header === 128) continue;
    const length = header < 128 ? header + 1 : 257 - header;
    if (written + length > atMost) throw new Error(`PackBits data unpack to more than ${atMost} bytes`);
    if (header < 128) output.set(block.subarray(at, at + length), written);
    else output.fill(block[at] ?? 0, written, written + length);
    at += header < 128 ? length : 1;
    if (at > block.length) throw new Error('damaged PackBits data');
    written += length;
  }
  return output.subarray(0, written);
}
const clearCode = 256;
const endCode = 257;

/** LZW as in TIFF 6.0, section 13: codes of 9 to 12 bits, highest bit first, widened one code early. */
function unpackLzw(block: Uint8Array, atMost: number): Uint8Array {
  const output = new Uint8Array(atMost);
  // A table entry is the previous string and one byte more, which lie side by side in the output already.
  const starts = new Int32Array(4096);
  const lengths = new Int32Array(4096);
  let written = 0;
  let next = endCode + 1;
  let width = 9;
  let previousLength = 0;
  let pending = 0;
  let pendingBits = 0;
  for (const byte of block) {
    pending = (pending << 8) | byte;
    pendingBits += 8;
    if (pendingBits < width) continue;
    pendingBits -= width;
    const code = pending >> pendingBits;
    pending &= (1 << pendingBits) - 1;
    if (code === endCode) break;
    if (code === clearCode) {
      next = endCode + 1;
      width = 9;
      previousLength = 0;
      continue;
    }
    const previousStart = written - previousLength;
    const literal = code < clearCode;
    const pendingEntry = code === next && previousLength > 0;
    if (!literal && !pendingEntry && code >= next) throw new Error(`damaged LZW data: code ${code}`);
    const length = literal ? 1 : pendingEntry ? previousLength + 1 : lengths[code];
    if (written + length > atMost) throw new Error(`LZW data unpack to more than ${atMost} bytes`);
    if (literal) output[written] = code;
    else {
      const from = pendingEntry ? previousStart : starts[code];
      // Byte by byte: the pending entry ends with a byte that this very loop writes.
      for (let k = 0; k < length; k++) output[written + k] = output[from + k];
    }
    if (previousLength > 0 && next < 4096) {
      starts[next] = previousStart;
      lengths[next] = previousLength + 1;
      next++;
    }
    if (next + 1 >= 2 ** width && width < 12) width++;
    written += length;
    previousLength = length;
  }
  return output.subarray(0, written);
}
