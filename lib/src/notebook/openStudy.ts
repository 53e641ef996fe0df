/** The study that `npm run reproduce` records, opened in a notebook: read where it is there, else computed and kept. */
import { relative, resolve } from 'node:path';
import type { Method } from '../attribution/attribution.js';
import { bindMethods } from '../attribution/explain.js';
import { type Preset, methods as registry } from '../attribution/methods.js';
import type { DatasetChoice } from '../dataset/openDataset.js';
import type { CreateProgress } from '../io/progress.js';
import { projectFolder } from '../io/projectFolder.js';
import { defaultResults, shippedStudies } from '../study/defaultResults.js';
import { type NamedRecord, runOwnMethod } from '../study/ownMethods.js';
import { type RecordedStudy, readRecorded } from '../study/recorded.js';
import { runStudy } from '../study/run.js';
import type { Study } from '../study/study.js';
import { type StudySummary, summarise } from '../study/summary.js';
import { describeContext } from '../study/tables.js';
import { oneLine } from '../text.js';
import { untilInterrupted } from './cellInterruption.js';
import type { Notebook } from './openNotebook.js';
import { showProgress } from './progress.js';
import { showText } from './show.js';

export interface OpenStudyOptions {
  /** Number of test images, the same ones as those of `npm run reproduce -- --images`. Default: 8. */
  readonly images?: number;
  readonly preset?: Preset;
  /**
   * Folder of the records, relative to the repository. Default: a study that comes with the repository where one asked the
   * same of as many images, else that of `npm run reproduce`.
   */
  readonly folder?: string;
  /** Ids of the library's methods ("grad-cam"), or methods of your own. Default: the twelve of the paper's Table 3. */
  readonly methods?: readonly (string | Method)[];
}

export interface OpenedStudy {
  readonly summary: StudySummary;
  /** By image, then by method: the random baseline first, methods of your own last. */
  readonly records: readonly NamedRecord[];
  /** Absolute path. */
  readonly folder: string;
  /** Whether anything had to be computed. */
  readonly isFresh: boolean;
}

/** Folder of the study of a data set; default: where `npm run reproduce` writes it. */
export function studyFolder(
  { kind }: Pick<DatasetChoice, 'kind'>,
  { preset = 'quick', folder = '' }: Pick<OpenStudyOptions, 'preset' | 'folder'> = {},
): string {
  return resolve(projectFolder, folder === '' ? defaultResults(kind, preset) : folder);
}

/**
 * The records of methods, and their means. What has not been recorded yet is computed with progress shown (8 images take
 * some 6 minutes on 2 cores) and kept where `npm run reproduce` would; what has been is read, whatever versions measured
 * it. Prints which of the two it was, and what all depends on. Methods of your own have their records in a folder each, named
 * by what the method computes: one that is changed and run again is measured anew.
 * @throws InputError where the folder holds another study, or two methods have the same id
 * @example
 * const study = await openStudy(notebook, { images: 8, methods: ['saliency', 'grad-cam', own] });
 * const rows = new dfd.DataFrame(recordRows(study.records));
 */
export async function openStudy(
  { data, choice, classifier, seed }: Pick<Notebook, 'data' | 'choice' | 'classifier' | 'seed'>,
  {
    images = 8,
    preset = 'quick',
    folder = '',
    methods = registry.map(({ id }) => id),
  }: OpenStudyOptions = {},
): Promise<OpenedStudy> {
  const path = studyFolder(choice, { preset, folder });
  const all = bindMethods(classifier, methods, { preset, seed });
  const own = all.filter((method) => methods.includes(method));
  const listed = all.filter((method) => !own.includes(method));
  const signal = untilInterrupted();
  let computed = 0;
  const createProgress: CreateProgress = (steps, options) => {
    computed += steps.length;
    return showProgress(steps, options);
  };
  const asked = { dataset: data, classifier, methods: listed, preset, seed, images };
  const study = { ...asked, folder: path };
  const recorded = await firstRecorded(asked, folder === '' ? [...(await shippedStudies()), path] : [path]);
  const { records } = recorded ?? (await runStudy(study, { signal, createProgress }));
  signal.throwIfAborted();
  const placeOf = (where: string): string => relative(projectFolder, where) || where;
  const lines = [
    computed === 0
      ? `Read ${records.length} records from ${placeOf(recorded?.folder ?? path)}; nothing was computed here.`
      : `Computed ${computed} of ${records.length} records, kept in ${placeOf(path)}: the next run reads them.`,
  ];
  const found: NamedRecord[] = [...records];
  for (const method of own) {
    const before = computed;
    const measured = await runOwnMethod(study, method, { signal, createProgress });
    signal.throwIfAborted();
    found.push(...measured.records);
    const what = `${oneLine(method.name)} on ${measured.records.length} images`;
    const place = placeOf(measured.folder);
    lines.push(computed === before ? `Read ${what} from ${place}.` : `Measured ${what}, kept in ${place}.`);
  }
  // By image, as they were chosen.
  const places = new Map(records.map(({ imageIndex }, place) => [imageIndex, place]));
  const placeIn = ({ imageIndex }: NamedRecord): number => places.get(imageIndex) ?? records.length;
  found.sort((a, b) => placeIn(a) - placeIn(b));
  const summary = await summarise(found, all, { dataset: data, model: classifier.name });
  showText(...lines, ...describeContext(summary.context).slice(0, 3));
  return { summary, records: found, folder: recorded?.folder ?? path, isFresh: computed > 0 };
}

/** The first folder that holds all that is asked. */
async function firstRecorded(
  asked: Omit<Study, 'folder'>,
  folders: readonly string[],
): Promise<RecordedStudy | undefined> {
  for (const folder of folders) {
    const recorded = await readRecorded({ ...asked, folder });
    if (recorded !== undefined) return recorded;
  }
  return undefined;
}
