/** A minimal TIFF writer for tests: one strip or several, any tag replaced, so that it can be broken at will. */

export type Field = readonly [type: 2 | 3 | 4 | 12, values: readonly number[]];

export interface TiffOptions {
  readonly width: number;
  readonly height: number;
  readonly value?: (index: number) => number;
  readonly float?: boolean;
  readonly rowsPerStrip?: number;
  readonly left?: number;
  readonly top?: number;
  readonly pixelSize?: number;
  readonly epsg?: number;
  readonly bigEndian?: boolean;
  /** Turns the bytes of a strip into those that are stored. */
  readonly compress?: (strip: Buffer) => Uint8Array;
  /** Tags to add, replace or (null) leave out. */
  readonly tags?: Readonly<Record<number, Field | null>>;
}

const typeSizes = { 2: 1, 3: 2, 4: 4, 12: 8 };

export function writeTiff(options: TiffOptions): Uint8Array {
  const { width, height, value = (index) => index % 5000, float = false, rowsPerStrip = height } = options;
  const { left = 500000, top = 4000000, epsg = 32635, bigEndian = false, tags = {} } = options;
  const { pixelSize = 1200 / width, compress = (strip) => strip } = options;
  const little = !bigEndian;
  const pixelBytes = float ? 4 : 2;
  const strips = Array.from({ length: Math.ceil(height / rowsPerStrip) }, (_, strip) => {
    const rows = Math.min(rowsPerStrip, height - strip * rowsPerStrip);
    const bytes = Buffer.alloc(rows * width * pixelBytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let i = 0; i < rows * width; i++) {
      const pixel = value(strip * rowsPerStrip * width + i);
      if (float) view.setFloat32(4 * i, pixel, little);
      else view.setUint16(2 * i, pixel, little);
    }
    return compress(bytes);
  });
  let end = 8;
  const offsets = strips.map((strip) => {
    end += strip.length;
    return end - strip.length;
  });
  const fields: Record<number, Field | null> = {
    256: [3, [width]],
    257: [3, [height]],
    258: [3, [8 * pixelBytes]],
    259: [3, [1]],
    262: [3, [1]],
    273: [4, offsets],
    277: [3, [1]],
    278: [3, [rowsPerStrip]],
    279: [4, strips.map((strip) => strip.length)],
    339: [3, [float ? 3 : 1]],
    33550: [12, [pixelSize, pixelSize, 0]],
    33922: [12, [0, 0, 0, left, top, 0]],
    34735: [3, [1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, epsg]],
    ...tags,
  };
  const entries = Object.entries(fields).flatMap(([tag, field]) =>
    field === null ? [] : [{ tag: Number(tag), type: field[0], values: field[1] }],
  );
  const directory = end + (end % 2);
  let free = directory + 2 + 12 * entries.length + 4;
  const bytes = new Uint8Array(free + entries.reduce((sum, { values }) => sum + 8 * values.length + 8, 0));
  const view = new DataView(bytes.buffer);
  bytes.set(bigEndian ? [0x4d, 0x4d, 0, 42] : [0x49, 0x49, 42, 0]);
  view.setUint32(4, directory, little);
  for (const [index, strip] of strips.entries()) bytes.set(strip, offsets[index]);
  view.setUint16(directory, entries.length, little);
  for (const [index, { tag, type, values }] of entries.entries()) {
    const entry = directory + 2 + 12 * index;
    const size = typeSizes[type];
    view.setUint16(entry, tag, little);
    view.setUint16(entry + 2, type, little);
    view.setUint32(entry + 4, values.length, little);
    const inline = size * values.length <= 4;
    const start = inline ? entry + 8 : free;
    if (!inline) {
      view.setUint32(entry + 8, free, little);
      free += size * values.length;
    }
    for (const [i, item] of values.entries()) {
      const offset = start + i * size;
      if (type === 2) view.setUint8(offset, item);
      else if (type === 3) view.setUint16(offset, item, little);
      else if (type === 4) view.setUint32(offset, item, little);
      else view.setFloat64(offset, item, little);
    }
  }
  return bytes.slice(0, free);
}
