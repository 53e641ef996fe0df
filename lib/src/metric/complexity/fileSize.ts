/** File size: how many bytes a relevance map takes as a JPEG, a measure of its visual complexity (Samek et al., 2021). */
import { createCanvas } from '@napi-rs/canvas';
import { requireCount, requireFinite, requireLength } from '../../check.js';
import { failAt } from '../../error.js';
import type { Tensor } from '../../tensor.js';

/** Quality on libjpeg's scale of 1 to 100; colour channels are halved in both directions (4:2:0). */
const quality = 75;
/** In pixels: the limit of libjpeg. */
const longestSide = 65_500;

/**
 * Bytes of the map's JPEG; divide by 1024 for the KB of this library's tables.
 * The map is scaled from its own minimum and maximum to grey values 0 to 255 (a constant map is all 0), drawn one pixel
 * per value and encoded by libjpeg-turbo as three-component baseline JPEG: quality 75, 4:2:0, optimised Huffman
 * tables, without colour profile. That is Pillow's `convert('RGB').save(quality=75, subsampling=2, optimize=True)`, byte
 * count for byte count. The paper states neither quality nor scaling.
 * @param map [height, width] or [1, height, width]
 * @throws InputError for a value that is not finite, or a side longer than a JPEG's
 * @example const kilobytes = (await fileSize(map)) / 1024;
 */
export async function fileSize(map: Tensor): Promise<number> {
  return (await encodeMap(map)).length;
}

/** The JPEG whose bytes fileSize counts. */
export async function encodeMap(map: Tensor): Promise<Uint8Array> {
  const [height, width] = map.shape.slice(-2);
  for (const [name, side] of Object.entries({ height, width })) {
    requireCount(side, `fileSize, ${name}`);
    if (side > longestSide) {
      throw failAt(`fileSize, ${name}`)(
        'the map is too large for a JPEG',
        `at most ${longestSide} pixels`,
        `${side}`,
      );
    }
  }
  requireLength(map.data, height * width, 'fileSize, map');
  requireFinite(map.data, 'fileSize, map');
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  const picture = context.createImageData(width, height);
  for (const [i, grey] of greyValues(map.data).entries()) picture.data.set([grey, grey, grey, 255], 4 * i);
  context.putImageData(picture, 0, 0);
  // Not the asynchronous `encode`: that of @napi-rs/canvas 1.0.2 crashes the process now and then.
  return withoutColourProfile(canvas.toBuffer('image/jpeg', quality));
}

function greyValues(map: ArrayLike<number>): Uint8Array {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < map.length; i++) {
    low = Math.min(low, map[i]);
    high = Math.max(high, map[i]);
  }
  const range = high - low;
  return Uint8Array.from(map, (value) => (range > 0 ? Math.round((255 * (value - low)) / range) : 0));
}

/**
 * The encoder adds an sRGB profile (marker APP2) of several hundred bytes to every file. It says nothing of the map and
 * would hide the differences between simple ones.
 */
function withoutColourProfile(jpeg: Uint8Array): Uint8Array {
  const startOfScan = 0xda;
  const colourProfile = 0xe2;
  const kept = [jpeg.subarray(0, 2)];
  let offset = 2;
  while (offset + 4 <= jpeg.length && jpeg[offset + 1] !== startOfScan) {
    const end = offset + 2 + ((jpeg[offset + 2] << 8) | jpeg[offset + 3]);
    if (jpeg[offset] !== 0xff || end > jpeg.length) {
      throw new Error('The encoder wrote no valid JPEG.');
    }
    if (jpeg[offset + 1] !== colourProfile) kept.push(jpeg.subarray(offset, end));
    offset = end;
  }
  return Buffer.concat([...kept, jpeg.subarray(offset)]);
}
