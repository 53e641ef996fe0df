/** An engine whose runtime lives in a worker thread: its calls block, and a notebook kernel must stay responsive. */
import type { Worker } from 'node:worker_threads';
import { InputError } from '../error.js';
import type { Graph } from '../graph/graph.js';
import { isBatch, type Shape, shapeText } from '../graph/type.js';
import { sizeOf, type Tensor } from '../tensor.js';
import type { CompileOptions, Engine, Feeds, Program, Results } from './engine.js';
import type { Reply, Request, RequestBody, WireTensor, WireTensors } from './workerProtocol.js';

export interface WorkerEngineOptions<Model> {
  readonly name: string;
  /** Opens the messages of what fails inside the thread. */
  readonly runtime: string;
  readonly threads: number;
  /** Runs `serve` of workerThread.ts. */
  readonly worker: Worker;
  /** What the thread compiles; throws InputError where the runtime cannot run the graph. */
  readonly model: (graph: Graph) => Model;
  readonly batchSize: (graph: Graph) => number;
}

interface Waiting {
  readonly resolve: (result: WireTensors) => void;
  readonly reject: (reason: Error) => void;
}

/** Throws InputError where this is no number of threads. */
export function checkThreads(threads: number): void {
  if (Number.isInteger(threads) && threads >= 1) return;
  throw new InputError({
    what: 'not a number of threads',
    where: 'threads',
    expected: 'a whole number from 1',
    got: String(threads),
  });
}

/** An idle engine does not keep the process alive. */
export function createWorkerEngine<Model>({
  name,
  runtime,
  threads,
  worker,
  model,
  batchSize,
}: WorkerEngineOptions<Model>): Engine {
  const waiting = new Map<number, Waiting>();
  let nextId = 0;
  let stopped: Error | undefined;

  const fail = (reason: Error): void => {
    stopped ??= reason;
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
  };
  worker.on('message', ({ id, result, error }: Reply) => {
    const request = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    if (error !== undefined) request?.reject(new Error(`${runtime}: ${error}`));
    else request?.resolve(result ?? {});
  });
  worker.on('error', fail);
  worker.on('exit', () => fail(new Error('the engine was disposed of')));
  // After the listeners: adding one for messages makes Node wait for the worker again.
  worker.unref();

  const send = (body: RequestBody<Model>): Promise<WireTensors> =>
    new Promise((resolve, reject) => {
      if (stopped !== undefined) {
        reject(stopped);
        return;
      }
      const request: Request<Model> = { ...body, id: nextId++ };
      waiting.set(request.id, { resolve, reject });
      worker.ref();
      worker.postMessage(request);
    });

  let nextProgram = 0;
  return {
    name,
    threads,
    async compile(graph: Graph, { state = {} }: CompileOptions = {}): Promise<Program> {
      const program = nextProgram++;
      await send({ kind: 'compile', program, model: model(graph), loops: state });
      const fed = graph.inputs.filter((value) => !Object.values(state).includes(value.node.name));
      return {
        batchSize: batchSize(graph),
        async run(feeds: Feeds): Promise<Results> {
          const needed = fed.map(({ node: { name }, type }) => [
            name,
            checkFeed(name, type.shape, feeds[name]),
          ]);
          return send({ kind: 'run', program, feeds: Object.fromEntries(needed) });
        },
        async writeState(values) {
          await send({ kind: 'writeState', program, values });
        },
        readState: () => send({ kind: 'readState', program }),
        async dispose() {
          await send({ kind: 'dispose', program });
        },
      };
    },
    async dispose() {
      await worker.terminate();
    },
  };
}

/** The feed as it goes to the worker; throws InputError where it is missing or does not fit. */
function checkFeed(name: string, shape: Shape | undefined, tensor: Tensor | undefined): WireTensor {
  const where = `input "${name}"`;
  const expected = shapeText(shape);
  if (tensor === undefined) {
    throw new InputError({ what: 'a graph input is missing', where, expected, got: 'nothing' });
  }
  const fits =
    shape === undefined ||
    (tensor.shape.length === shape.length &&
      shape.every((dimension, i) => isBatch(dimension) || dimension === tensor.shape[i]));
  const { data } = tensor;
  if (!fits || data.length !== sizeOf(tensor.shape)) {
    throw new InputError({
      what: fits ? 'data and shape of a graph input disagree' : 'a graph input has the wrong shape',
      where,
      expected: fits ? `${sizeOf(tensor.shape)} values` : expected,
      got: fits ? String(data.length) : shapeText(tensor.shape),
    });
  }
  // Posting a view would copy all of the memory that it looks into.
  return { data: data.byteLength === data.buffer.byteLength ? data : data.slice(), shape: tensor.shape };
}
