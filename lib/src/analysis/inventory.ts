/** What a data set holds: the labels of many images, and where the first examples of something are. */
import type { Dataset, Patch, Split } from '../dataset/patch.js';
import type { Progress } from '../io/progress.js';

export interface InventoryOptions {
  /** Images to look at, at most; all unless told. */
  readonly images?: number;
  readonly createProgress?: (steps: readonly string[]) => Progress;
}

/** Images between two looks at the progress. */
const chunk = 16;

/** The split that was made for training, or the test split of a data set that has none. */
export const labelledSplit = (dataset: Dataset): Split => (dataset.count('train') > 0 ? 'train' : 'test');

/** The labels of the first images of a split, without reading images where the data set allows that. */
export async function readLabels(
  dataset: Dataset,
  split: Split,
  { images = dataset.count(split), createProgress }: InventoryOptions = {},
): Promise<readonly (readonly number[])[]> {
  const count = Math.min(images, dataset.count(split));
  const progress = createProgress?.(Array.from({ length: Math.ceil(count / chunk) }, () => 'labels'));
  const labels: (readonly number[])[] = [];
  try {
    for (let start = 0; start < count; start += chunk) {
      progress?.start('labels', `labels of image ${start} of ${count}`);
      const indices = Array.from({ length: Math.min(chunk, count - start) }, (_, i) => start + i);
      const read = async (index: number): Promise<readonly number[]> =>
        (await dataset.readLabels?.(split, index)) ?? (await dataset.read(split, index)).labels;
      labels.push(...(await Promise.all(indices.map(read))));
      progress?.done();
    }
  } finally {
    progress?.finish();
  }
  return labels;
}

/** Images that show as many classes as possible: each is the first with a class that none before it has. */
export function firstWithNewClass(
  labelLists: readonly (readonly number[])[],
  count: number,
): readonly number[] {
  const seen = new Set<number>();
  const chosen: number[] = [];
  for (const [index, labels] of labelLists.entries()) {
    if (chosen.length >= count) break;
    if (labels.every((label) => seen.has(label))) continue;
    for (const label of labels) seen.add(label);
    chosen.push(index);
  }
  return chosen;
}

/** A patch of the test split and its place there. */
export interface Found {
  readonly index: number;
  readonly patch: Patch;
}

/** For each kind of planted thing, the first test image that has it, in the order of the images. */
export async function findPlanted(
  dataset: Dataset,
  kinds: readonly string[],
  { images = dataset.count('test') }: Pick<InventoryOptions, 'images'> = {},
): Promise<ReadonlyMap<string, Found>> {
  const found = new Map<string, Found>();
  const count = Math.min(images, dataset.count('test'));
  for (let index = 0; index < count && found.size < kinds.length; index++) {
    const patch = await dataset.read('test', index);
    for (const kind of kinds)
      if (!found.has(kind) && patch.planted?.[kind] !== undefined) found.set(kind, { index, patch });
  }
  return found;
}
