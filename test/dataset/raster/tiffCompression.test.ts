/** Unpacking LZW and Deflate blocks: the standard's example, round trips, and data that unpack without end. */
import assert from 'node:assert/strict';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { unpack } from '../../../lib/src/dataset/raster/tiffCompression.js';

/** Codes written highest bit first, each with its width in bits. */
function packCodes(codes: readonly (readonly [code: number, width: number])[]): Uint8Array {
  const bits = codes.map(([code, width]) => code.toString(2).padStart(width, '0')).join('');
  const bytes = bits.match(/.{1,8}/g) ?? [];
  return Uint8Array.from(bytes, (byte) => Number.parseInt(byte.padEnd(8, '0'), 2));
}

/** The encoder of TIFF 6.0, section 13, with a table of strings. */
function packLzw(data: Uint8Array): Uint8Array {
  const codes: [number, number][] = [[256, 9]];
  let table = new Map<string, number>();
  let width = 9;
  let prefix = '';
  const codeOf = (text: string) => (text.length === 1 ? text.charCodeAt(0) : (table.get(text) ?? -1));
  for (const byte of data) {
    const longer = prefix + String.fromCharCode(byte);
    if (longer.length === 1 || table.has(longer)) {
      prefix = longer;
      continue;
    }
    codes.push([codeOf(prefix), width]);
    table.set(longer, 258 + table.size);
    const next = 258 + table.size;
    if (next === 4095) {
      codes.push([256, 12]);
      table = new Map();
      width = 9;
    } else if (next >= 2 ** width) width++;
    prefix = String.fromCharCode(byte);
  }
  if (prefix !== '') codes.push([codeOf(prefix), width]);
  return packCodes(codes);
}

/** A Zstandard frame of a million zeros, by hand: seven blocks of 128 KiB of one byte repeated, and a shorter one. */
const zstdZeros = Uint8Array.from([
  ...[0x28, 0xb5, 0x2f, 0xfd, 0x80, 0x38, 0x40, 0x42, 0x0f, 0x00],
  ...Array.from({ length: 8 }, (_, i) => {
    const [size, isLast] = i < 7 ? [2 ** 17, 0] : [1e6 - 7 * 2 ** 17, 1];
    const header = size * 8 + 2 + isLast;
    return [header & 255, (header >> 8) & 255, header >> 16, 0];
  }).flat(),
]);

describe('unpack', () => {
  it('reads the example of TIFF 6.0', async () => {
    const codes = [256, 7, 258, 8, 8, 258, 6, 6, 257].map((code): [number, number] => [code, 9]);
    assert.deepEqual([...(await unpack(packCodes(codes), 5, 9))], [7, 7, 7, 8, 8, 7, 7, 6, 6]);
  });

  it('reads the example of PackBits in TIFF 6.0', async () => {
    const packed = 'fe aa 02 80 00 2a fd aa 03 80 00 2a 22 f7 aa';
    const expected = 'aa aa aa 80 00 2a aa aa aa aa 80 00 2a 22 aa aa aa aa aa aa aa aa aa aa';
    const [bytes, data] = [packed, expected].map((text) => Buffer.from(text.replaceAll(' ', ''), 'hex'));
    assert.deepEqual([...(await unpack(bytes, 32773, data.length))], [...data]);
    await assert.rejects(unpack(bytes.subarray(0, 4), 32773, 100), /damaged PackBits/);
  });

  it('undoes LZW and Deflate, through every code width and a full table', async () => {
    const noisy = Uint8Array.from({ length: 20000 }, (_, i) => (i * i * 31 + (i >> 3)) % 251);
    assert.deepEqual(await unpack(packLzw(noisy), 5, noisy.length), noisy);
    const data = fc.uint8Array({ minLength: 1, maxLength: 2000, max: 3 });
    await fc.assert(
      fc.asyncProperty(data, async (bytes) => {
        assert.deepEqual(await unpack(packLzw(bytes), 5, bytes.length), bytes);
        assert.deepEqual([...(await unpack(deflateSync(bytes), 8, bytes.length))], [...bytes]);
      }),
    );
  });

  it('stops at the stated length', async () => {
    const zeros = new Uint8Array(1e6);
    await assert.rejects(unpack(packLzw(zeros), 5, 1000), /more than 1000 bytes/);
    await assert.rejects(unpack(deflateSync(zeros), 8, 1000));
    await assert.rejects(unpack(new Uint8Array(2000).fill(0x81), 32773, 1000), /more than 1000 bytes/);
    // A frame of 1 MB of zeros (RLE blocks of 128 KiB), as `zstd` packs it.
    assert.equal((await unpack(zstdZeros, 50000, 1e6)).length, 1e6);
    assert.equal((await unpack(zstdZeros, 50000, 1000)).length, 0);
  });

  it('takes any bytes without writing outside its table or its output', async () => {
    for (const scheme of [5, 32773, 50000]) {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
          try {
            assert.ok((await unpack(bytes, scheme, 5000)).length <= 5000);
          } catch (thrown) {
            assert.match(String(thrown), /damaged (LZW|PackBits) data|more than 5000/);
          }
        }),
        { numRuns: 500 },
      );
    }
  });
});
