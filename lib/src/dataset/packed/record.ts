/**
 * One patch in a shard: the length of a JSON text (4 bytes), the text, the pixels band by band (each on its own grid,
 * uint16 where all are whole numbers from 0 to 65535, else float32), a bit for each pixel of the class masks, and one
 * for each of what was planted. All numbers are little-endian.
 */
import { failAt, messageOf } from '../../error.js';
import { fieldsOf, isJsonObject, isNumber, isText, isTexts, parseJson } from '../../io/json.js';
import { zeros } from '../../tensor.js';
import type { Display, Georeference, Patch } from '../patch.js';
import { type Resampling, upsample } from '../raster/resample.js';
import type { PackedHeader } from './index.js';

type Grid = Pick<PackedHeader, 'bands' | 'factors' | 'classes' | 'size'>;

interface Facts {
  readonly type: 'uint16' | 'float32';
  readonly masks: boolean;
  readonly planted?: readonly string[];
  readonly georeference?: Georeference;
  readonly display?: Display;
  readonly facts?: Patch['facts'];
}

/** InputError if a band is not constant over the blocks of its factor, so that something would be lost. */
export function encodeRecord(patch: Patch, grid: Grid): Uint8Array {
  const pixels = coarsen(patch, grid);
  const isWhole = pixels.every((value) => value >= 0 && value <= 65535 && Number.isInteger(value));
  const planted = Object.entries(patch.planted ?? {});
  const facts: Facts = {
    type: isWhole ? 'uint16' : 'float32',
    masks: patch.masks !== undefined,
    ...(patch.planted && { planted: planted.map(([name]) => name) }),
    ...(patch.georeference && { georeference: patch.georeference }),
    ...(patch.display && { display: patch.display }),
    ...(patch.facts && { facts: patch.facts }),
  };
  const text = new TextEncoder().encode(JSON.stringify(facts));
  const parts = [...(patch.masks === undefined ? [] : [patch.masks]), ...planted.map(([, mask]) => mask)].map(
    packBits,
  );
  const valueBytes = isWhole ? 2 : 4;
  const start = 4 + text.length;
  const bits = start + valueBytes * pixels.length;
  const record = new Uint8Array(bits + parts.reduce((sum, part) => sum + part.length, 0));
  const view = new DataView(record.buffer);
  view.setUint32(0, text.length, true);
  record.set(text, 4);
  for (const [i, value] of pixels.entries()) {
    if (isWhole) view.setUint16(start + 2 * i, value, true);
    else view.setFloat32(start + 4 * i, value, true);
  }
  let end = bits;
  for (const part of parts) {
    record.set(part, end);
    end += part.length;
  }
  return record;
}

/**
 * The patch of a record.
 * @throws InputError, with `where`, where the record is damaged
 */
export function decodeRecord(
  record: Uint8Array,
  { name, labels }: Pick<Patch, 'name' | 'labels'>,
  grid: Grid,
  resampling: Resampling,
  where: string,
): Patch {
  const { bands, factors, classes, size } = grid;
  const fail = failAt(where, 'Run `landlens pack --verify`, delete the shard it names and pack again.');
  const damaged = (got: string) => fail('damaged record of a packed patch', undefined, got);
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const textLength = record.length < 4 ? record.length : view.getUint32(0, true);
  if (4 + textLength > record.length) throw damaged(`${record.length} bytes`);
  let facts: Facts | undefined;
  try {
    facts = parseFacts(parseJson(record.subarray(4, 4 + textLength)));
  } catch (thrown) {
    throw damaged(messageOf(thrown));
  }
  if (facts === undefined) throw damaged('a text of another kind');
  const sides = factors.map((factor) => size / factor);
  const count = sides.reduce((sum, side) => sum + side * side, 0);
  const area = size * size;
  const start = 4 + textLength;
  const bits = start + count * (facts.type === 'uint16' ? 2 : 4);
  const maskBytes = facts.masks ? Math.ceil((classes.length * area) / 8) : 0;
  const plantedBytes = Math.ceil(area / 8);
  const expected = bits + maskBytes + plantedBytes * (facts.planted?.length ?? 0);
  if (record.length !== expected) throw damaged(`${record.length} bytes instead of ${expected}`);

  // Typed arrays need aligned bytes of their own.
  const own = record.slice(start, bits).buffer;
  const values = facts.type === 'uint16' ? new Uint16Array(own) : new Float32Array(own);
  const image = zeros([bands.length, size, size]);
  let from = 0;
  for (const [band, side] of sides.entries()) {
    const part = values.subarray(from, from + side * side);
    from += part.length;
    const fine =
      side === size ? part : upsample(Float32Array.from(part), [side, side], factors[band], resampling);
    image.data.set(fine, band * area);
  }
  const planted = facts.planted?.map((key, i) => {
    const offset = bits + maskBytes + i * plantedBytes;
    return [key, unpackBits(record.subarray(offset, offset + plantedBytes), area)] as const;
  });
  return {
    ...{ name, image, bands, labels },
    ...(facts.georeference && { georeference: facts.georeference }),
    ...(facts.display && { display: facts.display }),
    ...(facts.masks && { masks: unpackBits(record.subarray(bits, bits + maskBytes), classes.length * area) }),
    ...(planted && { planted: Object.fromEntries(planted) }),
    ...(facts.facts && { facts: facts.facts }),
  };
}

