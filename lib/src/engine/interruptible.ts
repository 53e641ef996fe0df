/** An engine whose work ends when its caller is interrupted. */
import type { Engine, Program } from './engine.js';

/** What the work gives, or the signal's reason as soon as it is aborted; work that it finds aborted is not begun. */
async function untilAborted<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop));
  });
}

/**
 * The engine, whose compilations and runs are rejected with the reason of a signal that is aborted: at once where they
 * are under way, so that all work that waits for them ends. A run that the runtime has begun is finished unseen.
 * @param signalOf the signal that counts for what is begun now; another one begins new work after an interruption
 */
export function interruptible(engine: Engine, signalOf: () => AbortSignal): Engine {
  const guard = <Result>(work: () => Promise<Result>): Promise<Result> => untilAborted(signalOf(), work);
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
      }),
  };
}
