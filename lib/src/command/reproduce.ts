/** `npm run reproduce`: the paper's study on a data set of your choice, from the command line. */
import { relative } from 'node:path';
import { methods } from '../attribution/methods.js';
import { studiedMethods } from '../attribution/studiedMethods.js';
import { openDataset } from '../dataset/openDataset.js';
import { openEngine } from '../engine/engines.js';
import { createProgress } from '../io/progress.js';
import { openClassifier } from '../model/classifierFile.js';
import { isInstalled, repositoryRoot } from '../repository/places.js';
import { reproducedNotebooks } from '../repository/reproducedNotebooks.js';
import { runNotebooks } from '../repository/runNotebooks.js';
import { writeReport } from '../study/report.js';
import { runStudy } from '../study/run.js';
import { describeSelection } from '../study/selection.js';
import { summarise } from '../study/summary.js';
import { table3Text } from '../study/tables.js';
import { oneLine } from '../text.js';
import { interrupted, listenForInterrupt, print, runCommand } from './commandLine.js';
import { parseOptions, type StudyOptions, usage } from './options.js';

function quote(argument: string): string {
  return /^[\w./:,=@-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

async function reproduce(options: StudyOptions, command: string): Promise<number> {
  const { model, images, preset, seed, selection, out: folder } = options;
  const dataset = await openDataset(options.dataset);
  const engine = await openEngine(options.engine);
  const signal = listenForInterrupt();
  try {
    const classifier = await openClassifier(model, { engine });
    const studied = studiedMethods(classifier, { preset, seed }, options.methods);
    print(
      `${oneLine(dataset.name)}${dataset.rendered ? ' (rendered, not real imagery)' : ''}, ${images} ${oneLine(describeSelection(selection, images))}, ` +
        `${studied.length} ${studied.length === 1 ? 'method' : 'methods'}, preset ${preset}, seed ${seed}, ${oneLine(classifier.name)} ${classifier.hash}`,
    );
    const study = { dataset, classifier, methods: studied, preset, seed, images, selection, folder };
    const { complete, records } = await runStudy(study, { signal, createProgress });
    if (!complete) {
      print(`Stopped; ${records.length} records are kept in ${folder}. To continue:\n  ${command}`);
      return interrupted;
    }
    const summary = summarise(records, studied, { dataset, model: classifier.name, selection });
    const files = await writeReport(folder, summary);
    print(`\n${table3Text(summary)}\n`);
    print(`In ${relative(process.cwd(), folder) || '.'}: ${files.join(', ')}, records.jsonl, sheets/, maps/`);
  } finally {
    await engine.dispose();
  }
  if (!options.notebooks) return 0;
  try {
    await executeNotebooks(options, signal);
    return 0;
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    print(`Stopped; the study is finished, and so are the notebooks named above. To continue:\n  ${command}`);
    return interrupted;
  }
}

/** Executes copies of the notebooks on what was studied, beside the results. */
async function executeNotebooks(options: StudyOptions, signal: AbortSignal): Promise<void> {
  const run = isInstalled
    ? 'Only the repository has the notebooks; they are not executed.'
    : reproducedNotebooks(options);
  if (typeof run === 'string') print(run);
  else await runNotebooks({ root: repositoryRoot, ...run, signal });
}

runCommand(async (argv) => {
  const ids = methods.map(({ id }) => id);
  const options = parseOptions(argv, ids);
  if (options === undefined) {
    print(usage(ids));
    return 0;
  }
  return reproduce(options, ['npm run reproduce --', ...argv.map(quote)].join(' '));
});
