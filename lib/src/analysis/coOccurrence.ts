/** Which labels occur together: counts of images and conditional shares, as in the paper's Figure S10. */
import { requireCount } from '../check.js';
import { failAt } from '../error.js';

/** Square matrices by class, row by row. */
export interface CoOccurrence {
  readonly images: number;
  /** [a][b]: images that carry both labels; on the diagonal, images that carry the label. */
  readonly counts: readonly (readonly number[])[];
  /** [a][b]: P(b | a), the share of the images labelled a that are also labelled b; NaN where none is labelled a. */
  readonly conditional: readonly (readonly number[])[];
}

/**
 * Counts in a single pass, so the lists may come from a generator.
 * @param labelLists class indices of each image, each at most once
 * @throws InputError where a label is no class or given twice
 */
export function coOccurrence(labelLists: Iterable<readonly number[]>, classes: number): CoOccurrence {
  requireCount(classes, 'coOccurrence, classes');
  const flat = new Float64Array(classes * classes);
  let images = 0;
  for (const labels of labelLists) {
    requireLabels(labels, classes, images++);
    for (const a of labels) for (const b of labels) flat[a * classes + b]++;
  }
  const counts = Array.from({ length: classes }, (_, a) => [
    ...flat.subarray(a * classes, (a + 1) * classes),
  ]);
  const conditional = counts.map((row, a) => row.map((count) => (row[a] > 0 ? count / row[a] : Number.NaN)));
  return { images, counts, conditional };
}

function requireLabels(labels: readonly number[], classes: number, image: number): void {
  const isClass = (label: number): boolean => Number.isInteger(label) && label >= 0 && label < classes;
  if (labels.every((label, i) => isClass(label) && labels.indexOf(label) === i)) return;
  throw failAt(`coOccurrence, image ${image}`)(
    'a label is no class, or given twice',
    `different integers from 0 to ${classes - 1}`,
    labels.join(', '),
  );
}
