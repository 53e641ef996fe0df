/** A second baseline for MoRF: whole blocks in random order, as coarse as the coarse maps but blind. */
import { randomBlockRelevance, relevanceRanking } from '../metric/faithfulness/ranking.js';
import type { Notebook } from '../notebook/openNotebook.js';
import { perturb } from '../study/measure.js';
import { presets } from '../study/presets.js';
import type { StudyRecord } from '../study/records.js';
import { readSubject } from '../study/subject.js';

/**
 * AUC-MoRF of each recorded image when square blocks go in random order, in the order of the records. Takes a second or
 * two an image.
 * @param block side of a block in pixels
 */
export async function blockBaseline(
  { data, classifier, seed }: Pick<Notebook, 'data' | 'classifier' | 'seed'>,
  records: readonly StudyRecord[],
  { block = 15 }: { readonly block?: number } = {},
): Promise<readonly number[]> {
  const targets = new Map(records.map(({ imageIndex, target }) => [imageIndex, target]));
  const areas: number[] = [];
  for (const [imageIndex, target] of targets) {
    const subject = await readSubject(data, classifier, imageIndex, target);
    const [, height, width] = subject.patch.image.shape;
    const order = { seed, image: subject.patch.name };
    const ranking = relevanceRanking(randomBlockRelevance(height, width, block, order), order);
    areas.push((await perturb(subject, classifier, ranking, presets.quick.fraction)).aucMorf);
  }
  return areas;
}
