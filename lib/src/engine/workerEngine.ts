/** An engine whose runtime lives in a worker thread: its calls block, and a notebook kernel must stay responsive. */
import { failAt, InputError, messageOf } from '../error.js';
import { type Graph, topologicalOrder } from '../graph/graph.js';
import type { Value } from '../graph/node.js';
import { isBatch, perImage, type Shape, shapeText } from '../graph/type.js';
import { sizeOf, type Tensor } from '../tensor.js';
import type { CompileOptions, Engine, Feeds, Program, Results } from './engine.js';
import { ProcessEnded } from './expendableWorker.js';
import { sessionMemory } from './memory.js';
import { runtimeFailure } from './runtimeFailure.js';
import { createSessionPool } from './sessions.js';
import {
  buffersOf,
  type Request,
  type RequestBody,
  type WireTensor,
  type WireTensors,
  type WorkerPort,
} from './workerProtocol.js';

export interface WorkerEngineOptions<Model> {
  readonly name: string;
  /** Opens the messages of what fails inside the thread. */
  readonly runtime: string;
  readonly threads: number;
  readonly accelerator?: string;
  /** Runs `serve` of workerThread.ts. */
  readonly worker: WorkerPort;
  /** The graph in the form that suits the runtime best, equal in value. */
  readonly prepare?: (graph: Graph) => Graph;
  /**
   * What the thread compiles, for any number of images or for a fixed one.
   * @throws InputError if the runtime cannot run the graph
   */
  readonly model: (graph: Graph, batch?: number) => Model;
  /** Whether the runtime is faster where it knows the number of images beforehand. */
  readonly fixesBatch?: boolean;
  readonly batchSize: (graph: Graph) => number;
  /** Bytes that the sessions of all programs may hold together. */
  readonly memoryLimit: number;
}

interface Waiting {
  readonly resolve: (result: WireTensors) => void;
  readonly reject: (reason: Error) => void;
  /** What a failure of the runtime itself becomes. */
  readonly failure: (message: string) => Error;
}

/** @throws InputError if this is not a number of threads */
export function checkThreads(threads: number): void {
  if (Number.isInteger(threads) && threads >= 1) return;
  throw failAt('threads')('not a number of threads', 'a whole number from 1', String(threads));
}

/** An idle engine does not keep the process alive. */
export function createWorkerEngine<Model>({
  name,
  runtime,
  threads,
  accelerator,
  worker,
  prepare = (graph) => graph,
  model,
  fixesBatch = false,
  batchSize,
  memoryLimit,
}: WorkerEngineOptions<Model>): Engine {
  const waiting = new Map<number, Waiting>();
  let nextId = 0;
  let stopped: Error | undefined;
  let isDisposed = false;

  const fail = (reason: Error): void => {
    stopped ??= reason;
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
  };
  worker.on('message', ({ id, result, error, refusal }) => {
    const request = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    if (refusal !== undefined) request?.reject(new InputError(refusal));
    else if (error !== undefined) request?.reject(request.failure(error));
    else request?.resolve(result ?? {});
  });
  const renew = 'Create a new engine, and open the network with it.';
  const ended = (cause: string): InputError =>
    failAt(`engine ${name}`, renew)(`the engine's thread has ended: ${cause}`);
  // A process that may end says so itself.
  worker.on('error', (thrown) => fail(thrown instanceof ProcessEnded ? thrown : ended(messageOf(thrown))));
  worker.on('exit', (status) =>
    fail(isDisposed ? new Error('the engine was disposed of') : ended(`it exited with status ${status}`)),
  );
  // After the listeners: adding one for messages makes Node wait for the worker again.
  worker.unref();

  const send = (body: RequestBody<Model>, network = 'the network'): Promise<WireTensors> =>
    new Promise((resolve, reject) => {
      if (stopped !== undefined) {
        reject(stopped);
        return;
      }
      const request: Request<Model> = { ...body, id: nextId++ };
      const failure = (message: string): Error =>
        runtimeFailure(message, { runtime, network, isRunning: body.kind !== 'compile' });
      waiting.set(request.id, { resolve, reject, failure });
      worker.ref();
      // Feeds are copies already, see checkFeed; a state is the caller's.
      worker.postMessage(request, body.kind === 'run' ? buffersOf(body.feeds) : []);
    });

  const pool = createSessionPool(memoryLimit);
  let nextProgram = 0;
  return {
    name,
    threads,
    ...(accelerator !== undefined && { accelerator }),
    async start() {
      await send({ kind: 'start' });
    },
    async compile(original: Graph, { state = {}, network }: CompileOptions = {}): Promise<Program> {
      if (stopped !== undefined) throw stopped;
      const graph = naming(network, () => prepare(original));
      const hasState = Object.keys(state).length > 0;
      const planned = batchSize(graph);
      const sessions = pool.open({
        async start(batch) {
          const program = nextProgram++;
          const fixed = naming(network, () => model(graph, batch));
          await send({ kind: 'compile', program, model: fixed, loops: state }, network);
          return program;
        },
        // With the thread all programs are gone.
        stop: async (program) => stopped ?? send({ kind: 'dispose', program }, network),
        sizeOf: (batch = planned) => sessionMemory(graph, batch),
        keep: hasState,
      });
      const isFixed = fixesBatch && !hasState && canFixBatch(graph);
      // Where nothing else is to be known, what the runtime cannot run is found now.
      if (!isFixed) await sessions.use(undefined, () => undefined);
      const fed = graph.inputs.filter((value) => !Object.values(state).includes(value.node.name));
      return {
        batchSize: planned,
        async run(given: Feeds): Promise<Results> {
          const feeds = Object.fromEntries(
            fed.map(({ node: { name }, type }) => [name, checkFeed(name, type.shape, given[name])]),
          );
          const batch = isFixed ? batchOf(fed, feeds) : undefined;
          return sessions.use(batch, (program) => send({ kind: 'run', program, feeds }, network));
        },
        async writeState(values) {
          await sessions.use(undefined, (program) => send({ kind: 'writeState', program, values }, network));
        },
        readState: () => sessions.use(undefined, (program) => send({ kind: 'readState', program }, network)),
        dispose: () => sessions.dispose(),
      };
    },
    async dispose() {
      isDisposed = true;
      await worker.terminate();
    },
  };
}

