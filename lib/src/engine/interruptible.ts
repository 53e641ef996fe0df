/** An engine whose work ends when its caller is interrupted. */
import type { Engine, Program } from './engine.js';

/** What the work gives, or the signal's reason as soon as it is aborted; what comes later is discarded. */
async function untilAborted<Result>(
  signal: AbortSignal,
  work: () => Promise<Result>,
  discard: (result: Result) => void = () => undefined,
): Promise<Result> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    work()
      .then((result) => {
        if (signal.aborted) discard(result);
        resolve(result);
      }, reject)
      .finally(() => signal.removeEventListener('abort', stop));
  });
}

/**
 * The engine, whose compilations and runs are rejected with the reason of a signal that is aborted: at once where they
 * are under way, so that all work that waits for them ends. A run that the runtime has begun is finished unseen.
 * @param signalOf the signal that counts for what is begun now; another one begins new work after an interruption
 */
export function interruptible(engine: Engine, signalOf: () => AbortSignal): Engine {
  const guard = <Result>(work: () => Promise<Result>, discard?: (result: Result) => void): Promise<Result> =>
    untilAborted(signalOf(), work, discard);
  // An engine that was disposed of meanwhile has freed it already.
  const free = (program: Program): void => void program.dispose().catch(() => undefined);
  return {
    ...engine,
    start: () => guard(() => engine.start()),
    compile: (graph, options) =>
      guard(async (): Promise<Program> => {
        const program = await engine.compile(graph, options);
        return {
          ...program,
          run: (feeds) => guard(() => program.run(feeds)),
          writeState: (values) => guard(() => program.writeState(values)),
          readState: () => guard(() => program.readState()),
        };
      }, free),
  };
}
