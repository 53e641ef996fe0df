/** Opens the data set that a study was asked for. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatasetChoice, FolderKind } from '../command/options.js';
import { openBigEarthNet } from './bigEarthNet.js';
import { openBigEarthNet2 } from './bigEarthNet2.js';
import { openFolder } from './folder.js';
import { openPacked } from './packed.js';
import { bandResolution, type Dataset, type Split, sentinel2Bands } from './patch.js';
import { withStatistics } from './savedStatistics.js';
import { scenes } from './scenes.js';
import { openSen12ms } from './sen12ms.js';

/** What the official lists are called; those that lie in the folder decide its splits. */
const lists = {
  bigearthnet: { train: 'train.csv', validation: 'val.csv', test: 'test.csv' },
  sen12ms: { train: 'train_list.txt', validation: 'val_list.txt', test: 'test_list.txt' },
} as const;

const openers: Readonly<Record<FolderKind, (folder: string) => Promise<Dataset>>> = {
  bigearthnet: (folder) => openBigEarthNet(folder, { splits: listsIn(folder, lists.bigearthnet) }),
  bigearthnet2: openBigEarthNet2,
  sen12ms: (folder) => openSen12ms(folder, { splits: listsIn(folder, lists.sen12ms) }),
  folder: openFolder,
  packed: openPacked,
};

export interface OpenDatasetOptions {
  /** A file of band statistics, which then go before published ones and those beside the data. */
  readonly statistics?: string;
}

export async function openDataset(
  choice: DatasetChoice,
  { statistics }: OpenDatasetOptions = {},
): Promise<Dataset> {
  const dataset = choice.kind === 'scenes' ? scenes() : await openers[choice.kind](choice.folder);
  return statistics === undefined ? dataset : withStatistics(dataset, statistics);
}

/** Data sets with bands coarser than the image, their pixels repeated: nothing is lost by keeping one of each block. */
const coarseOpeners: Readonly<Partial<Record<FolderKind, (folder: string) => Promise<Dataset>>>> = {
  bigearthnet: (folder) =>
    openBigEarthNet(folder, { splits: listsIn(folder, lists.bigearthnet), resampling: 'nearest' }),
  bigearthnet2: (folder) => openBigEarthNet2(folder, { resampling: 'nearest' }),
};

/** The data set as it is to be packed, and by band how much coarser than the image it is. */
export async function openForPacking(
  choice: DatasetChoice,
  options: OpenDatasetOptions = {},
): Promise<{ readonly dataset: Dataset; readonly factors?: readonly number[] }> {
  const open = choice.kind === 'scenes' ? undefined : coarseOpeners[choice.kind];
  if (choice.kind === 'scenes' || open === undefined) return { dataset: await openDataset(choice, options) };
  const factors = sentinel2Bands.map((band) => bandResolution[band] / 10);
  const dataset = await open(choice.folder);
  const { statistics } = options;
  return { dataset: statistics === undefined ? dataset : await withStatistics(dataset, statistics), factors };
}

function listsIn(
  folder: string,
  files: Readonly<Record<Split, string>>,
): Readonly<Partial<Record<Split, string>>> {
  const paths = Object.entries(files).map(([split, file]) => [split, join(folder, file)] as const);
  return Object.fromEntries(paths.filter(([, path]) => existsSync(path)));
}
