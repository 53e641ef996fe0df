/** The loop of every study: explains, measures and records images by methods, and continues where it was stopped. */
import type { Split } from '../dataset/patch.js';
import { failAt } from '../error.js';
import { isFile } from '../io/file.js';
import type { CreateProgress } from '../io/progress.js';
import type { Manifest } from './manifest.js';
import { hasMap, mapChecksum, writeMap } from './maps.js';
import { type Measurement, type MeasureOptions, measureMethod, measureRandom } from './measure.js';
import { presets } from './presets.js';
import {
  openRecords,
  type RecordStore,
  randomBaseline,
  type StudyRecord,
  type StudyTarget,
} from './records.js';
import { drawSheet, sheetPath } from './sheet.js';
import { costOf, deviceOf, factsOf, idsOf, type Study } from './study.js';
import { readSubject, type Subject } from './subject.js';

/** An image, and what it is to be measured by. */
export interface Unit {
  /** Position in its split. */
  readonly index: number;
  /** The class to explain, where that is decided: an index into the model's classes, or with its score. */
  readonly target?: number | StudyTarget;
  /** Ids of methods, the random baseline among them. */
  readonly methods: readonly string[];
}

/** What is measured, by whom it is recorded, and what all records share. */
export interface Measuring {
  readonly study: Pick<Study, 'dataset' | 'classifier' | 'methods' | 'preset' | 'seed' | 'folder'>;
  readonly units: readonly Unit[];
  readonly split: Split;
  readonly manifest: Manifest;
  /** File of the records. */
  readonly records: string;
  /** Asked before each record whether this process may still write. */
  readonly requireHeld: () => Promise<void>;
  /** Called with a method's parameters before its first record. */
  readonly declare?: (id: string, parameters: Measurement['parameters']) => Promise<void>;
  readonly signal?: AbortSignal;
  readonly createProgress: CreateProgress;
}

/**
 * Images that a method explains one after the other: the programs of all methods together would exceed the engine's limit
 * of memory, and be compiled anew for every image.
 */
const imagesInARow = 8;

interface Studied {
  readonly subject: Subject;
  /** Ids of the methods without a record. */
  readonly missing: readonly string[];
  /** Whether all methods of the study are this unit's, so that its sheet can be drawn. */
  readonly isWhole: boolean;
  /** For example "3 of 8". */
  readonly position: string;
}

/** Measures what the units lack; their records unit by unit, fewer where the signal stopped it. */
export async function measureUnits({
  study,
  units,
  split,
  manifest,
  records: path,
  requireHeld,
  declare,
  signal,
  createProgress,
}: Measuring): Promise<readonly StudyRecord[]> {
  const { dataset, classifier, methods, preset, seed, folder } = study;
  const facts = factsOf(manifest);
  const store = await openRecords(path, facts);
  const progress = createProgress(
    units.flatMap(({ index, methods: ids }) => ids.filter((id) => store.find(index, id) === undefined)),
    { cost: costOf(study) },
  );
  const common = { ...facts, device: deviceOf(classifier) };
  const options: MeasureOptions = { settings: presets[preset], seed };

  /** Measures and records one method of one image. */
  const measure = async (subject: Subject, id: string, isWarm: boolean): Promise<void> => {
    const { patch, imageIndex, target } = subject;
    const record = async (measurement: Measurement, map?: Float32Array): Promise<void> => {
      await requireHeld();
      await store.append({
        ...{ image: patch.name, imageIndex, target, method: id, ...measurement, ...common },
        ...(map && { map: mapChecksum(map) }),
      });
    };
    const method = methods.find((candidate) => candidate.id === id);
    if (method === undefined) return record(await measureRandom(subject, classifier, options));
    const { measurement, map } = await measureMethod(subject, method, classifier, options, isWarm);
    await declare?.(id, measurement.parameters);
    await writeMap(folder, patch, id, map);
    await record(measurement, map);
  };

  /** Measures and records what these images lack, method by method; false where the signal stopped it. */
  const measureImages = async (images: readonly Studied[]): Promise<boolean> => {
    for (const id of idsOf(methods)) {
      const name = methods.find((method) => method.id === id)?.name ?? 'Random baseline';
      // The first image compiles the method's programs.
      let isWarm = false;
      for (const { subject, missing, position } of images) {
        if (!missing.includes(id)) continue;
        if (signal?.aborted) return false;
        progress.start(id, `${name}, image ${position}`);
        await measure(subject, id, isWarm);
        isWarm = true;
        progress.done();
      }
    }
    for (const { subject, missing, isWhole } of images) {
      const sheet = sheetPath(folder, subject.patch.name);
      if (isWhole && (missing.length > 0 || !(await isFile(sheet)))) {
        await drawSheet(subject, study, (id) => store.find(subject.imageIndex, id));
      }
    }
    return true;
  };

  try {
    // The first image alone: its sheet is soon there, and how long each method takes is known from then on.
    for (let start = 0, end = 1; start < units.length; start = end, end += imagesInARow) {
      const studied: Studied[] = [];
      for (const [i, { index, target, methods: ids }] of units.slice(start, end).entries()) {
        const known = store.targetOf(index) ?? target;
        const subject = await readSubject(dataset, classifier, index, known, split);
        studied.push({
          subject,
          missing: await missingIds(subject, ids, store, { folder, path }),
          isWhole: ids.length === methods.length + 1,
          position: `${start + i + 1} of ${units.length}`,
        });
      }
      if (!(await measureImages(studied))) break;
    }
  } finally {
    progress.finish();
    await store.close();
  }
  return units.flatMap(({ index, methods: ids }) => ids.flatMap((id) => store.find(index, id) ?? []));
}

/** The methods without a record; a record counts only together with its map. */
async function missingIds(
  { patch, imageIndex }: Subject,
  ids: readonly string[],
  store: RecordStore,
  { folder, path }: { readonly folder: string; readonly path: string },
): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const id of ids) {
    const record = store.find(imageIndex, id);
    if (record !== undefined && record.image !== patch.name) {
      throw failAt(path, 'Choose another --out or delete the folder.')(
        `test image ${imageIndex} is no longer the one that was recorded`,
        `"${record.image}"`,
        `"${patch.name}"`,
      );
    }
    const isMapped =
      id === randomBaseline || record === undefined || (await hasMap(folder, patch, id, record.map));
    if (record === undefined || !isMapped) missing.push(id);
  }
  return missing;
}
