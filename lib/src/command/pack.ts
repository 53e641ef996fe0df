/** `landlens pack`: copies a data set into few large files that are fast to read. */
import { resolve } from 'node:path';
import { datasetForms, openForPacking } from '../dataset/openDataset.js';
import { packDataset } from '../dataset/packed/pack.js';
import { verifyPacked } from '../dataset/packed.js';
import { failAt } from '../error.js';
import { createProgress, type Progress } from '../io/progress.js';
import { oneLine } from '../text.js';
import { print, untilInterrupted } from './commandLine.js';
import { flag, option, readArguments, type Values, wholeNumber } from './option.js';
import { statistics } from './sharedOptions.js';

const command = {
  name: 'pack',
  positionals: '<data set> <folder>, or --verify <folder>',
  isCount: (count: number, values: { readonly verify: boolean }) => count === (values.verify ? 1 : 2),
  about:
    'Copies a data set into few large files that are read many times faster; the copy is then named packed:<folder>. Stop it at any ' +
    `time with Ctrl+C; rerun to resume. A data set is ${datasetForms}.`,
  options: {
    verify: flag("compare every file's SHA-256"),
    'shard-size': option('<MiB>', 'size of a file, about', wholeNumber(1, 99_999), '64'),
    statistics: {
      ...statistics,
      about: 'band statistics of the copy (default: published ones, or those beside the data)',
    },
  },
};

export async function packCommand(argv: readonly string[]): Promise<number> {
  const read = readArguments(command, argv);
  if (read === undefined) return 0;
  const { values, positionals } = read;
  return untilInterrupted((signal) =>
    values.verify
      ? verify(resolve(positionals[0]), signal)
      : pack(positionals[0], resolve(positionals[1]), values, signal),
  );
}

async function pack(
  source: string,
  folder: string,
  values: Values<typeof command.options>,
  signal: AbortSignal,
): Promise<void> {
  const { dataset, factors } = await openForPacking(source, { statistics: values.statistics });
  const since = Date.now();
  const shardBytes = values['shard-size'] * 2 ** 20;
  const result = await packDataset(dataset, folder, { factors, shardBytes, createProgress, signal });
  const seconds = (Date.now() - since) / 1000;
  print(
    `${result.patches} patches of ${oneLine(dataset.name)} in ${result.shards} files, ${(result.bytes / 1e6).toFixed(1)} MB; ` +
      `${result.written} files written in ${seconds.toFixed(1)} s. Use it as packed:${folder}`,
  );
}

async function verify(folder: string, signal: AbortSignal): Promise<void> {
  let progress: Progress | undefined;
  const wrong = await verifyPacked(folder, {
    signal,
    onShard(done, total) {
      progress ??= createProgress(Array.from({ length: total }, () => 'shard'));
      progress.done();
      progress.start('shard', `checked ${done} of ${total} files`);
    },
  });
  progress?.finish();
  if (wrong.length === 0) return print(`Every file of ${folder} is as it was written.`);
  const fail = failAt(folder, 'Delete them and rerun `landlens pack`, which resumes.');
  throw fail(`${wrong.length} files are missing or damaged: ${wrong.slice(0, 20).join(', ')}`);
}
