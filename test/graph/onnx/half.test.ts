import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { fromHalf, toHalf } from '../../../lib/src/io/half.js';

describe('half precision', () => {
  it('widens signs, subnormals, infinities and NaN', () => {
    const halves = Uint16Array.of(
      0x3c00,
      0xc000,
      0x0001,
      0x03ff,
      0x0400,
      0x7bff,
      0x7c00,
      0xfc00,
      0x8000,
      0x7e00,
    );
    const values = [1, -2, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 65504, Infinity, -Infinity, -0, Number.NaN];
    assert.deepEqual([...fromHalf(halves)], values);
  });

  it('gives every finite half back', () => {
    const halves = Uint16Array.from({ length: 65536 }, (_, i) => i).filter(
      (half) => (half & 0x7c00) !== 0x7c00,
    );
    assert.deepEqual(toHalf(fromHalf(halves)), halves);
  });
});
