/** Reading metadata.parquet in a thread of its own, within bounds of memory and time. */
import { Worker } from 'node:worker_threads';
import { InputError, messageOf } from '../../error.js';
import { readBoundedFile } from '../../io/boundedFile.js';
import type { MetadataTable } from './metadataTable.js';
import type { MetadataReply } from './metadataWorker.js';

export interface MetadataReader {
  /** One file at a time. */
  read(path: string): Promise<MetadataTable>;
  /** Ends the thread. */
  close(): Promise<void>;
}

export interface MetadataReaderOptions {
  /** The most that a file may take; default: 60 s, and 10 s for each MB: far more than a busy machine needs. */
  readonly seconds?: number;
}

/** Half a million patches need about a quarter of it. More would let one array outgrow what V8 can hold at all. */
const memoryMegabytes = 768;

const todo =
  'Fetch metadata.parquet of BigEarthNet v2.0 from https://zenodo.org/records/10891137 into the folder, or name it with the option "metadata".';

/**
 * A reader whose thread starts with its first file and again after a file that broke it.
 *
 * The decoder trusts what a file says of its own sizes, so a damaged or hostile one can make it allocate or loop
 * without end. A thread can be stopped, whatever it does.
 */
export function openMetadataReader({ seconds }: MetadataReaderOptions = {}): MetadataReader {
  let worker: Worker | undefined;
  let settle: ((reply: MetadataReply) => void) | undefined;

  const start = (): Worker => {
    const started = new Worker(new URL('./metadataWorker.js', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: memoryMegabytes },
    });
    started.on('message', (reply: MetadataReply) => settle?.(reply));
    const lost = (why: string): void => {
      if (worker !== started) return;
      worker = undefined;
      settle?.({ problem: { what: `not a sound Parquet file: ${why}` } });
    };
    started.on('error', (thrown) => lost(messageOf(thrown).slice(0, 200)));
    started.on('exit', () => lost('its decoder ended'));
    return started;
  };
  const close = async (): Promise<void> => {
    const ending = worker;
    worker = undefined;
    await ending?.terminate();
  };
  const decode = async (bytes: ArrayBuffer): Promise<MetadataReply> => {
    let timer: NodeJS.Timeout | undefined;
    const reply = await new Promise<MetadataReply>((resolve) => {
      settle = resolve;
      const limit = seconds ?? 60 + bytes.byteLength / 1e5;
      const what = `not a sound Parquet file: not decoded within ${limit.toFixed(0)} s`;
      timer = setTimeout(() => close().then(() => resolve({ problem: { what } })), 1000 * limit);
      worker ??= start();
      worker.postMessage(bytes, [bytes]);
    });
    clearTimeout(timer);
    settle = undefined;
    return reply;
  };
  return {
    read: async (path) => {
      const bytes = Uint8Array.from(await readBoundedFile(path, { maximumBytes: 2 ** 29, todo }));
      const reply = await decode(bytes.buffer);
      if ('problem' in reply) throw new InputError({ ...reply.problem, where: path, todo });
      const { table } = reply;
      return { ...table, names: table.names.split('\n') };
    },
    close,
  };
}

/** Reads one or several tables as one, in their order. */
export async function readMetadataTables(paths: readonly string[]): Promise<readonly MetadataTable[]> {
  const reader = openMetadataReader();
  try {
    const tables: MetadataTable[] = [];
    for (const path of paths) tables.push(await reader.read(path));
    return tables;
  } finally {
    await reader.close();
  }
}
