/** Reading small JPEG files: their size is known before a pixel is unpacked. */
import sharp from 'sharp';
import { type Fail, messageOf } from '../error.js';

export interface JpegPicture {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, 0 to 255, as planes [3, height, width]. */
  readonly pixels: Float32Array;
}

/** Markers of frames: SOF0 to SOF15, but for the tables DHT (C4), JPG (C8) and DAC (CC) among them. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/** The size that the header of a JPEG states; undefined where the bytes are none. */
export function jpegSize(bytes: Uint8Array): { readonly width: number; readonly height: number } | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2; at + 9 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1];
    // A marker may be preceded by any number of fill bytes.
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (isFrame(marker)) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    const length = view.getUint16(at + 2);
    if (length < 2) return undefined;
    at += 2 + length;
  }
  return undefined;
}

/**
 * Decodes a JPEG of a known size by libjpeg-turbo, as Pillow does.
 * @param size width and height that it must have
 * @throws InputError, by `fail`, where it is no JPEG, has another size or is damaged
 */
export async function decodeJpeg(
  bytes: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
  fail: Fail,
): Promise<JpegPicture> {
  const stated = jpegSize(bytes);
  if (stated === undefined) throw fail('not a JPEG', 'a JPEG file');
  const expected = `${width} x ${height} pixels`;
  if (stated.width !== width || stated.height !== height) {
    throw fail('a picture of another size', expected, `${stated.width} x ${stated.height} pixels`);
  }
  const { data, info } = await sharp(bytes, { failOn: 'warning', limitInputPixels: width * height })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((thrown) => {
      throw fail(`the picture cannot be decoded: ${messageOf(thrown)}`);
    });
  if (info.width !== width || info.height !== height || info.channels !== 3) {
    const got = `${info.width} x ${info.height} pixels, ${info.channels} colours`;
    throw fail('the picture is not what its header says', `${expected}, 3 colours`, got);
  }
  const area = width * height;
  const pixels = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    for (let channel = 0; channel < 3; channel++) pixels[channel * area + i] = data[3 * i + channel];
  }
  return { width, height, pixels };
}
