/** One image by its name, explained for a class of choice by every method: the paper's figures of single cases. */
import { join } from 'node:path';
import type { Method } from '../attribution/attribution.js';
import type { Preset } from '../attribution/methods.js';
import { maskOf } from '../dataset/classMask.js';
import type { Dataset } from '../dataset/patch.js';
import { failAt } from '../error.js';
import { contactSheet } from '../figure/contactSheet.js';
import { paintPatch } from '../figure/patchPicture.js';
import { readBoundedFile } from '../io/boundedFile.js';
import { isFile, writeFileAtomic } from '../io/file.js';
import { safeFileName } from '../io/fileName.js';
import { parseJson } from '../io/json.js';
import type { Progress } from '../io/progress.js';
import { isPredicted } from '../metric/classification/decision.js';
import { indexOfClass, translateClasses } from '../model/classMatch.js';
import { measureText } from './comparison.js';
import { type ClassifiedImage, type ExplainedClass, explainClass } from './explainClass.js';
import { hasMap, mapChecksum, writeMap } from './maps.js';
import { type PaperCase, paperCases } from './paper/paperCases.js';
import { presets } from './presets.js';
import { sheetPath } from './sheet.js';
import { describedAs, requireCompatible, type StudiedClassifier } from './subject.js';

/** An image and one class of it. */
export interface Case {
  readonly image: string;
  readonly className: string;
  /** What it is known from, for example "Figures 2, S1". */
  readonly origin?: string;
  /** What the paper shows with it. */
  readonly shows?: string;
}

export interface CaseStudy {
  readonly dataset: Dataset;
  readonly classifier: StudiedClassifier;
  readonly methods: readonly Method[];
  readonly preset: Preset;
  readonly seed: number;
  /** Where the sheets, maps and records are written, one folder per class. */
  readonly folder: string;
}

const casesOf = ({ figures, image, classes, shows }: PaperCase): readonly Case[] =>
  classes.map((className) => ({
    image,
    className,
    origin: `Figure${figures.length > 1 ? 's' : ''} ${figures.join(', ')}`,
    shows,
  }));

/** The paper's cases, apart into those whose image the data set holds and the others. */
export function findPaperCases(dataset: Pick<Dataset, 'find'>): {
  readonly present: readonly Case[];
  readonly absent: readonly Case[];
} {
  const cases = paperCases.flatMap(casesOf);
  const isPresent = ({ image }: Case): boolean => dataset.find(image) !== undefined;
  return { present: cases.filter(isPresent), absent: cases.filter((each) => !isPresent(each)) };
}

/** What the labels and the score say of the class, in words. */
export function verdictOf(isLabel: boolean, score: number): string {
  if (isPredicted(score)) return isLabel ? 'true positive' : 'predicted, not a label';
  return isLabel ? 'false negative' : 'neither predicted nor a label';
}

/** Reads and scores the image. InputError where the data set has no such image or the model no such class. */
export async function readCase(
  { image, className }: Case,
  { dataset, classifier }: Pick<CaseStudy, 'dataset' | 'classifier'>,
): Promise<ClassifiedImage & { readonly verdict: string }> {
  requireCompatible(dataset, classifier);
  const index = indexOfClass(className, classifier, `image ${image}`);
  const place = dataset.find(image);
  if (place === undefined) {
    throw failAt(dataset.name, 'Names are those of the data set, whichever split holds them.')(
      'no image of that name',
      `a name such as ${await exampleName(dataset)}`,
      `"${image}"`,
    );
  }
  const patch = await dataset.read(place.split, place.index);
  const input = classifier.prepare(patch);
  const score = (await classifier.score(input)).data[index];
  const labels = translateClasses(patch.labels, dataset, classifier);
  const mask = maskOf(patch, className, dataset);
  return {
    ...{ patch, input },
    shown: { index, name: className, score, ...(mask && { mask }) },
    verdict: verdictOf(labels.includes(index), score),
  };
}

async function exampleName(dataset: Dataset): Promise<string> {
  const split = (['test', 'validation', 'train'] as const).find((each) => dataset.count(each) > 0);
  return split === undefined ? 'any (the data set is empty)' : `"${await dataset.nameOf(split, 0)}"`;
}

/** What is kept of a case beside its sheet and maps; the identity decides whether it is still valid. */
interface CaseRecord {
  readonly identity: string;
  readonly image: string;
  readonly class: string;
  readonly score: number;
  readonly verdict: string;
  readonly preset: Preset;
  readonly seed: number;
  readonly model: string;
  readonly maxSensitivity: Readonly<Record<string, number>>;
  /** Checksum of each method's map, see mapChecksum. */
  readonly maps: Readonly<Record<string, string>>;
}

