/** The contact sheet of one subject of a study. */
import { join } from 'node:path';
import { contactSheet, type SheetMap } from '../figure/contactSheet.js';
import { paintPatch } from '../figure/patchPicture.js';
import { writeFileAtomic } from '../io/file.js';
import { safeFileName } from '../io/fileName.js';
import { measureText } from './comparison.js';
import { readMap } from './maps.js';
import type { StudyRecord } from './records.js';
import type { Study } from './study.js';
import type { Subject } from './subject.js';

export function sheetPath(folder: string, image: string): string {
  return join(folder, 'sheets', `${safeFileName(image)}.png`);
}

/** Writes the picture of a subject and the stored maps of all methods, by their records. */
export async function drawSheet(
  { patch, scores, target, mask }: Subject,
  { dataset, classifier, methods, preset, seed, folder }: Omit<Study, 'images' | 'selection'>,
  recordOf: (id: string) => StudyRecord | undefined,
): Promise<void> {
  const [, height, width] = patch.image.shape;
  const maps: SheetMap[] = [];
  for (const { id, name } of methods) {
    const record = recordOf(id);
    const { maxSensitivity = Number.NaN, aucMorf = Number.NaN } = record?.metrics ?? {};
    maps.push({
      caption: name,
      note: `Max-Sensitivity ${measureText(maxSensitivity)}, AUC-MoRF ${measureText(aucMorf)}`,
      values: await readMap(folder, patch, id, record),
    });
  }
  const highest = Array.from(scores, (score, i) => ({ score, name: classifier.classes[i] }))
    .sort((a, b) => b.score - a.score)
    .slice(0, 5);
  const labels = patch.labels.map((label) => dataset.classes[label]);
  const verdict = target.truePositive ? 'a label, predicted' : 'no label is predicted: the highest score';
  const facts = Object.entries(patch.facts ?? {}).map(([name, value]) => `${name} ${value}`);
  const sheet = await contactSheet({
    title: `${patch.name} — ${dataset.name}${dataset.rendered ? ' (rendered, not real imagery)' : ''}`,
    lines: [
      `Explained class: ${target.name}, score ${target.score.toFixed(3)} (${verdict})`,
      `Labels: ${labels.join('; ') || 'none'}`,
      `Highest scores: ${highest.map(({ name, score }) => `${name} ${score.toFixed(2)}`).join('; ')}`,
      ...(facts.length > 0 ? [`Facts: ${facts.join('; ')}`] : []),
      `${classifier.name} ${classifier.hash}, preset ${preset}, seed ${seed}`,
    ],
    width,
    height,
    picture: paintPatch(patch),
    ...(mask && { mask: { values: mask, caption: 'True mask of the class', note: shareOf(mask) } }),
    maps,
  });
  await writeFileAtomic(sheetPath(folder, patch.name), sheet);
}

function shareOf(mask: Uint8Array): string {
  const count = mask.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0);
  return `${((100 * count) / mask.length).toFixed(1)} % of the image`;
}
