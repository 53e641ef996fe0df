/** The file that band statistics are kept in: read back with every field checked. */
import { existsSync } from 'node:fs';
import { describeValue, InputError } from '../error.js';
import { isJsonObject, readJsonObject } from '../io/jsonFile.js';
import type { BandStatistics, Dataset, Split } from './patch.js';
import { splitsInOrder } from './splitNames.js';

export interface SavedStatistics extends BandStatistics {
  /** Name of the data set. */
  readonly dataset: string;
  readonly bands: readonly string[];
  readonly split: Split;
  /** Patches that they were computed from. */
  readonly patches: number;
  /** Patches in the split. */
  readonly available: number;
  /** Of the sample, where not all patches were taken. */
  readonly seed?: number;
  /** SHA-256 of the patches' names in their order: other patches, other statistics. */
  readonly fingerprint: string;
}

const todo = 'Delete the file, or compute the statistics again.';

/**
 * The statistics in a file; undefined if there is no such file.
 * @throws InputError if it is damaged or of other bands
 */
export async function readSavedStatistics(
  path: string,
  bands: readonly string[],
): Promise<SavedStatistics | undefined> {
  if (!existsSync(path)) return undefined;
  const content = await readJsonObject(path, { maximumBytes: 2 ** 20, todo });
  const { dataset, bands: named, split, patches, available, seed, fingerprint, ...rest } = content;
  const splitFound = splitsInOrder.find((each) => each === split);
  if (
    typeof dataset !== 'string' ||
    splitFound === undefined ||
    !isCount(patches) ||
    !isCount(available) ||
    typeof fingerprint !== 'string' ||
    !(seed === undefined || typeof seed === 'number')
  ) {
    throw new InputError({
      what: 'the statistics do not say what they were computed from',
      where: path,
      expected: '"dataset", "split", "patches", "available" and "fingerprint"',
      todo,
    });
  }
  if (!Array.isArray(named) || named.length !== bands.length || bands.some((band, i) => named[i] !== band)) {
    throw new InputError({
      what: 'the statistics are of other bands',
      where: path,
      expected: bands.join(' '),
      got: Array.isArray(named) ? named.slice(0, 20).map(describeValue).join(' ') : 'no list of bands',
      todo,
    });
  }
  return {
    dataset,
    bands,
    split: splitFound,
    patches,
    available,
    fingerprint,
    ...(seed === undefined ? {} : { seed }),
    ...requireStatistics({ mean: rest.mean, deviation: rest.deviation }, bands.length, path),
  };
}

/**
 * The data set with the statistics of a file in place of published ones and of those beside the data.
 * @throws InputError if there is no such file, or it is damaged or of other bands
 */
export async function withStatistics(dataset: Dataset, path: string): Promise<Dataset> {
  const statistics = await readSavedStatistics(path, dataset.bands);
  if (statistics === undefined) {
    throw new InputError({
      what: 'no such file',
      where: path,
      expected: 'band statistics, as `landlens statistics <dataset> --out <file>` writes them',
    });
  }
  // Not a spread copy: it would ask for the statistics that may not be known.
  const { name, bands, classes, rendered, size, units, folder, readLabels } = dataset;
  return {
    ...{ name, bands, classes, rendered, size, units, statistics },
    ...(folder !== undefined && { folder }),
    count: (split) => dataset.count(split),
    nameOf: (split, index) => dataset.nameOf(split, index),
    find: (patch) => dataset.find(patch),
    read: (split, index) => dataset.read(split, index),
    ...(readLabels && {
      readLabels: (split: Split, index: number) => readLabels.call(dataset, split, index),
    }),
  };
}

/** Statistics of unknown origin, checked: a finite mean and a deviation above 0 for each band. */
export function requireStatistics(value: unknown, bands: number, where: string): BandStatistics {
  const { mean, deviation } = isJsonObject(value) ? value : {};
  if (isNumbers(mean, bands) && isNumbers(deviation, bands) && deviation.every((each) => each > 0)) {
    return { mean, deviation };
  }
  throw new InputError({
    what: 'the statistics are not usable',
    where,
    expected: `"mean" and "deviation" of ${bands} finite numbers each, deviations above 0`,
    todo,
  });
}

/** Stands in for statistics that nobody has computed yet. */
export function unknownStatistics(name: string): InputError {
  return new InputError({
    what: 'the mean and deviation of its bands are not known',
    where: name,
    todo: 'Compute them once with `npx landlens statistics <dataset>`, or bandStatistics(dataset), which keeps them beside the data, then open it again; or name a file of them: --statistics <file>, or the option `statistics`.',
  });
}

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function isNumbers(value: unknown, count: number): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.length === count &&
    value.every((each) => typeof each === 'number' && Number.isFinite(each))
  );
}
