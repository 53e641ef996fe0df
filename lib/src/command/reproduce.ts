/** `landlens reproduce`: the paper's study on a data set of your choice. */
import { relative } from 'node:path';
import { bindMethods } from '../attribution/explain.js';
import { openDataset } from '../dataset/openDataset.js';
import { createProgress } from '../io/progress.js';
import { writeReport } from '../study/report.js';
import { runStudy } from '../study/run.js';
import { describeSelection } from '../study/selection.js';
import { type StudySummary, summarise } from '../study/summary.js';
import { table3Text } from '../study/tables.js';
import { oneLine, shellWord } from '../text.js';
import { interrupted, listenForInterrupt, print, withClassifier } from './commandLine.js';
import { calledAs, readArguments } from './option.js';
import { type StudyOptions, studyCommand, studyOptionsOf } from './studyOptions.js';

/** The command line that resumes what these arguments began. */
export const rerun = (argv: readonly string[]): string =>
  [calledAs('reproduce'), ...argv.map(shellWord)].join(' ');

export async function reproduceCommand(argv: readonly string[]): Promise<number> {
  const read = readArguments(studyCommand, argv);
  if (read === undefined) return 0;
  return reproduce(studyOptionsOf(read.values), rerun(argv), listenForInterrupt());
}

/**
 * Runs a study and leaves its report.
 * @param again the command that resumes it
 * @returns the exit status
 */
export async function reproduce(options: StudyOptions, again: string, signal: AbortSignal): Promise<number> {
  const { images, preset, seed, selection, out: folder } = options;
  return withClassifier(options, async (classifier) => {
    const dataset = await openDataset(options.dataset, classifier);
    const studied = bindMethods(classifier, options.methods, { preset, seed });
    print(
      `${oneLine(dataset.name)}${dataset.rendered ? ' (rendered, not real imagery)' : ''}, ${images} ${oneLine(describeSelection(selection, images))}, ` +
        `${studied.length} ${studied.length === 1 ? 'method' : 'methods'}, preset ${preset}, seed ${seed}, ${oneLine(classifier.name)} ${classifier.hash}`,
    );
    const study = { dataset, classifier, methods: studied, preset, seed, images, selection, folder };
    const { complete, records } = await runStudy(study, { signal, createProgress });
    if (!complete) {
      print(`Stopped; ${records.length} records are kept in ${folder}. To resume:\n  ${again}`);
      return interrupted;
    }
    const summary = await summarise(records, studied, { dataset, model: classifier.name, selection });
    await printReport(folder, summary, 'records.jsonl');
    return 0;
  });
}

/** Leaves the tables of a study in its folder, and prints Table 3. */
export async function printReport(folder: string, summary: StudySummary, records: string): Promise<void> {
  const files = await writeReport(folder, summary);
  print(`\n${table3Text(summary)}\n`);
  print(`In ${relative(process.cwd(), folder) || '.'}: ${[...files, records].join(', ')}, sheets/, maps/`);
}
