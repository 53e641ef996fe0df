/** A data set by the text that names it: `scenes`, or `<kind>:<folder>` as on the command line. */
import { resolve } from 'node:path';
import { failAt } from '../error.js';
import { openBigEarthNet } from './bigEarthNet.js';
import { openBigEarthNet2 } from './bigEarthNet2.js';
import { openEuroSat } from './euroSat.js';
import { openFolder } from './folder.js';
import { openMosaics } from './mosaics.js';
import { openPacked } from './packed.js';
import { bandResolution, type Dataset, sentinel2Bands } from './patch.js';
import type { Resampling } from './raster/resample.js';
import { withStatistics } from './savedStatistics.js';
import { scenes } from './scenes.js';
import { openSen12ms } from './sen12ms.js';

/** Data sets that lie in a folder, by the word that stands before it. */
export const folderKinds = [
  'bigearthnet',
  'bigearthnet2',
  'sen12ms',
  'eurosat',
  'mosaics',
  'folder',
  'packed',
] as const;
export type FolderKind = (typeof folderKinds)[number];

export type DatasetChoice =
  | { readonly kind: 'scenes' }
  | { readonly kind: FolderKind; readonly folder: string };

type Openers = Readonly<
  Record<FolderKind, (folder: string, options: { readonly resampling?: Resampling }) => Promise<Dataset>>
>;

const openers: Openers = {
  bigearthnet: openBigEarthNet,
  bigearthnet2: openBigEarthNet2,
  sen12ms: (folder) => openSen12ms(folder),
  eurosat: (folder) => openEuroSat(folder),
  mosaics: (folder) => openMosaics(folder),
  folder: (folder) => openFolder(folder),
  packed: openPacked,
};

/** Every way to name a data set, for usage texts and errors. */
export const datasetForms = ['scenes', ...folderKinds.map((kind) => `${kind}:<folder>`)].join(', ');

/**
 * The data set that a text names.
 * @param base folder that a relative folder is relative to; default: the current one
 * @throws InputError if the text is neither `scenes` nor `<kind>:<folder>`
 */
export function parseDataset(text: string, base = process.cwd()): DatasetChoice {
  if (text === 'scenes') return { kind: 'scenes' };
  const [, word, folder] = /^([a-z0-9]+):(.+)$/s.exec(text) ?? [];
  const kind = folderKinds.find((known) => known === word);
  if (kind !== undefined) return { kind, folder: resolve(base, folder) };
  throw failAt('--dataset')('not a data set', datasetForms, `"${text}"`);
}

/** The text that names the choice, its folder in full. */
export function datasetText(choice: DatasetChoice): string {
  return choice.kind === 'scenes' ? choice.kind : `${choice.kind}:${choice.folder}`;
}

export interface OpenDatasetOptions {
  /** File of band statistics to use in place of published ones and of those beside the data. */
  readonly statistics?: string;
  /** Folder that a relative folder is relative to; default: the current one. */
  readonly base?: string;
  /** How coarser bands are brought to the image's grid, where they are stored apart: the network's. Default: bilinear. */
  readonly resampling?: Resampling;
}

/**
 * Opens a data set.
 * @param source `scenes`, or `<kind>:<folder>` with the kind `bigearthnet`, `bigearthnet2`, `sen12ms`,
 *   `eurosat`, `mosaics` (of EuroSAT's chips), `folder` or `packed`
 * @throws InputError if there is no such data set, or the folder holds another
 * @example
 * const data = await openDataset('bigearthnet:/data/BigEarthNet-v1.0');
 * const patch = await data.read('test', 0);
 */
export async function openDataset(
  source: string | DatasetChoice,
  { statistics, base, resampling }: OpenDatasetOptions = {},
): Promise<Dataset> {
  const choice = typeof source === 'string' ? parseDataset(source, base) : source;
  const dataset =
    choice.kind === 'scenes' ? scenes() : await openers[choice.kind](choice.folder, { resampling });
  return statistics === undefined ? dataset : withStatistics(dataset, statistics);
}

/**
 * Opens a data set as it is packed: bands coarser than the image have their pixels repeated, so that nothing is lost by
 * keeping one of each block.
 * @returns the data set, and how much coarser than the image each band is
 */
export async function openForPacking(
  source: string | DatasetChoice,
  options: OpenDatasetOptions = {},
): Promise<{ readonly dataset: Dataset; readonly factors?: readonly number[] }> {
  const choice = typeof source === 'string' ? parseDataset(source, options.base) : source;
  if (choice.kind !== 'bigearthnet' && choice.kind !== 'bigearthnet2') {
    return { dataset: await openDataset(choice, options) };
  }
  return {
    dataset: await openDataset(choice, { ...options, resampling: 'nearest' }),
    factors: sentinel2Bands.map((band) => bandResolution[band] / 10),
  };
}
