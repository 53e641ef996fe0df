import assert from 'node:assert/strict';
import fc from 'fast-check';
import { InputError } from '../../lib/src/error.js';
import { readSafetensors } from '../../lib/src/io/safetensors.js';

function encode(header: unknown, data: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const data = new Uint8Array(new Uint16Array([0x3c00, 0x4000, 0x3f80, 7]).buffer);
const good = encode(
  {
    __metadata__: { format: 'pt' },
    half: { dtype: 'F16', shape: [2], data_offsets: [0, 4] },
    brain: { dtype: 'BF16', shape: [], data_offsets: [4, 6] },
    count: { dtype: 'U16', shape: [1, 1], data_offsets: [6, 8] },
  },
  data,
);

describe('readSafetensors', () => {
  it('decodes arrays by name, wherever the bytes begin', () => {
    const shifted = new Uint8Array(good.length + 3);
    shifted.set(good, 3);
    const arrays = readSafetensors(shifted.subarray(3), 'test');
    assert.deepEqual([...arrays.keys()], ['half', 'brain', 'count']);
    assert.deepEqual([...(arrays.get('half')?.values() ?? [])], [1, 2]);
    assert.deepEqual([...(arrays.get('brain')?.values() ?? [])], [1]);
    assert.deepEqual([...(arrays.get('count')?.values() ?? [])], [7]);
    assert.deepEqual(arrays.get('count')?.shape, [1, 1]);
  });

  const broken: readonly [string, unknown, RegExp][] = [
    [
      'a place outside the file',
      { a: { dtype: 'F32', shape: [3], data_offsets: [0, 12] } },
      /does not fill its place/,
    ],
    [
      'a shape that is too small',
      { a: { dtype: 'F32', shape: [1], data_offsets: [0, 8] } },
      /does not fill its place/,
    ],
    ['an unknown type', { a: { dtype: 'F3', shape: [1], data_offsets: [0, 8] } }, /unknown type/],
    [
      'a negative place',
      { a: { dtype: 'U8', shape: [2], data_offsets: [-2, 0] } },
      /no valid shape or place/,
    ],
    ['an entry that is no object', { a: 1 }, /not described/],
    ['a header that is a list', [], /not an object/],
  ];
  for (const [name, header, message] of broken) {
    it(`refuses ${name}`, () => {
      assert.throws(() => readSafetensors(encode(header, data), 'test'), message);
    });
  }

  it('meets 3,000 damaged files with an InputError or sound arrays', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(good.length),
        (edits, end) => {
          const bytes = good.slice(0, end);
          for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
          try {
            for (const { shape, values } of readSafetensors(bytes, 'test').values()) {
              assert.equal(
                values().length,
                shape.reduce((a, b) => a * b, 1),
              );
            }
          } catch (thrown) {
            assert.ok(thrown instanceof InputError, String(thrown));
          }
        },
      ),
      { numRuns: 3000, seed: 4 },
    );
  });
});
