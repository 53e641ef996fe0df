/** `npm run reproduce`: the paper's study on a data set of your choice, from the command line. */
import { join, relative } from 'node:path';
import { methods } from '../attribution/methods.js';
import { defaultEngine, openEngine } from '../engine/engines.js';
import { openClassifier } from '../model/classifierFile.js';
import { interrupted, listenForInterrupt, runCommand } from './commandLine.js';
import { openDataset } from './openDataset.js';
import {
  datasetText,
  defaultModel,
  defaultResults,
  parseOptions,
  repositoryRoot,
  type StudyOptions,
  usage,
} from './options.js';
import { createProgress } from './progress.js';
import { writeReport } from './report.js';
import { runStudy } from './run.js';
import { runNotebooks } from './runNotebooks.js';
import { describeSelection, everyTestImage } from './selection.js';
import { studiedMethods } from './studiedMethods.js';
import { summarise } from './summary.js';
import { table3Text } from './tables.js';

function quote(argument: string): string {
  return /^[\w./:,=@-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

async function reproduce(options: StudyOptions, command: string): Promise<number> {
  const { model, images, preset, seed, selection, out: folder } = options;
  const dataset = await openDataset(options.dataset);
  const engine = await openEngine(options.engine);
  const signal = listenForInterrupt();
  try {
    const classifier = await openClassifier(model, engine);
    const studied = studiedMethods(classifier, { preset, seed }, options.methods);
    console.log(
      `${dataset.name}${dataset.rendered ? ' (rendered, not real imagery)' : ''}, ${images} ${describeSelection(selection, images)}, ` +
        `${studied.length} ${studied.length === 1 ? 'method' : 'methods'}, preset ${preset}, seed ${seed}, ${classifier.name} ${classifier.hash}`,
    );
    const study = { dataset, classifier, methods: studied, preset, seed, images, selection, folder };
    const { complete, records } = await runStudy(study, { signal, createProgress });
    if (!complete) {
      console.log(`Stopped; ${records.length} records are kept in ${folder}. To continue:\n  ${command}`);
      return interrupted;
    }
    const summary = summarise(records, studied, { dataset, model: classifier.name, selection });
    const files = await writeReport(folder, summary);
    console.log(`\n${table3Text(summary)}\n`);
    console.log(
      `In ${relative(process.cwd(), folder) || '.'}: ${files.join(', ')}, records.jsonl, sheets/, maps/`,
    );
  } finally {
    await engine.dispose();
  }
  if (options.notebooks) await executeNotebooks(options, signal);
  return 0;
}

/**
 * Executes the notebooks on what was studied: in place where that is what they come with, else beside the results, as
 * other figures would need other sentences.
 */
async function executeNotebooks(options: StudyOptions, signal: AbortSignal): Promise<void> {
  const { dataset, model, images, preset, seed, out } = options;
  if (options.methods.length < methods.length) {
    console.log('The notebooks compare all methods; with --methods they are left as they are.');
    return;
  }
  if (options.engine !== defaultEngine) {
    console.log(
      `The notebooks compute on the processor; with --engine ${options.engine} they are left as they are.`,
    );
    return;
  }
  if (JSON.stringify(options.selection) !== JSON.stringify(everyTestImage)) {
    console.log(
      'The notebooks show all test images; with --split, --class or --outcome they are left as they are.',
    );
    return;
  }
  const isDefault =
    dataset.kind === 'scenes' &&
    model === defaultModel &&
    images === 8 &&
    seed === 0 &&
    out === defaultResults('scenes', 'quick');
  if (isDefault) {
    await runNotebooks({ root: repositoryRoot, out: join(repositoryRoot, 'notebooks'), signal });
    return;
  }
  const DATASET = datasetText(dataset);
  await runNotebooks({
    root: repositoryRoot,
    parameters: { DATASET, MODEL: model, SEED: seed, PRESET: preset, STUDY: out, STUDY_IMAGES: images },
    out: join(out, 'notebooks'),
    signal,
  });
}

runCommand(async (argv) => {
  const ids = methods.map(({ id }) => id);
  const options = parseOptions(argv, ids);
  if (options === undefined) {
    console.log(usage(ids));
    return 0;
  }
  return reproduce(options, ['npm run reproduce --', ...argv.map(quote)].join(' '));
});
