/** Mean and deviation of every band of a data set, computed in one pass and kept in a file beside the data. */
import { createHash } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { access, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { requireCount } from '../check.js';
import { failAt } from '../error.js';
import { writeFileAtomic } from '../io/file.js';
import { fieldsOf, isCount, isNumber, readJsonObject } from '../io/json.js';
import { withLock } from '../io/lock.js';
import { createRandom, requireSeed } from '../random.js';
import type { BandStatistics, Dataset, Patch, Split } from './patch.js';
import { readAhead } from './readAhead.js';
import { readSavedStatistics, type SavedStatistics, statisticsFile } from './savedStatistics.js';

export interface StatisticsProgress {
  readonly done: number;
  readonly total: number;
}

export interface BandStatisticsOptions {
  /** Default: 'train', or 'test' of a data set without training images. */
  readonly split?: Split;
  /** Patches to take, a random sample where fewer than the split holds; default: all. */
  readonly patches?: number;
  /** Seed of the sample. */
  readonly seed?: number;
  /** Where the result is kept; default: `statisticsFile` in the data's folder. A data set without a folder keeps nothing. */
  readonly path?: string;
  readonly onProgress?: (progress: StatisticsProgress) => void;
  readonly signal?: AbortSignal;
}

/** Patches between two notes of how far a computation came. */
const noteEvery = 1000;

/**
 * Mean and deviation (population, as numpy's `std`) of each band over all pixels of a split, in double precision. Each
 * patch is read once. Where the file holds statistics of patches of the same names they are read from it; else it is
 * written, whole or not at all. Stopped or killed, the same call resumes from a note beside that file, `<path>.part`.
 * Open the data set again to have them as its `statistics`.
 * @throws InputError if the split holds too few patches, a pixel is not finite, or the file is damaged or cannot be
 *   written; the signal's reason when stopped
 */
export async function bandStatistics(
  dataset: Dataset,
  options: BandStatisticsOptions = {},
): Promise<SavedStatistics> {
  const { split = dataset.count('train') > 0 ? 'train' : 'test', seed = 0, onProgress, signal } = options;
  requireSeed(seed, 'bandStatistics, seed');
  const available = dataset.count(split);
  requireCount(available, `patches of ${dataset.name} in the ${split} split`);
  const { patches = available } = options;
  requireCount(patches, 'bandStatistics, patches');
  if (patches > available) {
    const fail = failAt(`bandStatistics, ${split} split of ${dataset.name}`);
    throw fail('more patches than the split holds', `at most ${available}`, `${patches}`);
  }
  const path =
    options.path ?? (dataset.folder === undefined ? undefined : join(dataset.folder, statisticsFile));
  const chosen = chooseIndices(dataset, split, available, patches, seed);
  const wanted: Wanted = {
    ...{ dataset: dataset.name, bands: [...dataset.bands], split, patches, available },
    ...(patches < available ? { seed } : {}),
    fingerprint: await fingerprintOf(dataset, split, chosen),
  };
  const compute = () => computeStatistics(dataset, wanted, chosen, { path, onProgress, signal });
  if (path === undefined) return compute();
  const saved = await readSavedStatistics(path, dataset.bands);
  const decisive = ['dataset', 'split', 'seed', 'fingerprint'] as const;
  if (saved !== undefined && decisive.every((fact) => saved[fact] === wanted[fact])) return saved;
  await requireWritable(path);
  return withLock(path, 'file', compute);
}

async function computeStatistics(
  dataset: Dataset,
  wanted: Wanted,
  chosen: readonly number[],
  { path, onProgress, signal }: Pick<BandStatisticsOptions, 'path' | 'onProgress' | 'signal'>,
): Promise<SavedStatistics> {
  const { split, patches } = wanted;
  const note = path === undefined ? undefined : `${path}.part`;
  const noted = note === undefined ? undefined : await readNote(note, wanted);
  const bands = noted?.bands ?? dataset.bands.map(() => new Moments());
  let done = noted?.done ?? 0;
  const write = async (): Promise<void> => {
    if (note !== undefined) await writeFileAtomic(note, JSON.stringify({ ...wanted, done, moments: bands }));
  };
  signal?.throwIfAborted();
  for await (const patch of readAhead((index) => dataset.read(split, index), chosen.slice(done))) {
    addPatch(bands, patch);
    done++;
    onProgress?.({ done, total: patches });
    if (signal?.aborted || (done % noteEvery === 0 && done < patches)) await write();
    signal?.throwIfAborted();
  }
  const constant = bands.findIndex(({ deviation }) => deviation === 0);
  if (constant >= 0) {
    const what = `band ${dataset.bands[constant]} has one value everywhere: no network input can be divided by its deviation`;
    throw failAt(`${split} split of ${dataset.name}`)(what, undefined, `${bands[constant].mean}`);
  }
  const result: SavedStatistics = {
    ...wanted,
    mean: bands.map(({ mean }) => mean),
    deviation: bands.map(({ deviation }) => deviation),
  };
  if (path !== undefined && note !== undefined) {
    await writeFileAtomic(path, `${JSON.stringify(result, undefined, 2)}\n`);
    await rm(note, { force: true });
  }
  return result;
}

/** All indices, or a seeded sample of them, ascending: neighbours in a list are neighbours on disk. */
function chooseIndices(
  dataset: Dataset,
  split: Split,
  available: number,
  patches: number,
  seed: number,
): readonly number[] {
  const indices = Array.from({ length: available }, (_, i) => i);
  if (patches === available) return indices;
  return createRandom(seed, 'statistics', dataset.name, split)
    .shuffle(indices)
    .slice(0, patches)
    .sort((a, b) => a - b);
}

async function fingerprintOf(dataset: Dataset, split: Split, indices: readonly number[]): Promise<string> {
  const hash = createHash('sha256');
  for (const index of indices) hash.update(`${await dataset.nameOf(split, index)}\n`);
  return hash.digest('hex');
}

/** Asked before hours of reading, not after them. */
async function requireWritable(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await access(dirname(path), constants.W_OK);
  } catch {
    const todo =
      'Give another file: --out <file> of landlens statistics, option `path` of bandStatistics; name it to `train` and `pack` by --statistics <file>.';
    const fail = failAt(dirname(path), todo);
    throw fail('the statistics cannot be kept here: the folder may not be written to');
  }
}

