/** Runs a study: explains, measures and records each image and method, and continues where it was stopped. */
import { join } from 'node:path';
import { withLock } from '../io/lock.js';
import type { CreateProgress, Progress } from '../io/progress.js';
import { requireSeed } from '../random.js';
import { reconcileManifest } from './manifest.js';
import { measureUnits } from './measureUnits.js';
import type { StudyRecord } from './records.js';
import { everyTestImage, type SelectedImage, type Selection, selectImages } from './selection.js';
import { idsOf, manifestOf, type Study } from './study.js';
import { requireCompatible } from './subject.js';

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

const silent: Progress = { start: () => undefined, done: () => undefined, finish: () => undefined };

/**
 * Runs the study, or what is left of it. Killed at any moment and started again, it ends with the same records, apart
 * from the seconds. InputError where model and data set do not fit, where the folder holds another study, or another
 * process writes to it.
 */
export async function runStudy(study: Study, options: RunOptions = {}): Promise<StudyResult> {
  requireSeed(study.seed, 'runStudy, seed');
  return withLock(study.folder, 'folder', (requireHeld) => runLocked(study, options, requireHeld));
}

async function runLocked(
  study: Study,
  { signal, createProgress = () => silent }: RunOptions,
  requireHeld: () => Promise<void>,
): Promise<StudyResult> {
  const { dataset, classifier, methods, folder, selection = everyTestImage } = study;
  requireCompatible(dataset, classifier);
  const selected = await search(study, selection, { createProgress, ...(signal && { signal }) });
  if (selected === undefined) return { complete: false, records: [] };
  const ids = idsOf(methods);
  let manifest = await reconcileManifest(folder, manifestOf(study));
  const records = await measureUnits({
    ...{ study, manifest, createProgress, requireHeld, split: selection.split },
    units: selected.map((image) => ({ ...image, methods: ids })),
    records: join(folder, 'records.jsonl'),
    async declare(id, parameters) {
      manifest = await reconcileManifest(folder, { ...manifest, methods: { [id]: parameters } });
    },
    ...(signal && { signal }),
  });
  return { complete: records.length === selected.length * ids.length, records };
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
