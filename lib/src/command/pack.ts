/** `landlens pack`: copies a data set into few large files that are fast to read. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { datasetForms, openForPacking } from '../dataset/openDataset.js';
import { packDataset } from '../dataset/packed/pack.js';
import { verifyPacked } from '../dataset/packed.js';
import { InputError } from '../error.js';
import { createProgress, type Progress } from '../io/progress.js';
import { oneLine } from '../text.js';
import { interrupted, listenForInterrupt, print } from './commandLine.js';

export const packUsage = `Usage: landlens pack <dataset> <folder> [--shard-size <MiB>] [--statistics <file>]
       landlens pack --verify <folder>

Copies a data set into few large files that are read many times faster; the copy is then named packed:<folder>. Stop it
at any time with Ctrl+C; the same command continues where it stopped. --verify compares every file's SHA-256.

  <dataset>             ${datasetForms}
  --shard-size <MiB>    size of a file, about (default 64)
  --statistics <file>   band statistics of the copy (default: published ones, or those beside the data)
  --help                this text`;

/** The command, with the arguments after `pack`; returns its exit status. */
export async function packCommand(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      verify: { type: 'boolean', default: false },
      'shard-size': { type: 'string', default: '64' },
      statistics: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    print(packUsage);
    return 0;
  }
  const mebibytes = /^\d{1,5}$/.test(values['shard-size']) ? Number(values['shard-size']) : 0;
  if (mebibytes < 1) {
    throw new InputError({
      what: 'not a size',
      where: '--shard-size',
      expected: 'a whole number of MiB from 1',
      got: `"${values['shard-size']}"`,
    });
  }
  const expected = values.verify ? 1 : 2;
  if (positionals.length !== expected) {
    throw new InputError({
      what: 'another number of arguments',
      where: 'landlens pack',
      expected: values.verify ? '--verify <folder>' : '<dataset> <folder>',
      got: positionals.join(' ') || 'none',
      todo: 'See landlens pack --help.',
    });
  }
  const signal = listenForInterrupt();
  try {
    if (values.verify) return await verify(resolve(positionals[0]), signal);
    const folder = resolve(positionals[1]);
    const { dataset, factors } = await openForPacking(positionals[0], {
      ...(values.statistics !== undefined && { statistics: resolve(values.statistics) }),
    });
    const since = Date.now();
    const shardBytes = mebibytes * 2 ** 20;
    const result = await packDataset(dataset, folder, {
      ...(factors && { factors }),
      shardBytes,
      createProgress,
      signal,
    });
    const seconds = (Date.now() - since) / 1000;
    print(
      `${result.patches} patches of ${oneLine(dataset.name)} in ${result.shards} files, ${(result.bytes / 1e6).toFixed(1)} MB; ` +
        `${result.written} files written in ${seconds.toFixed(1)} s. Use it as packed:${folder}`,
    );
    return 0;
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    print('Stopped; the same command goes on.');
    return interrupted;
  }
}

async function verify(folder: string, signal: AbortSignal): Promise<number> {
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
  if (wrong.length === 0) {
    print(`Every file of ${folder} is as it was written.`);
    return 0;
  }
  throw new InputError({
    what: `${wrong.length} files are missing or damaged: ${wrong.slice(0, 20).join(', ')}`,
    where: folder,
    todo: 'Delete them and run the same `landlens pack` again.',
  });
}