/** The bands on their own grids, one after the other. */
function coarsen({ image, name }: Patch, { bands, factors, size }: Grid): Float32Array {
  const fail = failAt(name);
  if (image.shape.join() !== [bands.length, size, size].join()) {
    const expected = `[${bands.length}, ${size}, ${size}]`;
    throw fail('an image of another size than the data set says', expected, `[${image.shape.join(', ')}]`);
  }
  const area = size * size;
  const sides = factors.map((factor) => size / factor);
  const pixels = new Float32Array(sides.reduce((sum, side) => sum + side * side, 0));
  let to = 0;
  for (const [band, factor] of factors.entries()) {
    const side = sides[band];
    for (let i = 0; i < area; i++) {
      const [row, column] = [Math.floor(i / size), i % size];
      const place = to + Math.floor(row / factor) * side + Math.floor(column / factor);
      const value = image.data[band * area + i];
      if (row % factor === 0 && column % factor === 0) pixels[place] = value;
      else if (!Object.is(pixels[place], value)) {
        const expected = `one value in each ${factor} x ${factor} pixels`;
        const got = `${pixels[place]} and ${value}`;
        throw fail(`band ${bands[band]} is finer than it was said to be`, expected, got);
      }
    }
    to += side * side;
  }
  return pixels;
}

function packBits(mask: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(mask.length / 8));
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) bytes[i >> 3] |= 1 << (i & 7);
  return bytes;
}

function unpackBits(bytes: Uint8Array, length: number): Uint8Array {
  const mask = new Uint8Array(length);
  for (let i = 0; i < length; i++) mask[i] = (bytes[i >> 3] >> (i & 7)) & 1;
  return mask;
}

function parseFacts(value: unknown): Facts | undefined {
  if (!isJsonObject(value)) return undefined;
  const { type, masks, planted, georeference, display, facts } = value;
  if ((type !== 'uint16' && type !== 'float32') || typeof masks !== 'boolean') return undefined;
  if (planted !== undefined && !(isTexts(planted) && planted.length <= 1000)) return undefined;
  if (georeference !== undefined && !isGeoreference(georeference)) return undefined;
  if (display !== undefined && !isDisplay(display)) return undefined;
  if (facts !== undefined && !isPlain(facts)) return undefined;
  return { type, masks, planted, georeference, display, facts };
}

function isDisplay(value: unknown): value is Display {
  const { low, high, gamma } = fieldsOf(value);
  return [low, high, gamma].every(isNumber);
}

function isGeoreference(value: unknown): value is Georeference {
  const { epsg = 0, projection = '', left, top, pixelSize } = fieldsOf(value);
  const [width, height, ...more]: unknown[] = Array.isArray(pixelSize) ? pixelSize : [];
  return [epsg, left, top, width, height].every(isNumber) && isText(projection) && more.length === 0;
}

function isPlain(value: unknown): value is NonNullable<Patch['facts']> {
  return (
    isJsonObject(value) &&
    Object.values(value).every((item) => ['string', 'number', 'boolean'].includes(typeof item))
  );
}
