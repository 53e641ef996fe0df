/** Which notebooks `npm run reproduce` executes at its end, on what, and where their executed copies go. */
import { join } from 'node:path';
import { methods } from '../lib/src/attribution/methods.js';
import type { StudyOptions } from '../lib/src/command/studyOptions.js';
import { datasetText } from '../lib/src/dataset/openDataset.js';
import { defaultEngine } from '../lib/src/engine/engines.js';
import { defaultModel } from '../lib/src/model/defaultModel.js';
import { defaultResults } from '../lib/src/study/defaultResults.js';
import { everyTestImage } from '../lib/src/study/selection.js';
import type { Parameters } from './notebookFile.js';

export interface ReproducedNotebooks {
  /** Constants that differ from those that the notebooks come with. */
  readonly parameters: Parameters;
  /** Folder of the executed copies, below the results: the notebooks that git tracks stay as they are. */
  readonly out: string;
}

/** What to execute after a study of these options, or one sentence that says why the notebooks cannot show it. */
export function reproducedNotebooks(options: StudyOptions): ReproducedNotebooks | string {
  const { dataset, model, images, preset, seed, selection, engine, out } = options;
  if (options.methods.length < methods.length) {
    return 'The notebooks compare all methods; with --methods they are not executed.';
  }
  if (engine !== defaultEngine) {
    return `The notebooks compute on the processor; with --engine ${engine} they are not executed.`;
  }
  if (JSON.stringify(selection) !== JSON.stringify(everyTestImage)) {
    return 'The notebooks show all test images; with --split, --class or --outcome they are not executed.';
  }
  const isDefault =
    dataset.kind === 'scenes' &&
    model === defaultModel &&
    images === 8 &&
    seed === 0 &&
    out === defaultResults('scenes', 'quick');
  const parameters = {
    ...{ DATASET: datasetText(dataset), MODEL: model, SEED: seed, PRESET: preset },
    ...{ STUDY: out, STUDY_IMAGES: images },
  };
  return { parameters: isDefault ? {} : parameters, out: join(out, 'notebooks') };
}
