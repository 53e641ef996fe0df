/** The index of a packed data set: a line of JSON that says what the data are, then a line for each shard. */
import { describeValue, type Fail, failAt, messageOf } from '../../error.js';
import {
  isCount,
  isJsonObject,
  isListOf,
  isText,
  isTexts,
  type JsonObject,
  parseJson,
} from '../../io/json.js';
import { type BandStatistics, maximumValues, type Split } from '../patch.js';
import { requireStatistics } from '../savedStatistics.js';
import { splitsInOrder } from '../splitNames.js';

export const indexFile = 'index.jsonl';
export const packedFormat = 'landlens packed 1';

export interface PackedHeader {
  readonly format: typeof packedFormat;
  readonly name: string;
  readonly bands: readonly string[];
  /** Each band is stored on a grid coarser by this factor: its own, before it was brought to that of the image. */
  readonly factors: readonly number[];
  readonly classes: readonly string[];
  readonly rendered: boolean;
  /** Side of an image in pixels. */
  readonly size: number;
  readonly units: string;
  readonly statistics?: BandStatistics;
  /** Patches of each split; they are stored split by split, in their order. */
  readonly patches: Readonly<Record<Split, number>>;
  readonly perShard: number;
  /** SHA-256 of all names in their order. */
  readonly fingerprint: string;
}

/** Name, labels and place of a patch in its shard. */
export type PackedPatch = readonly [name: string, labels: readonly number[], offset: number];

export interface PackedShard {
  /** Position among the shards, from 0; the file is `shardFile(shard)`. */
  readonly shard: number;
  readonly bytes: number;
  /** Of the whole file. */
  readonly sha256: string;
  readonly patches: readonly PackedPatch[];
}

export type PackedLine = PackedHeader | PackedShard;

export function shardFile(shard: number): string {
  return `${String(shard).padStart(5, '0')}.bin`;
}

export function isHeader(line: PackedLine): line is PackedHeader {
  return 'format' in line;
}

const todo = 'Delete the folder and pack the data set again.';

/** InputError, with `where`, for a line that is neither header nor shard. */
export function parsePackedLine(text: string, where: string): PackedLine {
  const fail = failAt(where, todo);
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (thrown) {
    throw fail(`not JSON: ${messageOf(thrown)}`);
  }
  if (isJsonObject(value)) {
    const line = 'format' in value ? parseHeader(value, where, fail) : parseShard(value);
    if (line !== undefined) return line;
  }
  throw fail('damaged index of a packed data set');
}

function parseHeader(value: JsonObject, where: string, fail: Fail): PackedHeader | undefined {
  const { format, name, bands, factors, classes, rendered, size, units, patches, perShard, fingerprint } =
    value;
  if (format !== packedFormat)
    throw fail('a packed data set of another format', packedFormat, describeValue(format));
  if (!isText(name) || !isText(units) || !isText(fingerprint) || typeof rendered !== 'boolean')
    return undefined;
  if (!isTexts(bands) || !isTexts(classes) || !isListOf(factors, isCount)) return undefined;
  if (!isCount(size) || size < 1 || bands.length < 1) return undefined;
  // Coarse bands are stored small: a short record would become any size.
  if (bands.length * size * size > maximumValues) {
    const got = `${size} x ${size} pixels of ${bands.length} band(s)`;
    throw fail('the images are too large', `at most ${maximumValues} values`, got);
  }
  if (factors.length !== bands.length || factors.some((factor) => factor < 1 || size % factor !== 0))
    return undefined;
  if (!isCount(perShard) || perShard < 1 || classes.length > 65536 || !isJsonObject(patches))
    return undefined;
  const { train, validation, test } = patches;
  if (!isCount(train) || !isCount(validation) || !isCount(test)) return undefined;
  const statistics =
    value.statistics === undefined ? undefined : requireStatistics(value.statistics, bands.length, where);
  return {
    ...{ format, name, bands, factors, classes, rendered, size, units, ...(statistics && { statistics }) },
    ...{ patches: { train, validation, test }, perShard, fingerprint },
  };
}

function parseShard({ shard, bytes, sha256, patches }: JsonObject): PackedShard | undefined {
  if (!isCount(shard) || !isCount(bytes) || !isText(sha256) || !isListOf(patches, isPatch)) return undefined;
  const offsets = patches.map(([, , offset]) => offset);
  const isOrdered = offsets.every((offset, i) => offset < (offsets[i + 1] ?? bytes));
  return isOrdered && offsets[0] === 0 ? { shard, bytes, sha256, patches } : undefined;
}

function isPatch(value: unknown): value is PackedPatch {
  const [name, labels, offset, ...more]: unknown[] = Array.isArray(value) ? value : [];
  return isText(name) && isListOf(labels, isCount) && isCount(offset) && more.length === 0;
}

/** Patches in all splits. */
export function totalOf({ patches }: Pick<PackedHeader, 'patches'>): number {
  return splitsInOrder.reduce((sum, split) => sum + patches[split], 0);
}

/** How many patches a shard holds once it is whole. */
export function patchesIn(header: PackedHeader, shard: number): number {
  return Math.max(0, Math.min(header.perShard, totalOf(header) - shard * header.perShard));
}

/** Where the patch at a position among those of all splits is. */
export function placeOf(
  { patches }: Pick<PackedHeader, 'patches'>,
  position: number,
): { readonly split: Split; readonly index: number } {
  if (position < patches.train) return { split: 'train', index: position };
  const rest = position - patches.train;
  if (rest < patches.validation) return { split: 'validation', index: rest };
  return { split: 'test', index: rest - patches.validation };
}
