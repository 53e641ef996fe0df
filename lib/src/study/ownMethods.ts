/** Methods of your own in a study: each keeps its records in a folder named by what it computes. */
import { join } from 'node:path';
import type { Method } from '../attribution/attribution.js';
import { explainTargets } from '../attribution/explain.js';
import { safeFileName } from '../io/fileName.js';
import { identify } from './manifest.js';
import { mapChecksum } from './maps.js';
import type { StudyRecord } from './records.js';
import { type RunOptions, runStudy, type StudyResult } from './run.js';
import type { Study } from './study.js';
import { chooseImages, readSubject } from './subject.js';

/** A record with the names that the method gave itself. */
export type NamedRecord = StudyRecord & Partial<Pick<Method, 'name' | 'abbreviation'>>;

/**
 * The folder `own/<id>-<checksum>` of a method's records. The checksum is of its map of the study's first image and of its
 * parameters: a method that is changed under the same id never meets the records of what it was before.
 */
async function ownFolder({ dataset, classifier, seed, folder }: Study, method: Method): Promise<string> {
  const [first] = chooseImages(dataset, 1, seed);
  const { input, target } = await readSubject(dataset, classifier, first);
  const [{ map, attribution }] = await explainTargets(method, input, [target.index]);
  const checksum = identify([mapChecksum(map.data), attribution.parameters]);
  return join(folder, 'own', `${safeFileName(method.id)}-${checksum}`);
}

export interface OwnResult extends StudyResult {
  /** Of the method alone. */
  readonly records: readonly NamedRecord[];
  readonly folder: string;
}

/**
 * Measures a method of your own on the images of a study, or reads what was measured before.
 * @throws InputError as runStudy does
 */
export async function runOwnMethod(
  study: Study,
  method: Method,
  options: RunOptions = {},
): Promise<OwnResult> {
  const folder = await ownFolder(study, method);
  const { complete, records } = await runStudy({ ...study, methods: [method], folder }, options);
  const { name, abbreviation = name } = method;
  const own = records.filter(({ method: id }) => id === method.id);
  return { complete, folder, records: own.map((record) => ({ ...record, name, abbreviation })) };
}
