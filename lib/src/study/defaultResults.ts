/** Where the results of studies lie. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Preset } from '../attribution/methods.js';
import type { DatasetChoice } from '../dataset/openDataset.js';
import { defaultEngine, type EngineName } from '../engine/engines.js';
import { projectFolder } from '../io/projectFolder.js';

/** Where a study is recorded by default; the notebooks look there too. */
export function defaultResults(
  dataset: DatasetChoice['kind'],
  preset: Preset,
  engine: EngineName = defaultEngine,
): string {
  const suffix = engine === defaultEngine ? '' : `-${engine}`;
  return join(projectFolder, 'results', `reproduce-${dataset}-${preset}${suffix}`);
}

/** Folders of the studies that come with the repository; none in a project without them. */
export async function shippedStudies(): Promise<readonly string[]> {
  const folder = join(projectFolder, 'results', 'studies');
  const names = await readdir(folder).catch(() => []);
  return names.sort().map((name) => join(folder, name));
}
