/** `landlens statistics`: mean and deviation of every band of a data set, kept beside it. */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bandStatistics, statisticsFile } from '../dataset/bandStatistics.js';
import { datasetForms, openDataset } from '../dataset/openDataset.js';
import { splitsInOrder } from '../dataset/splitNames.js';
import { InputError } from '../error.js';
import { createProgress, type Progress } from '../io/progress.js';
import { oneLine } from '../text.js';
import { interrupted, listenForInterrupt, parseNumber, parseSeed, print } from './commandLine.js';

const usage = `Usage: landlens statistics <dataset> [options]

Computes mean and standard deviation of every band in one pass and keeps them in the data set's folder, where training
and the packed copy find them, or in a file of your choice, which "npm run train" and "landlens pack" are told by
--statistics <file>. Stop it at any time with Ctrl+C; the same command continues where it stopped. BigEarthNet has
published statistics, which are used unless --statistics names others.

  <dataset>           ${datasetForms}
  --split <name>      ${splitsInOrder.join(', ')} (default train, or test where there are no training images)
  --patches <count>   a random sample of so many (default all)
  --seed <number>     of the sample (default 0)
  --out <file>        where they are kept (default ${statisticsFile} in the folder of the data set)
  --help              this text`;

/** The command, with the arguments after `statistics`; returns its exit status. */
export async function statisticsCommand(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      split: { type: 'string' },
      patches: { type: 'string' },
      seed: { type: 'string', default: '0' },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    print(usage);
    return 0;
  }
  if (positionals.length !== 1) {
    throw new InputError({
      what: 'another number of arguments',
      where: 'landlens statistics',
      expected: '<dataset>',
      got: positionals.join(' ') || 'none',
      todo: 'See landlens statistics --help.',
    });
  }
  const split = splitsInOrder.find((name) => name === values.split);
  if (values.split !== undefined && split === undefined) {
    throw new InputError({
      what: 'not a valid value',
      where: '--split',
      expected: splitsInOrder.join(' or '),
      got: `"${values.split}"`,
    });
  }
  const isFrom = (least: number) => (n: number) => Number.isSafeInteger(n) && n >= least;
  const patches =
    values.patches === undefined
      ? undefined
      : parseNumber('patches', values.patches, isFrom(1), 'a whole number from 1');
  const seed = parseSeed(values.seed);
  const dataset = await openDataset(positionals[0]);
  const beside = dataset.folder === undefined ? undefined : join(dataset.folder, statisticsFile);
  const path = values.out === undefined ? beside : resolve(values.out);
  const signal = listenForInterrupt();
  let progress: Progress | undefined;
  try {
    const { mean, deviation, ...facts } = await bandStatistics(dataset, {
      ...{ seed, signal },
      ...(path !== undefined && { path }),
      ...(split && { split }),
      ...(patches !== undefined && { patches }),
      onProgress({ done, total }) {
        progress?.done();
        // Those that an earlier run has read are none of the steps to come.
        progress ??= createProgress(Array.from({ length: total - done }, () => 'patch'));
        if (done < total) progress.start('patch', `${done} of ${total} patches read`);
      },
    });
    progress?.finish();
    print(
      `${oneLine(facts.dataset)}, ${facts.split} split, ${facts.patches} of ${facts.available} patches, ${dataset.units}`,
    );
    for (const [band, name] of facts.bands.entries()) {
      print(`  ${oneLine(name)}: mean ${mean[band].toFixed(2)}, deviation ${deviation[band].toFixed(2)}`);
    }
    if (path !== undefined) print(`In ${path}`);
    return 0;
  } catch (thrown) {
    progress?.finish();
    if (!signal.aborted) throw thrown;
    print('Stopped; the same command goes on.');
    return interrupted;
  }
}
