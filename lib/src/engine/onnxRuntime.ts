/** The default engine: onnxruntime on the CPU, in a worker thread. */

import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { InputError } from '../error.js';
import type { Graph } from '../graph/graph.js';
import { writeOnnx } from '../graph/onnx/write.js';
import { isBatch, type Shape, shapeText } from '../graph/type.js';
import { sizeOf, type Tensor } from '../tensor.js';
import type { CompileOptions, Engine, Feeds, Program, Results } from './engine.js';
import { planBatch } from './memory.js';
import type { Reply, Request, RequestBody, WireTensor } from './onnxRuntimeProtocol.js';

export interface OnnxRuntimeOptions {
  /** Threads of one operator; all cores by default. */
  readonly threads?: number;
  /** Bytes that the intermediate values of one run may take. */
  readonly memoryBudget?: number;
}

interface Waiting {
  readonly resolve: (result: Readonly<Record<string, WireTensor>>) => void;
  readonly reject: (reason: Error) => void;
}

function runtimeVersion(): string {
  const description: unknown = createRequire(import.meta.url)('onnxruntime-node/package.json');
  if (typeof description === 'object' && description !== null && 'version' in description) {
    return String(description.version);
  }
  return 'of unknown version';
}

/** Starts the engine. Call `dispose` when done; an idle engine does not keep the process alive. */
export function createEngine({
  threads = availableParallelism(),
  memoryBudget = 1.5 * 2 ** 30,
}: OnnxRuntimeOptions = {}): Engine {
  if (!Number.isInteger(threads) || threads < 1) {
    throw new InputError({
      what: 'not a number of threads',
      where: 'threads',
      expected: 'a whole number from 1',
      got: String(threads),
    });
  }
  const worker = new Worker(new URL('./onnxRuntimeWorker.js', import.meta.url));
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
    if (error !== undefined) request?.reject(new Error(`onnxruntime: ${error}`));
    else request?.resolve(result ?? {});
  });
  worker.on('error', fail);
  worker.on('exit', () => fail(new Error('the engine was disposed of')));
  // After the listeners: adding one for messages makes Node wait for the worker again.
  worker.unref();

  const send = (body: RequestBody): Promise<Readonly<Record<string, WireTensor>>> =>
    new Promise((resolve, reject) => {
      if (stopped !== undefined) {
        reject(stopped);
        return;
      }
      const request: Request = { ...body, id: nextId++ };
      waiting.set(request.id, { resolve, reject });
      worker.ref();
      worker.postMessage(request);
    });

  let nextProgram = 0;
  return {
    name: `onnxruntime ${runtimeVersion()} cpu`,
    threads,
    async compile(graph: Graph, { state = {} }: CompileOptions = {}): Promise<Program> {
      const program = nextProgram++;
      await send({ kind: 'compile', program, model: writeOnnx(graph), threads, loops: state });
      const fed = graph.inputs.filter((value) => !Object.values(state).includes(value.node.name));
      return {
        batchSize: planBatch(graph, { budget: memoryBudget }),
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
