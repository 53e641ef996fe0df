/** The file that band statistics are kept in: read back with every field checked. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeValue, failAt, InputError } from '../error.js';
import { fieldsOf, isCount, isNumbers, isText, readJsonObject } from '../io/json.js';
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

/** Name of the file beside the data. */
export const statisticsFile = 'landlens-statistics.json';

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
  const fail = failAt(path, todo);
  const content = await readJsonObject(path, { maximumBytes: 2 ** 20, todo });
  const { dataset, bands: named, split: name, patches, available, seed, fingerprint, ...rest } = content;
  const split = splitsInOrder.find((each) => each === name);
  const isKnown = split !== undefined && isText(dataset) && isText(fingerprint);
  const isCounted = isCount(patches) && isCount(available) && patches > 0 && available > 0;
  if (!isKnown || !isCounted || !(seed === undefined || typeof seed === 'number')) {
    const expected = '"dataset", "split", "patches", "available" and "fingerprint"';
    throw fail('the statistics do not say what they were computed from', expected);
  }
  if (!Array.isArray(named) || named.length !== bands.length || bands.some((band, i) => named[i] !== band)) {
    const got = Array.isArray(named) ? named.slice(0, 20).map(describeValue).join(' ') : 'no list of bands';
    throw fail('the statistics are of other bands', bands.join(' '), got);
  }
  const { mean, deviation } = requireStatistics(rest, bands.length, path);
  return {
    ...{ dataset, bands, split, patches, available, fingerprint },
    ...(seed === undefined ? {} : { seed }),
    ...{ mean, deviation },
  };
}

/**
 * The data set with the statistics of a file in place of published ones and of those beside the data.
 * @throws InputError if there is no such file, or it is damaged or of other bands
 */
export async function withStatistics(dataset: Dataset, path: string): Promise<Dataset> {
  const statistics = await readSavedStatistics(path, dataset.bands);
  const expected = 'band statistics, as `landlens statistics <dataset> --out <file>` writes them';
  if (statistics === undefined) throw failAt(path)('no such file', expected);
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

/**
 * A data set in a folder with the statistics given, else those kept in the folder, else `published` ones. They may not have
 * been computed yet: asked for, they are then an error.
 * @throws InputError if those given are of other bands or not usable, or those kept are damaged
 */
export async function withFolderStatistics(
  dataset: Omit<Dataset, 'statistics'> & { readonly folder: string },
  { given, published }: { readonly given?: BandStatistics; readonly published?: BandStatistics },
): Promise<Dataset> {
  const { folder, bands } = dataset;
  const statistics =
    given === undefined
      ? ((await readSavedStatistics(join(folder, statisticsFile), bands)) ?? published)
      : requireStatistics(given, bands.length, `${folder}, option \`statistics\``);
  return {
    ...dataset,
    get statistics(): BandStatistics {
      if (statistics !== undefined) return statistics;
      throw new InputError({
        what: 'the mean and deviation of its bands are not known',
        where: `${dataset.name} in ${folder}`,
        todo: 'Compute them once with `npx landlens statistics <dataset>`, or bandStatistics(dataset), which keeps them beside the data, then open it again; or name a file of them: --statistics <file>, or the option `statistics`.',
      });
    },
  };
}

/** Statistics of unknown origin, checked: a finite mean and a deviation above 0 for each band. */
export function requireStatistics(value: unknown, bands: number, where: string): BandStatistics {
  const { mean, deviation } = fieldsOf(value);
  if (
    isNumbers(mean) &&
    isNumbers(deviation) &&
    [mean, deviation].every(({ length }) => length === bands) &&
    deviation.every((each) => each > 0)
  ) {
    return { mean, deviation };
  }
  const expected = `"mean" and "deviation" of ${bands} finite numbers each, deviations above 0`;
  throw failAt(where, todo)('the statistics are not usable', expected);
}
