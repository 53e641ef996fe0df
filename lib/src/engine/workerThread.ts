/** The worker thread's side of an engine: answers its requests one after the other, and keeps programs and their state. */
import { parentPort } from 'node:worker_threads';
import { InputError, messageOf } from '../error.js';
import { buffersOf, type Reply, type Request, type WireTensor, type WireTensors } from './workerProtocol.js';

type Handles<Handle> = Readonly<Record<string, Handle>>;

export interface Session<Handle> {
  /** The outputs belong to the caller; the feeds stay the caller's. */
  run(feeds: Handles<Handle>): Promise<Handles<Handle>>;
  release(): Promise<void>;
}

/** What a runtime can do with its own kind of tensor. */
export interface Runtime<Model, Handle> {
  compile(model: Model): Promise<Session<Handle>>;
  upload(tensor: WireTensor): Handle;
  /**
   * The values in memory of their own, which stays theirs until the handle is used no more.
   * @throws Error naming the output if it does not hold float32 values
   */
  download(name: string, handle: Handle): WireTensor;
  free(handle: Handle): void;
}

interface Program<Handle> {
  readonly session: Session<Handle>;
  readonly loops: Readonly<Record<string, string>>;
  /** By input name; replaced at every run. */
  readonly state: Map<string, Handle>;
}

/** Answers requests with a runtime that has started. */
function answerWith<Model, Handle>(
  runtime: Runtime<Model, Handle>,
): (request: Request<Model>) => Promise<WireTensors> {
  const programs = new Map<number, Program<Handle>>();

  function programOf(id: number): Program<Handle> {
    const found = programs.get(id);
    if (found === undefined) throw new Error('this program was disposed of');
    return found;
  }

  function replace(state: Map<string, Handle>, name: string, handle: Handle): void {
    const old = state.get(name);
    if (old !== undefined) runtime.free(old);
    state.set(name, handle);
  }

  async function run({ session, loops, state }: Program<Handle>, feeds: WireTensors): Promise<WireTensors> {
    const fed = Object.entries(feeds).map(([name, tensor]): [string, Handle] => [
      name,
      runtime.upload(tensor),
    ]);
    try {
      const outputs = await session.run({ ...Object.fromEntries(state), ...Object.fromEntries(fed) });
      const results: [string, Handle][] = [];
      for (const [name, handle] of Object.entries(outputs)) {
        if (loops[name] === undefined) results.push([name, handle]);
        else replace(state, loops[name], handle);
      }
      try {
        return Object.fromEntries(results.map(([name, handle]) => [name, runtime.download(name, handle)]));
      } finally {
        for (const [, handle] of results) runtime.free(handle);
      }
    } finally {
      for (const [, handle] of fed) runtime.free(handle);
    }
  }

  return async (request) => {
    switch (request.kind) {
      case 'start':
        return {};
      case 'compile': {
        const session = await runtime.compile(request.model);
        programs.set(request.program, { session, loops: request.loops, state: new Map() });
        return {};
      }
      case 'run':
        return run(programOf(request.program), request.feeds);
      case 'writeState': {
        const { state } = programOf(request.program);
        for (const [name, tensor] of Object.entries(request.values)) {
          replace(state, name, runtime.upload(tensor));
        }
        return {};
      }
      case 'readState': {
        const { state } = programOf(request.program);
        return Object.fromEntries(
          [...state].map(([name, handle]) => {
            const { data, shape } = runtime.download(name, handle);
            // The state stays here, and what is posted goes.
            return [name, { data: data.slice(), shape }];
          }),
        );
      }
      case 'dispose': {
        const { session, state } = programOf(request.program);
        programs.delete(request.program);
        for (const value of state.values()) runtime.free(value);
        await session.release();
        return {};
      }
    }
  };
}

const failure = (thrown: unknown): Pick<Reply, 'error' | 'refusal'> =>
  thrown instanceof InputError ? { refusal: thrown.parts } : { error: messageOf(thrown) };

/** Serves the engine that started this thread. If the runtime does not start, every reply holds the reason. */
export function serve<Model, Handle>(start: () => Promise<Runtime<Model, Handle>>): void {
  const port = parentPort;
  if (port === null) throw new Error('this file runs as a worker thread only');
  const starting = start().then(answerWith);
  let queue: Promise<unknown> = Promise.allSettled([starting]);
  port.on('message', (request: Request<Model>) => {
    queue = queue.then(async () => {
      try {
        const answer = await starting;
        const result = await answer(request);
        port.postMessage({ id: request.id, result } satisfies Reply, buffersOf(result));
      } catch (thrown) {
        port.postMessage({ id: request.id, ...failure(thrown) } satisfies Reply);
      }
    });
  });
}
