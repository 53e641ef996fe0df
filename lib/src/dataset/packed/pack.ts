/** Copying a data set into few large files that are fast to read. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { failAt, InputError } from '../../error.js';
import { type DurableLines, openLines } from '../../io/durableLines.js';
import { openPending, writeError } from '../../io/file.js';
import { withLock } from '../../io/lock.js';
import type { Progress } from '../../io/progress.js';
import { wrongSizes } from '../packed.js';
import type { Dataset } from '../patch.js';
import { readAhead } from '../readAhead.js';
import { splitsInOrder } from '../splitNames.js';
import {
  indexFile,
  isHeader,
  type PackedHeader,
  type PackedLine,
  type PackedPatch,
  type PackedShard,
  packedFormat,
  parsePackedLine,
  patchesIn,
  placeOf,
  shardFile,
  totalOf,
} from './index.js';
import { encodeRecord } from './record.js';

export interface PackOptions {
  /** By band: how much coarser its own grid is than that of the image; default: 1 each. */
  readonly factors?: readonly number[];
  /** Bytes of a shard, about; default: 64 MiB. */
  readonly shardBytes?: number;
  readonly createProgress?: (steps: readonly string[]) => Progress;
  readonly signal?: AbortSignal;
}

export interface PackResult {
  readonly patches: number;
  readonly shards: number;
  /** Of all shards. */
  readonly bytes: number;
  /** Shards that this call wrote; the others were there. */
  readonly written: number;
}

/**
 * Copies all patches of all splits into `folder`, to be opened with `openPacked`. Each shard appears whole, and then its
 * line in the index: stopped or killed at any moment, the same call resumes with the next shard.
 *
 * A band with a factor f must hold one value in each f x f pixels; one value of them is stored.
 * @throws InputError if the folder holds the copy of another data set, another process writes to it or nobody can, or a patch cannot be
 *   read; the signal's reason when stopped
 */
export function packDataset(
  dataset: Dataset,
  folder: string,
  options: PackOptions = {},
): Promise<PackResult> {
  return withLock(folder, 'folder', () => packLocked(dataset, folder, options));
}

async function packLocked(dataset: Dataset, folder: string, options: PackOptions): Promise<PackResult> {
  const { factors = dataset.bands.map(() => 1), shardBytes = 64 * 2 ** 20, signal } = options;
  const header = await headerOf(dataset, factors, shardBytes);
  const lines = await openLines<PackedLine>(join(folder, indexFile), parsePackedLine);
  let progress: Progress | undefined;
  try {
    const known = await reconcile(lines, header, folder);
    const shards = Math.ceil(totalOf(header) / header.perShard);
    const missing = Array.from({ length: shards }, (_, shard) => shard).filter((shard) => !known.has(shard));
    progress = options.createProgress?.(missing.map(() => 'shard'));
    for (const shard of missing) {
      progress?.start('shard', `shard ${shard + 1} of ${shards}`);
      const line = await writeShard(dataset, header, shard, folder, signal);
      await lines.append(line);
      known.set(shard, line);
      progress?.done();
    }
    const bytes = [...known.values()].reduce((sum, each) => sum + each.bytes, 0);
    return { patches: totalOf(header), shards, bytes, written: missing.length };
  } finally {
    progress?.finish();
    await lines.close();
  }
}

async function headerOf(
  dataset: Dataset,
  factors: readonly number[],
  shardBytes: number,
): Promise<PackedHeader> {
  const { name, bands, classes, rendered, size, units } = dataset;
  const isDivisor = (factor: number): boolean =>
    Number.isInteger(factor) && factor >= 1 && size % factor === 0;
  if (factors.length !== bands.length || !factors.every(isDivisor)) {
    const fail = failAt(`packing ${name}`);
    throw fail(
      'factors that do not fit the bands',
      `${bands.length} divisors of ${size}`,
      factors.join(', '),
    );
  }
  const hash = createHash('sha256');
  const patches = {
    train: dataset.count('train'),
    validation: dataset.count('validation'),
    test: dataset.count('test'),
  };
  for (const split of splitsInOrder) {
    for (let index = 0; index < patches[split]; index++)
      hash.update(`${await dataset.nameOf(split, index)}\n`);
  }
  const values = factors.reduce((sum, factor) => sum + (size / factor) ** 2, 0);
  return {
    ...{ format: packedFormat, name, bands: [...bands], factors: [...factors], classes: [...classes] },
    ...{ rendered, size, units, ...knownStatistics(dataset), patches },
    ...{ perShard: Math.max(1, Math.floor(shardBytes / (2 * values))), fingerprint: hash.digest('hex') },
  };
}

/** Those of a data set that has any. */
function knownStatistics(dataset: Dataset): Pick<PackedHeader, 'statistics'> {
  try {
    const { mean, deviation } = dataset.statistics;
    return { statistics: { mean: [...mean], deviation: [...deviation] } };
  } catch (thrown) {
    if (thrown instanceof InputError) return {};
    throw thrown;
  }
}

/** The shards that are there; the header is written where there is none. */
async function reconcile(
  lines: DurableLines<PackedLine>,
  header: PackedHeader,
  folder: string,
): Promise<Map<number, PackedShard>> {
  const [first, ...rest] = lines.earlier;
  if (first === undefined) await lines.append(header);
  else if (JSON.stringify(first) !== JSON.stringify(header)) {
    const fail = failAt(join(folder, indexFile), 'Choose another folder or delete this one.');
    throw fail(
      'the folder holds the copy of another data set, or of another version of it',
      `${header.name}, ${totalOf(header)} patches`,
      isHeader(first) ? `${first.name}, ${totalOf(first)} patches` : 'no header',
    );
  }
  const known = new Map<number, PackedShard>();
  for (const line of rest) if (!isHeader(line)) known.set(line.shard, line);
  for (const shard of await wrongSizes(folder, [...known.values()])) known.delete(shard);
  return known;
}

async function writeShard(
  dataset: Dataset,
  header: PackedHeader,
  shard: number,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<PackedShard> {
  const path = join(folder, shardFile(shard));
  const positions = Array.from({ length: patchesIn(header, shard) }, (_, i) => shard * header.perShard + i);
  const read = async (position: number) => {
    const { split, index } = placeOf(header, position);
    return dataset.read(split, index);
  };
  const file = await openPending(path);
  try {
    const hash = createHash('sha256');
    const patches: PackedPatch[] = [];
    let bytes = 0;
    for await (const patch of readAhead(read, positions)) {
      signal?.throwIfAborted();
      const record = encodeRecord(patch, header);
      patches.push([patch.name, patch.labels, bytes]);
      hash.update(record);
      bytes += record.length;
      await file.handle.writeFile(record).catch((thrown) => {
        throw writeError(path, thrown);
      });
    }
    await file.commit();
    return { shard, bytes, sha256: hash.digest('hex'), patches };
  } catch (thrown) {
    await file.discard();
    throw thrown;
  }
}
