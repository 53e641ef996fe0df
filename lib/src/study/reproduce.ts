/** `npm run reproduce`: the paper's study on a data set of your choice, from the command line. */
import { relative } from 'node:path';
import { methods } from '../attribution/methods.js';
import { openBigEarthNet } from '../dataset/bigEarthNet.js';
import type { Dataset } from '../dataset/patch.js';
import { scenes } from '../dataset/scenes.js';
import { createEngine } from '../engine/onnxRuntime.js';
import { openClassifier } from '../model/classifierFile.js';
import { interrupted, listenForInterrupt, runCommand } from './commandLine.js';
import { type DatasetChoice, parseOptions, type StudyOptions, usage } from './options.js';
import { createProgress } from './progress.js';
import { writeReport } from './report.js';
import { runStudy } from './run.js';
import { studiedMethods } from './studiedMethods.js';
import { summarise } from './summary.js';
import { table3Text } from './tables.js';

async function openDataset(choice: DatasetChoice): Promise<Dataset> {
  return choice.kind === 'scenes' ? scenes() : openBigEarthNet(choice.folder);
}

function quote(argument: string): string {
  return /^[\w./:,=@-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

async function reproduce(options: StudyOptions, command: string): Promise<number> {
  const { model, images, preset, seed, out: folder } = options;
  const dataset = await openDataset(options.dataset);
  const engine = createEngine();
  const signal = listenForInterrupt();
  try {
    const classifier = await openClassifier(model, engine);
    const studied = studiedMethods(classifier, { preset, seed }, options.methods);
    console.log(
      `${dataset.name}${dataset.rendered ? ' (rendered, not real imagery)' : ''}, ${images} test images, ` +
        `${studied.length} methods, preset ${preset}, seed ${seed}, ${classifier.name} ${classifier.hash}`,
    );
    const study = { dataset, classifier, methods: studied, preset, seed, images, folder };
    const { complete, records } = await runStudy(study, { signal, createProgress });
    if (!complete) {
      console.log(`Stopped; ${records.length} records are kept in ${folder}. To continue:\n  ${command}`);
      return interrupted;
    }
    const summary = summarise(records, studied, { dataset, model: classifier.name });
    const files = await writeReport(folder, summary);
    console.log(`\n${table3Text(summary)}\n`);
    console.log(
      `In ${relative(process.cwd(), folder) || '.'}: ${files.join(', ')}, records.jsonl, sheets/, maps/`,
    );
    return 0;
  } finally {
    await engine.dispose();
  }
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
