/** Runs a study: explains, measures and records each image and method, and continues where it was stopped. */

import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Method } from '../attribution/attribution.js';
import type { Preset } from '../attribution/methods.js';
import { passesOf } from '../attribution/passes.js';
import type { Dataset } from '../dataset/patch.js';
import { versionsOf } from '../engine/versions.js';
import { failAt } from '../error.js';
import { isFile, writeFileAtomic } from '../io/file.js';
import { withLock } from '../io/lock.js';
import type { CreateProgress, Progress } from '../io/progress.js';
import { requireSeed } from '../random.js';
import { type Manifest, reconcileManifest, studyId } from './manifest.js';
import { hasMap, mapChecksum, writeMap } from './maps.js';
import { type Measurement, type MeasureOptions, measureMethod, measureRandom } from './measure.js';
import { presets } from './presets.js';
import { openRecords, type RecordStore, randomBaseline, type StudyRecord } from './records.js';
import { everyTestImage, type SelectedImage, type Selection, selectImages } from './selection.js';
import { drawSubject, sheetPath } from './sheet.js';
import {
  describedAs,
  readSubject,
  requireCompatible,
  type StudiedClassifier,
  type Subject,
} from './subject.js';

export interface Study {
  readonly dataset: Dataset;
  readonly classifier: StudiedClassifier;
  readonly methods: readonly Method[];
  readonly preset: Preset;
  readonly seed: number;
  /** Number of images. */
  readonly images: number;
  /** Which images (default: all of the test split). */
  readonly selection?: Selection;
  /** Where manifest, records, maps and sheets are kept. */
  readonly folder: string;
}

export interface RunOptions {
  /** Stops the study after the record that is being measured. */
  readonly signal?: AbortSignal;
  /** Shows the progress over steps, named by method id. */
  readonly createProgress?: CreateProgress;
}

export interface StudyResult {
  /** False where the signal stopped the study. */
  readonly complete: boolean;
  /** Of the images and methods of this study, by image, then by method, the random baseline first. */
  readonly records: readonly StudyRecord[];
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
  /** For example "3 of 8". */
  readonly position: string;
}

const silent: Progress = { start: () => undefined, done: () => undefined, finish: () => undefined };

