/** Unpacking the compressed strips and tiles of a TIFF, never beyond a stated length. */
import { inflateSync } from 'node:zlib';

/** TIFF compression schemes by code: none, LZW, and Deflate under its two codes. */
const unpackers: Readonly<Record<number, (block: Uint8Array, atMost: number) => Uint8Array>> = {
  1: (block) => block,
  5: unpackLzw,
  8: unpackDeflate,
  32946: unpackDeflate,
};

export function isKnownCompression(scheme: number): boolean {
  return Object.hasOwn(unpackers, scheme);
}

/**
 * The bytes of one strip or tile.
 * @throws Error where the block is damaged, or unpacks to more than `atMost` bytes (it is not unpacked further)
 */
export function unpack(block: Uint8Array, scheme: number, atMost: number): Uint8Array {
  return unpackers[scheme](block, atMost);
}

function unpackDeflate(block: Uint8Array, atMost: number): Uint8Array {
  return inflateSync(block, { maxOutputLength: atMost });
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
