/** Opens the data set that a study was asked for. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openBigEarthNet } from '../dataset/bigEarthNet.js';
import { openFolder } from '../dataset/folder.js';
import { openPacked } from '../dataset/packed.js';
import { bandResolution, type Dataset, type Split, sentinel2Bands } from '../dataset/patch.js';
import { scenes } from '../dataset/scenes.js';
import { openSen12ms } from '../dataset/sen12ms.js';
import type { DatasetChoice, FolderKind } from './options.js';

/** What the official lists are called; those that lie in the folder decide its splits. */
const lists = {
  bigearthnet: { train: 'train.csv', validation: 'val.csv', test: 'test.csv' },
  sen12ms: { train: 'train_list.txt', validation: 'val_list.txt', test: 'test_list.txt' },
} as const;

const openers: Readonly<Record<FolderKind, (folder: string) => Promise<Dataset>>> = {
  bigearthnet: (folder) => openBigEarthNet(folder, { splits: listsIn(folder, lists.bigearthnet) }),
  sen12ms: (folder) => openSen12ms(folder, { splits: listsIn(folder, lists.sen12ms) }),
  folder: openFolder,
  packed: openPacked,
};

export async function openDataset(choice: DatasetChoice): Promise<Dataset> {
  return choice.kind === 'scenes' ? scenes() : openers[choice.kind](choice.folder);
}

/**
 * The data set as it is to be packed: coarse bands brought to the image's grid by repeating their pixels, so that
 * nothing is lost by keeping one of them.
 */
export async function openForPacking(
  choice: DatasetChoice,
): Promise<{ readonly dataset: Dataset; readonly factors?: readonly number[] }> {
  if (choice.kind !== 'bigearthnet') return { dataset: await openDataset(choice) };
  const { folder } = choice;
  const dataset = await openBigEarthNet(folder, {
    splits: listsIn(folder, lists.bigearthnet),
    resampling: 'nearest',
  });
  return { dataset, factors: sentinel2Bands.map((band) => bandResolution[band] / 10) };
}

function listsIn(
  folder: string,
  files: Readonly<Record<Split, string>>,
): Readonly<Partial<Record<Split, string>>> {
  const paths = Object.entries(files).map(([split, file]) => [split, join(folder, file)] as const);
  return Object.fromEntries(paths.filter(([, path]) => existsSync(path)));
}
