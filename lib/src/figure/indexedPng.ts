/** PNG with a palette of 256 colours: a third of the size of true colour for figures that hold pictures. */
import { crc32, deflateSync } from 'node:zlib';
import { failAt } from '../error.js';

const paletteSize = 256;

/** A box of colours, and how many pixels have each of them. */
interface Box {
  readonly colours: readonly number[];
  readonly axis: number;
  /** Spread along the axis times the number of pixels: what splitting the box gains. */
  readonly gain: number;
}

const channel = (colour: number, axis: number): number => (colour >> (16 - 8 * axis)) & 255;

/**
 * Encodes opaque pixels. Up to 256 colours are kept as they are; more are reduced by median cut (Heckbert, 1982),
 * each box of colours to its mean.
 * @param pixels red, green, blue, alpha [height x width]; alpha is not kept
 */
export function encodeIndexedPng(
  pixels: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
): Uint8Array {
  if (pixels.length !== 4 * width * height) {
    throw failAt('encodeIndexedPng')(
      'wrong number of pixels',
      `4 x ${width} x ${height} values`,
      `${pixels.length}`,
    );
  }
  const counts = new Map<number, number>();
  const colourAt = (i: number): number =>
    (pixels[4 * i] << 16) | (pixels[4 * i + 1] << 8) | pixels[4 * i + 2];
  for (let i = 0; i < width * height; i++) counts.set(colourAt(i), (counts.get(colourAt(i)) ?? 0) + 1);

  const palette = new Uint8Array(3 * paletteSize);
  const indexOf = new Map<number, number>();
  for (const [index, { colours }] of cutBoxes(counts).entries()) {
    const total = colours.reduce((sum, colour) => sum + (counts.get(colour) ?? 0), 0);
    for (let axis = 0; axis < 3; axis++) {
      const sum = colours.reduce(
        (part, colour) => part + channel(colour, axis) * (counts.get(colour) ?? 0),
        0,
      );
      palette[3 * index + axis] = Math.round(sum / total);
    }
    for (const colour of colours) indexOf.set(colour, index);
  }
  // Each row starts with its filter: 0, none.
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = indexOf.get(colourAt(y * width + x)) ?? 0;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8); // 8 bits, indexed, deflate, adaptive filters, not interlaced
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

function cutBoxes(counts: ReadonlyMap<number, number>): readonly Box[] {
  const measure = (colours: readonly number[]): Box => {
    const pixelCount = colours.reduce((sum, colour) => sum + (counts.get(colour) ?? 0), 0);
    const spreads = [0, 1, 2].map((axis) => {
      let [low, high] = [255, 0];
      for (const colour of colours) {
        low = Math.min(low, channel(colour, axis));
        high = Math.max(high, channel(colour, axis));
      }
      return high - low;
    });
    const axis = spreads.indexOf(Math.max(...spreads));
    // The square root keeps the few colours of lines and letters apart beside the many of pictures.
    return { colours, axis, gain: spreads[axis] * Math.sqrt(pixelCount) };
  };
  const boxes = [measure([...counts.keys()])];
  while (boxes.length < paletteSize) {
    const worst = boxes.reduce((a, b, i) => (b.gain > boxes[a].gain ? i : a), 0);
    const { colours, axis, gain } = boxes[worst];
    if (gain === 0) break;
    const sorted = [...colours].sort((a, b) => channel(a, axis) - channel(b, axis));
    const middle = (channel(sorted[0], axis) + channel(sorted[sorted.length - 1], axis)) / 2;
    const cut = sorted.findIndex((colour) => channel(colour, axis) > middle);
    boxes.splice(worst, 1, measure(sorted.slice(0, cut)), measure(sorted.slice(cut)));
  }
  return boxes;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
