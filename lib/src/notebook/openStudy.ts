/** The study that `npm run reproduce` records, opened in a notebook: read where it is there, else computed and kept. */
import { relative, resolve } from 'node:path';
import type { Preset } from '../attribution/methods.js';
import { studiedMethods } from '../attribution/studiedMethods.js';
import { defaultResults } from '../command/options.js';
import type { DatasetChoice } from '../dataset/openDataset.js';
import type { Progress } from '../io/progress.js';
import { repositoryRoot } from '../repository/places.js';
import type { StudyRecord } from '../study/records.js';
import { runStudy } from '../study/run.js';
import { type StudySummary, summarise } from '../study/summary.js';
import { describeContext } from '../study/tables.js';
import { untilInterrupted } from './cellInterruption.js';
import { type Notebook, showProgress } from './openNotebook.js';
import { showText } from './show.js';

export interface OpenStudyOptions {
  /** Test images, the same ones as those of `npm run reproduce -- --images`. */
  readonly images?: number;
  readonly preset?: Preset;
  /** Where the records are, seen from the root of the repository; empty for the folder of `npm run reproduce`. */
  readonly folder?: string;
}

export interface OpenedStudy {
  readonly summary: StudySummary;
  /** By image, then by method, the random baseline first. */
  readonly records: readonly StudyRecord[];
  /** Absolute path. */
  readonly folder: string;
  /** Whether anything had to be computed. */
  readonly isFresh: boolean;
}

/** Where a notebook looks for the study of its data set: where `npm run reproduce` writes it unless told otherwise. */
export function studyFolder(
  { kind }: Pick<DatasetChoice, 'kind'>,
  { preset = 'quick', folder = '' }: Pick<OpenStudyOptions, 'preset' | 'folder'> = {},
): string {
  return resolve(repositoryRoot, folder === '' ? defaultResults(kind, preset) : folder);
}

/**
 * The records of all methods, and their means. What `npm run reproduce` has not recorded yet is computed with progress
 * shown (8 images take some 6 minutes on 2 cores) and recorded there. Prints which of the two it was, and what all
 * depends on. InputError where the folder holds another study.
 */
export async function openStudy(
  { data, choice, classifier, seed }: Pick<Notebook, 'data' | 'choice' | 'classifier' | 'seed'>,
  { images = 8, preset = 'quick', folder = '' }: OpenStudyOptions = {},
): Promise<OpenedStudy> {
  const path = studyFolder(choice, { preset, folder });
  const methods = studiedMethods(classifier, { preset, seed });
  let computed = 0;
  const countAndShow = (steps: readonly string[]): Progress => {
    computed = steps.length;
    return showProgress(steps);
  };
  const study = { dataset: data, classifier, methods, preset, seed, images, folder: path };
  const signal = untilInterrupted();
  const { records } = await runStudy(study, { signal, createProgress: countAndShow });
  signal.throwIfAborted();
  const summary = summarise(records, methods, { dataset: data, model: classifier.name });
  const place = relative(repositoryRoot, path) || path;
  showText(
    computed === 0
      ? `Read ${records.length} records from ${place}; nothing was computed here.`
      : `Computed ${computed} of ${records.length} records, kept in ${place}: the next run reads them.`,
    ...describeContext(summary.context).slice(0, 3),
  );
  return { summary, records, folder: path, isFresh: computed > 0 };
}
