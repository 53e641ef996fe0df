/** A worker thread in its own process, for code that may crash, hang or run out of memory. */
import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import type { WorkerPort } from './workerProtocol.js';

/** Limits beyond which the process ends itself. */
export interface Limits {
  /** Seconds of processor time per request. */
  readonly seconds: number;
  /** Bytes of resident memory, including the runtime's own. */
  readonly bytes: number;
}

/** The first message to the process; all others are the thread's. */
export interface StartMessage {
  readonly script: string;
  readonly workerData: unknown;
  readonly limits: Limits;
}

export type ProcessMessage =
  | { readonly reply: unknown }
  | { readonly failed: string }
  | { readonly exceeded: 'time' | 'memory' };

/** Why the process ended, as part of a sentence. */
export class ProcessEnded extends Error {}

/** The options of this process that load modules; others, such as a debugger's port, are not passed on. */
export const loaders = (options: readonly string[]): string[] =>
  options.flatMap((option, i) => {
    if (/^(--import|--require)=/.test(option)) return [option];
    return /^(--import|--require|-r)$/.test(option) ? options.slice(i, i + 2) : [];
  });

/**
 * @param script run as a worker thread
 * @returns its messages; an "error" (ProcessEnded) if the process ends by itself or at its limits
 */
export function startExpendableWorker(
  script: URL,
  { workerData, limits }: Omit<StartMessage, 'script'>,
): WorkerPort {
  const child = fork(new URL('./expendableProcess.js', import.meta.url), {
    execArgv: loaders(process.execArgv),
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const events = new EventEmitter();
  let reason: string | undefined;
  child.on('message', (message: ProcessMessage) => {
    if ('reply' in message) events.emit('message', message.reply);
    else reason = 'failed' in message ? message.failed : exceeded(message.exceeded, limits);
  });
  child.on('error', ({ message }) => events.emit('error', new ProcessEnded(message)));
  child.on('exit', (code, signal) => {
    const how = signal === null ? `it ended with status ${code}` : `it was ended by ${signal}`;
    events.emit('error', new ProcessEnded(reason ?? how));
    events.emit('exit', code ?? 1);
  });
  // A failed send is ignored: "exit" reports the end of the process.
  const send = (message: unknown): unknown => child.connected && child.send(message as object, () => {});
  send({ script: script.href, workerData, limits } satisfies StartMessage);
  return {
    on: (event, listener) => events.on(event, listener),
    postMessage: send,
    ref() {
      child.ref();
      child.channel?.ref();
    },
    unref() {
      child.unref();
      child.channel?.unref();
    },
    async terminate() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.ref();
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function exceeded(what: 'time' | 'memory', { seconds, bytes }: Limits): string {
  return what === 'time'
    ? `it was stopped after ${seconds} s of processor time`
    : `it was stopped at ${Math.round(bytes / 2 ** 20)} MiB of memory`;
}