type Wanted = Omit<SavedStatistics, keyof BandStatistics>;

interface Note {
  readonly done: number;
  /** Mutable: the computation goes on with them. */
  readonly bands: readonly Moments[];
}

/** How far the same computation came; undefined if there is no note, or one of another computation. */
async function readNote(path: string, wanted: Wanted): Promise<Note | undefined> {
  if (!existsSync(path)) return undefined;
  const content = await readJsonObject(path, { maximumBytes: 2 ** 20, todo: 'Delete the file.' });
  const { done, moments, ...rest } = content;
  if (JSON.stringify(rest) !== JSON.stringify(wanted)) return undefined;
  const bands = Array.isArray(moments) ? moments.map(Moments.from) : [];
  const known = bands.filter((each) => each !== undefined);
  const isWhole = known.length === wanted.bands.length && bands.length === known.length;
  if (isWhole && isCount(done) && done > 0 && done <= wanted.patches) return { done, bands: known };
  throw failAt(path, 'Delete the file.')('damaged note of a computation');
}

/** Of any pixel, since they are float32. */
const largest = 2 ** 128;

/** Count, mean and sum of squared differences from the mean; two of them merge exactly (Chan et al. 1983). */
export class Moments {
  count = 0;
  mean = 0;
  #squares = 0;

  /** What `JSON.stringify` made of one, checked; undefined if it is none. */
  static from(this: void, value: unknown): Moments | undefined {
    const { count, mean, squares } = fieldsOf(value);
    if (!isCount(count) || count === 0 || !isNumber(mean) || Math.abs(mean) > largest) return undefined;
    if (!isNumber(squares) || squares < 0 || squares > count * (2 * largest) ** 2) return undefined;
    const moments = new Moments();
    moments.count = count;
    moments.mean = mean;
    moments.#squares = squares;
    return moments;
  }

  toJSON(): { readonly count: number; readonly mean: number; readonly squares: number } {
    return { count: this.count, mean: this.mean, squares: this.#squares };
  }

  get deviation(): number {
    return this.count === 0 ? 0 : Math.sqrt(this.#squares / this.count);
  }

  /** Adds values; sums of differences from a mean close by lose no digits, however far from 0 the values are. */
  add(values: Float32Array): void {
    if (values.length === 0) return;
    let sum = 0;
    for (const value of values) sum += value;
    const mean = sum / values.length;
    let squares = 0;
    for (const value of values) squares += (value - mean) ** 2;
    const total = this.count + values.length;
    const difference = mean - this.mean;
    this.#squares += squares + (difference ** 2 * this.count * values.length) / total;
    this.mean += (difference * values.length) / total;
    this.count = total;
  }
}

function addPatch(bands: readonly Moments[], { name, image: { data } }: Patch): void {
  const area = data.length / bands.length;
  for (const [band, moments] of bands.entries()) {
    moments.add(data.subarray(band * area, (band + 1) * area));
    if (Number.isFinite(moments.mean) && Number.isFinite(moments.deviation)) continue;
    const fail = failAt(
      `${name}, band ${band + 1}`,
      'Take the patch out of the data set, or fetch it again.',
    );
    throw fail('a pixel is not a finite number', 'finite numbers');
  }
}