/** Processor and threads, which the seconds depend on, and what computed in place of them. */
export function deviceOf(classifier: StudiedClassifier): string {
  const { threads, accelerator } = classifier.engine;
  const processor = `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  return accelerator === undefined ? processor : `${accelerator} beside ${processor}`;
}

/**
 * Runs the study, or what is left of it. Killed at any moment and started again, it ends with the same records, apart
 * from the seconds. InputError where model and data set do not fit, where the folder holds another study, or another
 * process writes to it.
 */
export async function runStudy(study: Study, options: RunOptions = {}): Promise<StudyResult> {
  requireSeed(study.seed, 'runStudy, seed');
  return withLock(study.folder, 'folder', () => runLocked(study, options));
}

async function runLocked(
  study: Study,
  { signal, createProgress = () => silent }: RunOptions,
): Promise<StudyResult> {
  const { dataset, classifier, methods, preset, seed, folder, selection = everyTestImage } = study;
  requireCompatible(dataset, classifier);
  const selected = await search(study, selection, { createProgress, ...(signal && { signal }) });
  if (selected === undefined) return { complete: false, records: [] };
  const chosen = selected.map(({ index }) => index);
  const ids = [randomBaseline, ...methods.map(({ id }) => id)];
  let manifest = await reconcileManifest(folder, manifestOf(study));
  const facts = {
    study: studyId(manifest),
    ...{ seed, preset, model: classifier.hash, versions: manifest.versions },
  };
  const store = await openRecords(join(folder, 'records.jsonl'), facts);
  const progress = createProgress(
    chosen.flatMap((index) => ids.filter((id) => store.find(index, id) === undefined)),
    { cost: costOf(study) },
  );
  const common = { ...facts, device: deviceOf(classifier) };

  const options: MeasureOptions = { settings: presets[preset], seed };

  /** Measures and records one method of one image. */
  const measure = async (subject: Subject, id: string, isWarm: boolean): Promise<void> => {
    const { patch, imageIndex, target } = subject;
    const record = (measurement: Measurement, map?: Float32Array): Promise<void> =>
      store.append({
        ...{ image: patch.name, imageIndex, target, method: id, ...measurement, ...common },
        ...(map && { map: mapChecksum(map) }),
      });
    const method = methods.find((candidate) => candidate.id === id);
    if (method === undefined) return record(await measureRandom(subject, classifier, options));
    const { measurement, map } = await measureMethod(subject, method, classifier, options, isWarm);
    const { parameters } = measurement;
    manifest = await reconcileManifest(folder, { ...manifest, methods: { [id]: parameters } });
    await writeMap(folder, patch, id, map);
    await record(measurement, map);
  };

  const drawSheet = async (subject: Subject): Promise<void> => {
    const drawing = {
      dataset,
      classifier,
      methods,
      store,
      folder,
      context: `preset ${preset}, seed ${seed}`,
    };
    await writeFileAtomic(sheetPath(folder, subject.patch.name), await drawSubject(subject, drawing));
  };

  /** Measures and records what these images lack, method by method; false where the signal stopped it. */
  const measureImages = async (images: readonly Studied[]): Promise<boolean> => {
    for (const id of ids) {
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
    for (const { subject, missing } of images) {
      if (missing.length > 0 || !(await isFile(sheetPath(folder, subject.patch.name)))) {
        await drawSheet(subject);
      }
    }
    return true;
  };

  try {
    // The first image alone: its sheet is soon there, and how long each method takes is known from then on.
    for (let start = 0, end = 1; start < selected.length; start = end, end += imagesInARow) {
      const studied: Studied[] = [];
      for (const [i, { index, target }] of selected.slice(start, end).entries()) {
        const known = store.targetOf(index) ?? target;
        const subject = await readSubject(dataset, classifier, index, known, selection.split);
        const missing = await missingIds(subject, ids, store, folder);
        studied.push({ subject, missing, position: `${start + i + 1} of ${selected.length}` });
      }
      if (!(await measureImages(studied))) break;
    }
  } finally {
    progress.finish();
    await store.close();
  }
  const records = chosen.flatMap((index) => ids.flatMap((id) => store.find(index, id) ?? []));
  return { complete: records.length === chosen.length * ids.length, records };
}

/** The network passes, roughly, of measuring an image by a method's id: its explanations, and the steps of MoRF. */
function costOf({ methods, preset, classifier }: Study): (id: string) => number {
  const { repeats, draws, fraction } = presets[preset];
  const [height, width] = classifier.size;
  const perturbed = Math.log(height * width) / -Math.log(1 - fraction);
  const passes = passesOf(methods);
  return (id) => perturbed + (id === randomBaseline ? 0 : (repeats + draws) * passes(id));
}

/** The images of the selection; undefined where the signal stopped the search. */
async function search(
  { dataset, classifier, images, seed }: Study,
  selection: Selection,
  { signal, createProgress }: Required<Pick<RunOptions, 'createProgress'>> & Pick<RunOptions, 'signal'>,
): Promise<readonly SelectedImage[] | undefined> {
  let progress: Progress | undefined;
  try {
    return await selectImages(dataset, classifier, selection, images, {
      seed,
      ...(signal && { signal }),
      onBatch(looked, found, batches) {
        progress ??= createProgress(Array.from({ length: batches }, () => 'search'));
        progress.done();
        progress.start('search', `searched ${looked} images, found ${found} of ${images}`);
      },
    });
  } catch (thrown) {
    if (signal?.aborted) return undefined;
    throw thrown;
  } finally {
    progress?.finish();
  }
}

export function manifestOf({
  dataset,
  classifier,
  preset,
  seed,
  selection = everyTestImage,
}: Study): Manifest {
  // The study of all test images needs no word, so that folders of earlier versions go on.
  const isEvery = JSON.stringify(selection) === JSON.stringify(everyTestImage);
  return {
    format: 'landlens study 2',
    dataset: { name: dataset.name, rendered: dataset.rendered, testImages: dataset.count('test') },
    model: { name: classifier.name, hash: classifier.hash, description: describedAs(classifier) },
    preset,
    seed,
    ...(isEvery ? {} : { selection: { ...selection } }),
    measurement: { ...presets[preset] },
    versions: versionsOf(classifier.engine),
    methods: {},
  };
}

/** The methods without a record; a record counts only together with its map. */
async function missingIds(
  { patch, imageIndex }: Subject,
  ids: readonly string[],
  store: RecordStore,
  folder: string,
): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const id of ids) {
    const record = store.find(imageIndex, id);
    if (record !== undefined && record.image !== patch.name) {
      throw failAt(join(folder, 'records.jsonl'), 'Choose another --out or delete the folder.')(
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
