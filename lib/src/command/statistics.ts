/** `landlens statistics`: mean and deviation of every band of a data set, kept beside it. */
import { join } from 'node:path';
import { bandStatistics } from '../dataset/bandStatistics.js';
import { datasetForms, openDataset } from '../dataset/openDataset.js';
import { statisticsFile } from '../dataset/savedStatistics.js';
import { createProgress, type Progress } from '../io/progress.js';
import { oneLine } from '../text.js';
import { print, untilInterrupted } from './commandLine.js';
import { option, path, readArguments, wholeNumber } from './option.js';
import { seed, split } from './sharedOptions.js';

const command = {
  name: 'statistics',
  positionals: '<data set>',
  isCount: (count: number) => count === 1,
  about:
    "Computes mean and standard deviation of every band in one pass and keeps them in the data set's folder, where training and the " +
    'packed copy find them, or in a file of your choice, which "train" and "pack" are told by --statistics <file>. Stop it at any ' +
    'time with Ctrl+C; rerun to resume. BigEarthNet has published statistics, which are used unless --statistics names others. A ' +
    `data set is ${datasetForms}.`,
  options: {
    split: { ...split, about: `${split.about} (default: train, or test where there are no training images)` },
    patches: option('<count>', 'a random sample of so many (default: all)', wholeNumber(1)),
    seed: { ...seed, about: 'seed of the sample' },
    out: option(
      '<file>',
      `where they are kept (default: ${statisticsFile} in the folder of the data set)`,
      path,
    ),
  },
};

export async function statisticsCommand(argv: readonly string[]): Promise<number> {
  const read = readArguments(command, argv);
  if (read === undefined) return 0;
  const { values, positionals } = read;
  const { split, patches, seed } = values;
  const dataset = await openDataset(positionals[0]);
  const beside = dataset.folder === undefined ? undefined : join(dataset.folder, statisticsFile);
  const file = values.out ?? beside;
  let progress: Progress | undefined;
  return untilInterrupted(async (signal) => {
    const { mean, deviation, ...facts } = await bandStatistics(dataset, {
      ...{ split, patches, seed, path: file, signal },
      onProgress({ done, total }) {
        progress?.done();
        // Those that an earlier run has read are none of the steps to come.
        progress ??= createProgress(Array.from({ length: total - done }, () => 'patch'));
        if (done < total) progress.start('patch', `${done} of ${total} patches read`);
      },
    }).finally(() => progress?.finish());
    const count = `${facts.patches} of ${facts.available} patches`;
    print(`${oneLine(facts.dataset)}, ${facts.split} split, ${count}, ${dataset.units}`);
    for (const [band, name] of facts.bands.entries()) {
      print(`  ${oneLine(name)}: mean ${mean[band].toFixed(2)}, deviation ${deviation[band].toFixed(2)}`);
    }
    if (file !== undefined) print(`In ${file}`);
  });
}
