/** What the commands share: output that may end early, Ctrl+C, and errors as one line. */
import { constants } from 'node:os';
import { type EngineName, openEngine } from '../engine/engines.js';
import { InputError, messageOf } from '../error.js';
import { isSystemError, systemError } from '../io/file.js';
import type { Classifier } from '../model/classifier.js';
import { openClassifier } from '../model/classifierFile.js';
import { plainText } from '../text.js';

/** Exit status of a command that Ctrl+C stopped: 128 + SIGINT. */
export const interrupted = 130;

/** Exit status of a command whose output nobody reads any more (`| head`): 128 + SIGPIPE, as a shell has it. */
const unread = 141;

/** Aborts where the process shall end: at Ctrl+C, or when its output can be written no more. */
const stopping = new AbortController();
let outputError: unknown;

/** Prints lines of text on standard output. A name within them stands in one line by `oneLine`. */
export function print(text: string): void {
  // console.log would say nothing where a device is full.
  process.stdout.write(`${plainText(text)}\n`);
}

/**
 * Aborts when the process shall end after its present step: at the first Ctrl+C, or when its output can be written no
 * more. A second Ctrl+C ends the process.
 */
export function listenForInterrupt(): AbortSignal {
  let since = 0;
  process.on('SIGINT', () => {
    if (!stopping.signal.aborted) {
      since = Date.now();
      stopping.abort();
      process.stderr.write('\nStopping after the present step; Ctrl+C again stops at once (and loses it).\n');
      return;
    }
    // npm passes on the signal that the terminal has already sent: one key press arrives twice.
    if (Date.now() - since > 1000) endBy('SIGINT');
  });
  return stopping.signal;
}

/**
 * Ends the process by a signal: locks and temporary files are removed, then the signal has its own effect. An orderly
 * `process.exit` would be an abort where an engine is at work.
 */
function endBy(signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM'): void {
  process.emit('exit', 128 + constants.signals[signal]);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** Does what a command is for; where it is interrupted, prints `stopped` and gives the status of that. */
export async function untilInterrupted(
  work: (signal: AbortSignal) => Promise<void>,
  { stopped = 'Stopped; rerun to resume.' }: { readonly stopped?: string } = {},
): Promise<number> {
  const signal = listenForInterrupt();
  try {
    await work(signal);
    return 0;
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    print(stopped);
    return interrupted;
  }
}

/** Does something with the classifier that --model and --engine name. */
export async function withClassifier<Result>(
  {
    model,
    engine: name,
    threads,
  }: { readonly model: string; readonly engine: EngineName; readonly threads?: number },
  work: (classifier: Classifier) => Promise<Result>,
): Promise<Result> {
  const engine = await openEngine(name, threads === undefined ? {} : { threads });
  try {
    return await work(await openClassifier(model, { engine }));
  } finally {
    await engine.dispose();
  }
}

/**
 * Runs a command to its exit status. Wrong input, and files that cannot be read or written, are one line on stderr and
 * status 1; output that nobody reads any more ends the work quietly. What cannot be shown on stderr is no reason to end.
 */
export async function runCommand(main: (argv: readonly string[]) => Promise<number>): Promise<void> {
  for (const signal of ['SIGHUP', 'SIGTERM'] as const) {
    process.once(signal, () => endBy(signal));
  }
  process.stdout.on('error', (thrown) => {
    outputError ??= thrown;
    stopping.abort();
  });
  process.stderr.on('error', () => undefined);
  process.exitCode = await statusOf(main);
  await new Promise((resolve) => process.stdout.write('', resolve));
  if (outputError === undefined) return;
  const isUnread = isSystemError(outputError) && ['EPIPE', 'ECONNRESET'].includes(outputError.code);
  process.exitCode = isUnread ? unread : 1;
  if (!isUnread) {
    const what = `could not be written: ${messageOf(outputError)}`;
    const todo = 'Send it to a terminal, or to a file where there is space.';
    console.error(new InputError({ what, where: 'standard output', todo }).message);
  }
}

async function statusOf(main: (argv: readonly string[]) => Promise<number>): Promise<number> {
  try {
    return await main(process.argv.slice(2));
  } catch (thrown) {
    if (stopping.signal.aborted && thrown === stopping.signal.reason) {
      print('Stopped.');
      return interrupted;
    }
    const isUsage =
      thrown instanceof TypeError && 'code' in thrown && String(thrown.code).startsWith('ERR_PARSE');
    const error = isSystemError(thrown) ? systemError(thrown) : thrown;
    if (!(error instanceof InputError) && !isUsage) throw thrown;
    console.error(isUsage ? `${plainText(thrown.message)} See --help.` : messageOf(error));
    return 1;
  }
}
