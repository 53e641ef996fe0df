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

describe('unpack', () => {
  it('reads the example of TIFF 6.0', () => {
    const codes = [256, 7, 258, 8, 8, 258, 6, 6, 257].map((code): [number, number] => [code, 9]);
    assert.deepEqual([...unpack(packCodes(codes), 5, 9)], [7, 7, 7, 8, 8, 7, 7, 6, 6]);
  });

  it('undoes LZW and Deflate, through every code width and a full table', () => {
    const noisy = Uint8Array.from({ length: 20000 }, (_, i) => (i * i * 31 + (i >> 3)) % 251);
    assert.deepEqual(unpack(packLzw(noisy), 5, noisy.length), noisy);
    const data = fc.uint8Array({ minLength: 1, maxLength: 2000, max: 3 });
    fc.assert(
      fc.property(data, (bytes) => {
        assert.deepEqual(unpack(packLzw(bytes), 5, bytes.length), bytes);
        assert.deepEqual([...unpack(deflateSync(bytes), 8, bytes.length)], [...bytes]);
      }),
    );
  });

  it('stops at the stated length', () => {
    const zeros = new Uint8Array(1e6);
    assert.throws(() => unpack(packLzw(zeros), 5, 1000), /more than 1000 bytes/);
    assert.throws(() => unpack(deflateSync(zeros), 8, 1000));
  });

  it('takes any bytes without writing outside its table', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          assert.ok(unpack(bytes, 5, 5000).length <= 5000);
        } catch (thrown) {
          assert.match(String(thrown), /damaged LZW data|more than 5000/);
        }
      }),
      { numRuns: 500 },
    );
  });
});
