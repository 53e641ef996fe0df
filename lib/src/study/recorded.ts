/** What a study has recorded, for whoever asks the same: read without computing anything, whatever versions measured it. */
import { join } from 'node:path';
import type { Method } from '../attribution/attribution.js';
import { failAt } from '../error.js';
import { asksTheSame, hasParameters, type Manifest, storedManifest } from './manifest.js';
import { readRecords, type StudyRecord } from './records.js';
import { factsOf, idsOf, manifestOf, type Study } from './study.js';
import { chooseImages } from './subject.js';

export interface RecordedStudy {
  readonly folder: string;
  /** Of the images and methods that were asked for, by image, then by method, the random baseline first. */
  readonly records: readonly StudyRecord[];
}

/** A study as its folder holds it. */
export interface StudyFiles {
  readonly manifest: Manifest;
  readonly records: readonly StudyRecord[];
}

/** The records of the study with this manifest. */
function recordsOf(folder: string, manifest: Manifest): Promise<readonly StudyRecord[]> {
  return readRecords(join(folder, 'records.jsonl'), factsOf(manifest));
}

/**
 * The study that a folder holds, whatever versions measured it.
 * @throws InputError where there is none, or a file of it is damaged
 * @example const findings = assessClaims((await readStudy('results/studies/scenes-quick')).records);
 */
export async function readStudy(folder: string): Promise<StudyFiles> {
  const manifest = await storedManifest(folder);
  if (manifest !== undefined) return { manifest, records: await recordsOf(folder, manifest) };
  throw failAt(folder)('holds no study', 'study.json and records.jsonl, as npm run reproduce writes them');
}

/**
 * The records of a study where its folder holds all of them, though other versions of landlens, Node.js or the engine may
 * have measured them; undefined where it holds another study or one with other parameters, or lacks any. Nothing is written.
 * @throws InputError where a file of the folder is damaged
 */
export async function readRecorded(study: Omit<Study, 'selection'>): Promise<RecordedStudy | undefined> {
  const { dataset, methods, seed, images, folder } = study;
  const manifest = await storedManifest(folder);
  if (manifest === undefined || !asksTheSame(manifest, manifestOf(study))) return undefined;
  const isOther = ({ id, explain: { parameters } }: Method): boolean =>
    parameters !== undefined && !hasParameters(manifest, id, parameters);
  if (methods.some(isOther)) return undefined;
  const recorded = await recordsOf(folder, manifest);
  const ids = idsOf(methods);
  const find = (image: number, id: string) =>
    recorded.find(({ imageIndex, method }) => imageIndex === image && method === id);
  const records = chooseImages(dataset, images, seed).flatMap((image) =>
    ids.flatMap((id) => find(image, id) ?? []),
  );
  return records.length === images * ids.length ? { folder, records } : undefined;
}
