/**
 * The process around a worker thread that may crash, hang or run out of memory: it forwards messages, and ends when
 * it exceeds its limits.
 */
import { Worker } from 'node:worker_threads';
import type { Limits, ProcessMessage, StartMessage } from './expendableWorker.js';

/** Milliseconds between two checks of the limits. */
const interval = 10;

function tell(message: ProcessMessage, then: () => void = () => {}): void {
  process.send?.(message, undefined, undefined, then);
}

/** A thread inside native code cannot be stopped; only ending the process helps. */
const end = (): boolean => process.kill(process.pid, 'SIGKILL');

function start({ script, workerData, limits }: StartMessage): void {
  const worker = new Worker(new URL(script), { workerData });
  const watch = watchLimits(limits);
  process.on('message', (request: unknown) => {
    watch.begin();
    worker.postMessage(request);
  });
  worker.on('message', (reply: unknown) => {
    watch.end();
    tell({ reply });
  });
  worker.on('error', ({ message }) => tell({ failed: message }, end));
}

function watchLimits({ seconds, bytes }: Limits): { readonly begin: () => void; readonly end: () => void } {
  let pending = 0;
  let began = process.cpuUsage();
  let since = Date.now();
  setInterval(() => {
    const { user, system } = process.cpuUsage(began);
    if (process.memoryUsage.rss() > bytes) tell({ exceeded: 'memory' }, end);
    // A busy machine does not count; a thread that waits for ever takes no processor time.
    else if (pending > 0 && user + system > 1e6 * seconds) tell({ exceeded: 'time' }, end);
    else if (pending > 0 && Date.now() - since > 6000 * seconds) tell({ exceeded: 'time' }, end);
  }, interval);
  return {
    begin() {
      if (pending++ > 0) return;
      began = process.cpuUsage();
      since = Date.now();
    },
    end: () => pending--,
  };
}

// A terminal's Ctrl+C and a notebook's interruption reach it too; they are for the process that started it to answer.
process.on('SIGINT', () => undefined);
process.once('message', start);
process.on('disconnect', end);
