/** Opens the data set that a study was asked for. */
import { openBigEarthNet } from '../dataset/bigEarthNet.js';
import type { Dataset } from '../dataset/patch.js';
import { scenes } from '../dataset/scenes.js';
import type { DatasetChoice } from './options.js';

export async function openDataset(choice: DatasetChoice): Promise<Dataset> {
  return choice.kind === 'scenes' ? scenes() : openBigEarthNet(choice.folder);
}