/** Names the network in an InputError that names only a node of it. */
function naming<Result>(network: string | undefined, action: () => Result): Result {
  try {
    return action();
  } catch (thrown) {
    if (!(thrown instanceof InputError) || network === undefined) throw thrown;
    throw new InputError({ ...thrown.parts, where: `${network}, ${thrown.parts.where}` });
  }
}

/** Whether the batch is an input's and all operators are known: others may hold a batch of their own. */
const canFixBatch = (graph: Graph): boolean =>
  graph.inputs.some(({ type: { shape } }) => shape?.some(isBatch)) &&
  topologicalOrder(Object.values(graph.outputs)).every(({ operator }) => operator !== 'Opaque');

/** How many images are fed; inputs that disagree about it are refused. */
function batchOf(inputs: readonly Value[], feeds: WireTensors): number {
  const counts = inputs.flatMap(({ node: { name }, type: { shape = [] } }) =>
    shape.flatMap((dimension, axis) =>
      isBatch(dimension) ? feeds[name].shape[axis] / perImage(dimension) : [],
    ),
  );
  const [count] = counts;
  if (Number.isInteger(count) && counts.every((other) => other === count)) return count;
  throw failAt(inputs.map(({ node: { name } }) => `"${name}"`).join(', '))(
    'the inputs of a graph must have the same number of images',
    undefined,
    counts.join(', '),
  );
}

/**
 * The feed as it is sent to the worker.
 * @throws InputError if it is missing or does not fit
 */
function checkFeed(name: string, shape: Shape | undefined, tensor: Tensor | undefined): WireTensor {
  const fail = failAt(`input "${name}"`);
  const expected = shapeText(shape);
  if (tensor === undefined) throw fail('a graph input is missing', expected, 'nothing');
  const fits =
    shape === undefined ||
    (tensor.shape.length === shape.length &&
      shape.every((dimension, i) => isBatch(dimension) || dimension === tensor.shape[i]));
  if (!fits) throw fail('a graph input has the wrong shape', expected, shapeText(tensor.shape));
  const { data } = tensor;
  const size = sizeOf(tensor.shape);
  if (data.length !== size) {
    throw fail('data and shape of a graph input disagree', `${size} values`, String(data.length));
  }
  // A copy, as its memory goes to the thread; posting a view would send all of the memory that it looks into.
  return { data: data.slice(), shape: tensor.shape };
}
