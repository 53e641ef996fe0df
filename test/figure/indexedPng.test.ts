import assert from 'node:assert/strict';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { describe, it } from 'mocha';
import { InputError } from '../../lib/src/error.js';
import { paintMask } from '../../lib/src/figure/colour.js';
import { encodeIndexedPng } from '../../lib/src/figure/indexedPng.js';

describe('paintMask', () => {
  it('leaves the rest as it was where only the outline is asked for', () => {
    const picture = new Uint8ClampedArray(3 * 9).fill(100);
    const painted = paintMask(picture, [0, 0, 0, 0, 1, 0, 0, 0, 0], 3, { outside: 1 });
    assert.deepEqual([...painted.subarray(0, 3)], [100, 100, 100]);
    assert.deepEqual([...painted.subarray(12, 15)], [255, 225, 60]);
  });
});

async function decode(png: Uint8Array): Promise<Uint8ClampedArray> {
  const image = await loadImage(Buffer.from(png));
  const context = createCanvas(image.width, image.height).getContext('2d');
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.width, image.height).data;
}

describe('encodeIndexedPng', () => {
  it('keeps up to 256 colours as they are', async () => {
    const pixels = Uint8Array.from({ length: 4 * 16 * 16 }, (_, i) => (i % 4 === 3 ? 255 : (i * 37) % 256));
    const colours = new Set(Array.from({ length: 256 }, (_, i) => pixels.subarray(4 * i, 4 * i + 3).join()));
    assert.ok(colours.size <= 256);
    assert.deepEqual([...(await decode(encodeIndexedPng(pixels, { width: 16, height: 16 })))], [...pixels]);
  });

  it('reduces more colours to near ones', async () => {
    const side = 64;
    // 4096 colours of equal blue.
    const pixels = Uint8Array.from({ length: 4 * side * side }, (_, i) => {
      const [x, y] = [Math.floor(i / 4) % side, Math.floor(i / 4 / side)];
      return [4 * x, 4 * y, 100, 255][i % 4];
    });
    const decoded = await decode(encodeIndexedPng(pixels, { width: side, height: side }));
    const colours = new Set(
      Array.from({ length: side * side }, (_, i) => decoded.subarray(4 * i, 4 * i + 3).join()),
    );
    assert.ok(colours.size > 200 && colours.size <= 256, `${colours.size} colours`);
    // 256 boxes of 16 x 16 steps: no colour is further away than a box is wide.
    const furthest = decoded.reduce((most, value, i) => Math.max(most, Math.abs(value - pixels[i])), 0);
    assert.ok(furthest <= 32, `${furthest}`);
  });

  it('refuses a wrong number of pixels', () => {
    assert.throws(() => encodeIndexedPng(new Uint8Array(5), { width: 2, height: 1 }), InputError);
  });
});
