/** Small JPEGs: the pixels that Pillow decodes, and no trust in what a header says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { failAt } from '../../lib/src/error.js';
import { decodeJpeg, jpegSize } from '../../lib/src/io/jpeg.js';

interface Fixture {
  readonly height: number;
  readonly width: number;
  readonly files: Readonly<Record<string, { readonly jpeg: string; readonly planes: string }>>;
}

const { files, height, width }: Fixture = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/jpegs.json'), 'utf8'),
);
const size = { height, width };
const fail = failAt('chip.jpg');
const bytesOf = (name: string): Buffer => Buffer.from(files[name].jpeg, 'base64');

describe('decodeJpeg', () => {
  for (const name of Object.keys(files)) {
    it(`has Pillow's pixels: ${name}`, async () => {
      const { pixels } = await decodeJpeg(bytesOf(name), size, fail);
      const expected = Buffer.from(files[name].planes, 'base64');
      assert.equal(pixels.length, expected.length);
      // Both decode by libjpeg-turbo, whose inverse transform has the same integers with and without SIMD.
      const apart = pixels.map((value, i) => Math.abs(value - expected[i]));
      assert.equal(Math.max(...apart), 0);
    });
  }

  it('knows the size before it decodes, and refuses another', async () => {
    const [name] = Object.keys(files);
    assert.deepEqual(jpegSize(bytesOf(name)), size);
    await assert.rejects(decodeJpeg(bytesOf(name), { width: 64, height: 64 }, fail), {
      name: 'InputError',
      message: /^chip\.jpg: a picture of another size \(expected 64 x 64 pixels, got 40 x 24 pixels\)/,
    });
    // A header that claims the largest size there is costs nothing.
    const claims = Uint8Array.of(0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0xff, 0xff, 0xff, 0xff, 3, 1, 0x11, 0);
    assert.deepEqual(jpegSize(claims), { width: 65535, height: 65535 });
    await assert.rejects(decodeJpeg(claims, size, fail), /another size.*65535 x 65535/);
  });

  it('refuses what is no JPEG, is cut off or has no picture', async () => {
    const whole = bytesOf('4:4:4, quality 95');
    for (const bytes of [
      new Uint8Array(),
      Buffer.from('P6 40 24 255'),
      Uint8Array.of(0xff, 0xd8),
      Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0),
    ]) {
      assert.equal(jpegSize(bytes), undefined);
      await assert.rejects(decodeJpeg(bytes, size, fail), { name: 'InputError', message: /not a JPEG/ });
    }
    for (let length = 2; length < whole.length - 200; length += 97) {
      await assert.rejects(
        decodeJpeg(whole.subarray(0, length), size, fail),
        { name: 'InputError' },
        `${length}`,
      );
    }
  });
});
