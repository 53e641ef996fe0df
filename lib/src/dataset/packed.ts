/** A data set that `landlens pack` copied: few large files, one short read a patch, the same values. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { failAt, type InputError } from '../error.js';
import { openRegularFile, readBoundedFile, useFile } from '../io/boundedFile.js';
import {
  indexFile,
  isHeader,
  type PackedHeader,
  type PackedShard,
  parsePackedLine,
  patchesIn,
  placeOf,
  shardFile,
  totalOf,
} from './packed/index.js';
import { decodeRecord } from './packed/record.js';
import type { Dataset, Split } from './patch.js';
import type { Resampling } from './raster/resample.js';
import { withFolderStatistics } from './savedStatistics.js';
import { splitNames, splitsInOrder } from './splitNames.js';

export interface PackedOptions {
  /** How bands that are stored on a coarser grid are brought to that of the image; default: bilinear. */
  readonly resampling?: Resampling;
}

/**
 * Opens a folder that `landlens pack` made: the data set that was packed, patch for patch at the same places. Its index
 * is read now; `read` reads one patch.
 * @throws InputError if the folder holds no packed data set, one that is not finished, or a damaged one
 */
export async function openPacked(
  folder: string,
  { resampling = 'bilinear' }: PackedOptions = {},
): Promise<Dataset> {
  const { header, shards } = await readIndex(folder);
  const { name, bands, classes, rendered, size, units, patches, perShard } = header;
  await requireWhole(folder, header, shards);
  const names: Record<Split, string[]> = { train: [], validation: [], test: [] };
  const first = { train: 0, validation: patches.train, test: patches.train + patches.validation };
  for (const [position, [patch, labels]] of shards.flatMap((shard) => shard.patches).entries()) {
    if (labels.some((label) => label >= classes.length))
      throw damaged(folder, `a label of ${patch} is no class`);
    names[placeOf(header, position).split].push(patch);
  }
  const { count, nameOf, find } = splitNames(names, folder);
  const isSorted = splitsInOrder.every((split) =>
    names[split].every((each, i) => i === 0 || names[split][i - 1] < each),
  );
  const places = new Map(
    isSorted
      ? []
      : splitsInOrder.flatMap((split) => names[split].map((patch, index) => [patch, { split, index }])),
  );
  const at = (split: Split, index: number): { readonly shard: PackedShard; readonly slot: number } => {
    nameOf(split, index);
    const place = first[split] + index;
    return { shard: shards[Math.floor(place / perShard)], slot: place % perShard };
  };
  const facts = {
    ...{ name, bands, classes, rendered, size, units, folder, count, nameOf },
    find: isSorted ? find : (wanted: string) => places.get(wanted),
    async read(split: Split, index: number) {
      const { shard, slot } = at(split, index);
      const [patch, labels, offset] = shard.patches[slot];
      const end = shard.patches[slot + 1]?.[2] ?? shard.bytes;
      const path = join(folder, shardFile(shard.shard));
      const record = await useFile(path, { todo: todoOfShard }, (file) => file.read(offset, end - offset));
      return decodeRecord(record, { name: patch, labels }, header, resampling, `${path}, ${patch}`);
    },
    async readLabels(split: Split, index: number) {
      const { shard, slot } = at(split, index);
      return shard.patches[slot][1];
    },
  };
  return withFolderStatistics(facts, { published: header.statistics });
}

export interface PackedIndex {
  readonly header: PackedHeader;
  /** By their position; of shards that were written again, the last. */
  readonly shards: readonly PackedShard[];
}

export async function readIndex(folder: string): Promise<PackedIndex> {
  const path = join(folder, indexFile);
  const todo = 'Name a folder that `landlens pack` made.';
  const bytes = await readBoundedFile(path, { maximumBytes: 2 ** 29 - 1, todo });
  const lines = new TextDecoder().decode(bytes).split('\n');
  // A last line without its end was torn by a kill; `pack` resumes there.
  const parsed = lines.slice(0, -1).map((line, i) => parsePackedLine(line, `${path}, line ${i + 1}`));
  const [header, ...rest] = parsed;
  if (header === undefined || !isHeader(header)) throw damaged(folder, 'no header');
  const shards: PackedShard[] = [];
  for (const line of rest) {
    const isInPlace =
      !isHeader(line) && line.patches.length === patchesIn(header, line.shard) && line.shard <= shards.length;
    if (!isInPlace) throw damaged(folder, 'a shard out of place');
    shards[line.shard] = line;
  }
  return { header, shards };
}

function damaged(folder: string, what: string): InputError {
  const fail = failAt(join(folder, indexFile), 'Delete the folder and pack the data set again.');
  return fail(`damaged index of a packed data set: ${what}`);
}

async function requireWhole(
  folder: string,
  header: PackedHeader,
  shards: readonly PackedShard[],
): Promise<void> {
  const needed = Math.ceil(totalOf(header) / header.perShard);
  const fail = failAt(folder, 'Rerun the same `landlens pack` to resume.');
  if (shards.length !== needed)
    throw fail('the copy is not finished', `${needed} shards`, `${shards.length}`);
  const wrong = (await wrongSizes(folder, shards)).slice(0, 5).map(shardFile);
  if (wrong.length > 0) throw fail(`shards are missing or of another size: ${wrong.join(', ')}`);
}

/** The shards whose file is missing or of another length than the index says. */
export async function wrongSizes(folder: string, shards: readonly PackedShard[]): Promise<readonly number[]> {
  const wrong: number[] = [];
  for (const { shard, bytes } of shards) {
    const status = await stat(join(folder, shardFile(shard))).catch(() => undefined);
    if (status?.isFile() !== true || status.size !== bytes) wrong.push(shard);
  }
  return wrong;
}

export interface VerifyOptions {
  /** After each shard. */
  readonly onShard?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Reads every shard and compares its SHA-256.
 * @returns files that are missing or damaged
 * @throws InputError if the index is missing, damaged or not finished; the signal's reason when stopped
 */
export async function verifyPacked(
  folder: string,
  { onShard, signal }: VerifyOptions = {},
): Promise<readonly string[]> {
  const { header, shards } = await readIndex(folder);
  const needed = Math.ceil(totalOf(header) / header.perShard);
  const wrong: string[] = [];
  for (let shard = 0; shard < needed; shard++) {
    signal?.throwIfAborted();
    const path = join(folder, shardFile(shard));
    const isWhole = existsSync(path) && (await hashOf(path)) === shards[shard]?.sha256;
    if (!isWhole) wrong.push(shardFile(shard));
    onShard?.(shard + 1, needed);
  }
  return wrong;
}

const todoOfShard = 'Run `landlens pack --verify`.';

async function hashOf(path: string): Promise<string> {
  const { handle } = await openRegularFile(path, { todo: todoOfShard });
  const hash = createHash('sha256');
  // The stream closes the file, however it ends.
  for await (const part of handle.createReadStream({ highWaterMark: 2 ** 20 })) hash.update(part);
  return hash.digest('hex');
}
