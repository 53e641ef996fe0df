/** The contact sheet of one subject of a study. */
import { join } from 'node:path';
import type { Method } from '../attribution/attribution.js';
import type { Dataset } from '../dataset/patch.js';
import { contactSheet, type SheetMap } from '../figure/contactSheet.js';
import { paintPatch } from '../figure/patchPicture.js';
import { safeFileName } from '../io/fileName.js';
import { measureText } from './comparison.js';
import { readMap } from './maps.js';
import type { RecordStore } from './records.js';
import type { StudiedClassifier, Subject } from './subject.js';

export interface SheetOptions {
  readonly dataset: Dataset;
  readonly classifier: StudiedClassifier;
  readonly methods: readonly Method[];
  readonly store: RecordStore;
  readonly folder: string;
  /** Preset and seed, in words. */
  readonly context: string;
}

export function sheetPath(folder: string, image: string): string {
  return join(folder, 'sheets', `${safeFileName(image)}.png`);
}

/** Draws the subject and the stored maps of all methods as a PNG. */
export async function drawSubject(
  { patch, imageIndex, scores, target, mask }: Subject,
  { dataset, classifier, methods, store, folder, context }: SheetOptions,
): Promise<Uint8Array> {
  const [, height, width] = patch.image.shape;
  const maps: SheetMap[] = [];
  for (const { id, name } of methods) {
    const record = store.find(imageIndex, id);
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
  return contactSheet({
    title: `${patch.name} — ${dataset.name}${dataset.rendered ? ' (rendered, not real imagery)' : ''}`,
    lines: [
      `Explained class: ${target.name}, score ${target.score.toFixed(3)} (${verdict})`,
      `Labels: ${labels.join('; ') || 'none'}`,
      `Highest scores: ${highest.map(({ name, score }) => `${name} ${score.toFixed(2)}`).join('; ')}`,
      ...(facts.length > 0 ? [`Facts: ${facts.join('; ')}`] : []),
      `${classifier.name} ${classifier.hash}, ${context}`,
    ],
    width,
    height,
    picture: paintPatch(patch),
    ...(mask && { mask: { values: mask, caption: 'True mask of the class', note: shareOf(mask) } }),
    maps,
  });
}

function shareOf(mask: Uint8Array): string {
  const count = mask.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0);
  return `${((100 * count) / mask.length).toFixed(1)} % of the image`;
}
