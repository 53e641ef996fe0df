/** Mean and deviation of every band of a data set, computed in one pass and kept in a file beside the data. */
import { join } from 'node:path';
import { requireCount } from '../check.js';
import { InputError } from '../error.js';
import { writeFileAtomic } from '../file.js';
import { createRandom } from '../random.js';
import type { BandStatistics, Dataset, Patch, Split } from './patch.js';
import { readAhead } from './readAhead.js';
import { readSavedStatistics, type SavedStatistics } from './savedStatistics.js';

export interface StatisticsProgress {
  readonly done: number;
  readonly total: number;
}

export interface BandStatisticsOptions {
  /** 'train', or 'test' of a data set without training images, unless told. */
  readonly split?: Split;
  /** Patches to take, a random sample where fewer than the split holds; all unless told. */
  readonly patches?: number;
  /** Seed of the sample. */
  readonly seed?: number;
  /** Where the result is kept; `statisticsFile` in the data's folder unless told. A data set without a folder keeps nothing. */
  readonly path?: string;
  readonly onProgress?: (progress: StatisticsProgress) => void;
  readonly signal?: AbortSignal;
}

/** Name of the file beside the data. */
export const statisticsFile = 'landlens-statistics.json';

/**
 * Mean and deviation (population, as numpy's `std`) of each band over all pixels of a split, in double precision. Each
 * patch is read once. Where the file holds statistics of the same patches they are read from it; else it is written,
 * whole or not at all. Open the data set again to have them as its `statistics`.
 * @throws InputError where the split holds too few patches, a pixel is not finite, or the file is damaged or cannot be
 *   written; the signal's reason when stopped
 */
export async function bandStatistics(
  dataset: Dataset,
  options: BandStatisticsOptions = {},
): Promise<SavedStatistics> {
  const { split = dataset.count('train') > 0 ? 'train' : 'test', seed = 0, onProgress, signal } = options;
  const available = dataset.count(split);
  requireCount(available, `patches of ${dataset.name} in the ${split} split`);
  const { patches = available } = options;
  requireCount(patches, 'bandStatistics, patches');
  if (patches > available) {
    throw new InputError({
      what: 'more patches than the split holds',
      where: `bandStatistics, ${split} split of ${dataset.name}`,
      expected: `at most ${available}`,
      got: `${patches}`,
    });
  }
  const path =
    options.path ?? (dataset.folder === undefined ? undefined : join(dataset.folder, statisticsFile));
  const sample = patches < available ? { seed } : {};
  const wanted = { dataset: dataset.name, bands: [...dataset.bands], split, patches, available, ...sample };
  const saved = path === undefined ? undefined : await readSavedStatistics(path, dataset.bands);
  if (saved !== undefined && isSame(saved, wanted)) return saved;

  const indices = Array.from({ length: available }, (_, i) => i);
  const chosen =
    patches < available
      ? createRandom(seed, 'statistics', dataset.name, split)
          .shuffle(indices)
          .slice(0, patches)
          .sort((a, b) => a - b)
      : indices;
  const bands = dataset.bands.map(() => new Moments());
  let done = 0;
  signal?.throwIfAborted();
  for await (const patch of readAhead((index) => dataset.read(split, index), chosen)) {
    signal?.throwIfAborted();
    addPatch(bands, patch);
    done++;
    onProgress?.({ done, total: patches });
  }
  const constant = bands.findIndex(({ deviation }) => deviation === 0);
  if (constant >= 0) {
    throw new InputError({
      what: `band ${dataset.bands[constant]} has one value everywhere: no network input can be divided by its deviation`,
      where: `${split} split of ${dataset.name}`,
      got: `${bands[constant].mean}`,
    });
  }
  const result: SavedStatistics = {
    ...wanted,
    mean: bands.map(({ mean }) => mean),
    deviation: bands.map(({ deviation }) => deviation),
  };
  if (path !== undefined) await writeFileAtomic(path, `${JSON.stringify(result, undefined, 2)}\n`);
  return result;
}

/** Count, mean and sum of squared differences from the mean; two of them merge exactly (Chan et al. 1983). */
export class Moments {
  count = 0;
  mean = 0;
  #squares = 0;

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
    throw new InputError({
      what: 'a pixel is not a finite number',
      where: `${name}, band ${band + 1}`,
      expected: 'finite numbers',
      todo: 'Take the patch out of the data set, or fetch it again.',
    });
  }
}

function isSame(saved: SavedStatistics, wanted: Omit<SavedStatistics, keyof BandStatistics>): boolean {
  return (
    saved.dataset === wanted.dataset &&
    saved.split === wanted.split &&
    saved.patches === wanted.patches &&
    saved.available === wanted.available &&
    saved.seed === wanted.seed
  );
}
