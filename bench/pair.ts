/** Both sides with the same network open: landlens in a Node process, PyTorch and Captum in a Python process. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Column } from './amounts.js';
import { OutOfMemory, type Side, startSide } from './side.js';
import type { OpenMessage, RunMessage, Task, Timing } from './task.js';

export interface SideOptions {
  readonly python: string;
  readonly threads: number;
  /** Bytes that the peer's process may take. */
  readonly memory: number;
}

const here = fileURLToPath(new URL('.', import.meta.url));

export const startOurs = ({ threads }: SideOptions): Promise<Side> => {
  const loader = join(here, '../test/typescript.mjs');
  return startSide('landlens', process.execPath, [
    '--import',
    loader,
    join(here, 'ours.ts'),
    String(threads),
  ]);
};

export const startPeer = ({ python, threads, memory }: SideOptions): Promise<Side> =>
  startSide('peer', python, [join(here, 'peer/main.py'), String(threads), String(memory)]);

export interface Pair {
  readonly target: number;
  readonly versions: Readonly<Record<string, string>>;
  /** Bytes that the peer may take. */
  readonly memory: number;
  /** One run of a task; OutOfMemory where the process could not hold it. */
  run(column: Column, task: Task, options?: Omit<RunMessage, 'command' | 'task'>): Promise<Timing>;
  /** Frees what earlier tasks left on either side. */
  forget(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts both sides and opens the subject, for a class that landlens chooses. */
export async function openPair(message: OpenMessage, options: SideOptions): Promise<Pair> {
  const ours = await startOurs(options);
  const { target } = await ours.request<{ target: number }>({ ...message, command: 'choose' });
  const subject = { ...message, target };
  const openPeer = async (): Promise<Side> => {
    const side = await startPeer(options);
    await side.request(subject);
    return side;
  };
  let peer = await openPeer();
  await ours.request(subject);
  return {
    target,
    memory: options.memory,
    versions: { ...ours.greeting.versions, ...peer.greeting.versions },
    async run(column, task, given) {
      const request: RunMessage = { command: 'run', task, ...given };
      if (column === 'ours') return ours.request<Timing>(request);
      try {
        return await peer.request<Timing>(request);
      } catch (thrown) {
        if (thrown instanceof OutOfMemory) {
          // The process may be gone, or hold on to what it had: a fresh one measures what follows.
          await peer.stop();
          peer = await openPeer();
        }
        throw thrown;
      }
    },
    async forget() {
      await ours.request({ command: 'forget' });
      await peer.request({ command: 'forget' });
    },
    async stop() {
      await Promise.all([ours.stop(), peer.stop()]);
    },
  };
}