/** Stands in the identity: a record of another format is one of another case. */
const format = 'landlens case 2';

export interface CaseResult {
  /** Path of the PNG. */
  readonly sheet: string;
  /** Whether it was there already, of the same model, methods, preset and seed. */
  readonly kept: boolean;
}

/**
 * Explains the case with every method and writes a PNG sheet, a GeoTIFF per method and a record (JSON, last, so that
 * an interrupted case is begun again). A case that is there already in full, of the same study, is kept.
 * @throws InputError where it is there, but the values of a map have changed since
 */
export async function writeCase(
  chosen: Case,
  study: CaseStudy,
  { progress }: { readonly progress?: Pick<Progress, 'start' | 'done'> } = {},
): Promise<CaseResult> {
  const { dataset, classifier, methods, preset, seed } = study;
  const { image, className } = chosen;
  const folder = join(study.folder, safeFileName(className));
  const sheet = sheetPath(folder, image);
  const recordPath = join(folder, `${safeFileName(image)}.json`);
  const ids = methods.map(({ id }) => id);
  const { engine, hash } = classifier;
  const identity = JSON.stringify([
    ...[
      format,
      dataset.name,
      hash,
      describedAs(classifier),
      engine.name,
      image,
      className,
      preset,
      seed,
      ids,
    ],
  ]);
  const found = await readCase(chosen, study);
  const recorded = await mapsRecorded(recordPath, identity);
  if (recorded !== undefined) {
    // Each is looked at, so that no changed one is written over because another is missing.
    const there = [await isFile(sheet)];
    for (const id of ids) there.push(await hasMap(folder, found.patch, id, recorded.get(id)));
    if (there.every(Boolean)) return { sheet, kept: true };
  }

  const { draws, radius } = presets[preset];
  const explained = await explainClass(found, methods, { draws, radius, seed, progress });
  for (const { method, map } of explained.explanations) await writeMap(folder, found.patch, method.id, map);
  await writeFileAtomic(sheet, await drawCase(chosen, { ...explained, verdict: found.verdict }, study));
  const record: CaseRecord = {
    ...{ identity, image, class: className, preset, seed },
    score: found.shown.score,
    verdict: found.verdict,
    model: classifier.hash,
    maxSensitivity: Object.fromEntries(
      explained.explanations.map((each) => [each.method.id, each.maxSensitivity]),
    ),
    maps: Object.fromEntries(explained.explanations.map(({ method, map }) => [method.id, mapChecksum(map)])),
  };
  await writeFileAtomic(recordPath, `${JSON.stringify(record, undefined, 2)}\n`);
  return { sheet, kept: false };
}

/** The checksums of the maps by method; undefined where no case of that identity is recorded. */
async function mapsRecorded(
  path: string,
  identity: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    const bytes = await readBoundedFile(path, { maximumBytes: 2 ** 24, todo: 'Delete the file.' });
    const record = parseJson(new TextDecoder().decode(bytes));
    if (typeof record !== 'object' || record === null) return undefined;
    if (!('identity' in record && record.identity === identity && 'maps' in record)) return undefined;
    return new Map(Object.entries(record.maps ?? {}));
  } catch {
    // Absent or damaged: the case is computed anew.
    return undefined;
  }
}

/** As in the paper's figures, Max-Sensitivity stands beside the method; then the share of the positive relevance inside the mask. */
async function drawCase(
  { origin, shows }: Case,
  { image: { patch, shown }, explanations, verdict }: ExplainedClass & { readonly verdict: string },
  { dataset, classifier, preset, seed }: CaseStudy,
): Promise<Uint8Array> {
  const [, height, width] = patch.image.shape;
  const labels = patch.labels.map((label) => dataset.classes[label]).join('; ') || 'none';
  return contactSheet({
    title: `${shown.name} — ${patch.name}${dataset.rendered ? ' (rendered, not real imagery)' : ''}`,
    lines: [
      `Score ${shown.score.toFixed(2)}: ${verdict}. Labels: ${labels}`,
      ...(origin ? [`${origin} of the paper${shows ? `: ${shows}` : ''}`] : []),
      `${dataset.name}; ${classifier.name} ${classifier.hash}, preset ${preset}, seed ${seed}`,
    ],
    ...{ width, height, picture: paintPatch(patch) },
    ...(shown.mask && { mask: { values: shown.mask, caption: 'True mask of the class', note: '' } }),
    maps: explanations.map(({ method, map, maxSensitivity, localisation }) => ({
      caption: method.name,
      note: `Max-Sensitivity ${measureText(maxSensitivity)}${
        localisation?.share === undefined
          ? ''
          : `, ${(100 * localisation.share).toFixed(0)} % inside the mask`
      }`,
      values: map,
    })),
  });
}
