/** What a study has recorded, for whoever asks the same: read without computing anything, whatever versions measured it. */
import { join } from 'node:path';
import type { Method } from '../attribution/attribution.js';
import { asksTheSame, hasParameters, type Manifest, storedManifest, studyId } from './manifest.js';
import { randomBaseline, readRecords, type StudyRecord } from './records.js';
import { manifestOf, type Study } from './run.js';
import { chooseImages } from './subject.js';

export interface RecordedStudy {
  readonly folder: string;
  /** Of the images and methods that were asked for, by image, then by method, the random baseline first. */
  readonly records: readonly StudyRecord[];
}

/**
 * The records of a study where its folder holds all of them, though other versions of landlens, Node.js or the engine may
 * have measured them; undefined where it holds another study or one with other parameters, or lacks any. Nothing is written.
 * @throws InputError where a file of the folder is no study
 */
export async function readRecorded(study: Omit<Study, 'selection'>): Promise<RecordedStudy | undefined> {
  const { dataset, methods, seed, images, folder } = study;
  const manifest = await storedManifest(folder);
  if (manifest === undefined || !asksTheSame(manifest, manifestOf(study))) return undefined;
  const isOther = ({ id, explain: { parameters } }: Method): boolean =>
    parameters !== undefined && !hasParameters(manifest, id, parameters);
  if (methods.some(isOther)) return undefined;
  const found = await readRecords(join(folder, 'records.jsonl'), factsOf(manifest));
  const ids = [randomBaseline, ...methods.map(({ id }) => id)];
  const records = chooseImages(dataset, images, seed).flatMap((image) =>
    ids.flatMap((id) => found.find(({ imageIndex, method }) => imageIndex === image && method === id) ?? []),
  );
  return records.length === images * ids.length ? { folder, records } : undefined;
}

const factsOf = (manifest: Manifest) => ({
  study: studyId(manifest),
  ...{
    seed: manifest.seed,
    preset: manifest.preset,
    model: manifest.model.hash,
    versions: manifest.versions,
  },
});
