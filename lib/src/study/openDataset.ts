/** Opens the data set that a study was asked for. */
import { openBigEarthNet } from '../dataset/bigEarthNet.js';
import { openBigEarthNet2 } from '../dataset/bigEarthNet2.js';
import type { Dataset } from '../dataset/patch.js';
import { scenes } from '../dataset/scenes.js';
import type { DatasetChoice, FolderKind } from './options.js';

const openers: Readonly<Record<FolderKind, (folder: string) => Promise<Dataset>>> = {
  bigearthnet: openBigEarthNet,
  bigearthnet2: openBigEarthNet2,
};

export async function openDataset(choice: DatasetChoice): Promise<Dataset> {
  return choice.kind === 'scenes' ? scenes() : openers[choice.kind](choice.folder);
}
