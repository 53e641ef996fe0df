/** onnxruntime in a worker thread: on the CPU, which is the default engine, or on a GPU by WebGPU or CUDA. */

import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { failAt } from '../error.js';
import { createGraph } from '../graph/graph.js';
import { input, scalar } from '../graph/node.js';
import { writeOnnx } from '../graph/onnx/write.js';
import { add } from '../graph/operators/elementwise.js';
import { rewrite } from '../graph/rewrite/rewrite.js';
import type { Engine, EngineOptions } from './engine.js';
import { type Limits, startExpendableWorker } from './expendableWorker.js';
import { gpuBatch, gpuBudgets, gpuMemory } from './gpuMemory.js';
import { defaultMemoryBudget, defaultMemoryLimit, planBatch } from './memory.js';
import { type Provider, passesFor, providers } from './onnxRuntimeProviders.js';
import { switchOffTelemetry } from './onnxRuntimeTelemetry.js';
import type { OnnxRuntimeModel, WorkerData } from './onnxRuntimeWorker.js';
import { readPackage } from './versions.js';
import { checkThreads, createWorkerEngine } from './workerEngine.js';
import type { WorkerPort } from './workerProtocol.js';

export interface OnnxRuntimeOptions extends EngineOptions {
  /** The device: the processor (default: "cpu") or a GPU. There is no fallback from a GPU that cannot be used. */
  readonly provider?: Provider;
}

const accelerators: Readonly<Partial<Record<Provider, string>>> = { webgpu: 'WebGPU', cuda: 'CUDA' };

const { version } = readPackage(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));

/** A graph that only fails if the provider does; its input x has shape [1, 2]. */
const trial = (): Uint8Array => writeOnnx(createGraph({ y: add(input('x', ['N', 2]), scalar(1)) }));

/**
 * Starts the engine. Call `dispose` when done; an idle engine does not keep the process alive.
 * @throws InputError for an unknown provider, or in a thread that cannot switch off onnxruntime's telemetry; a provider
 * that cannot be used here is found by `start` or the first program.
 */
export function createEngine({
  provider = 'cpu',
  threads = availableParallelism(),
  ...given
}: OnnxRuntimeOptions = {}): Engine {
  if (!providers.includes(provider)) {
    throw failAt('provider')('not a provider of onnxruntime', providers.join(' or '), String(provider));
  }
  checkThreads(threads);
  // Otherwise NVIDIA's libraries round the factors of convolutions to 10 bits. They read it when they are loaded.
  if (provider === 'cuda') process.env.NVIDIA_TF32_OVERRIDE ??= '0';
  return startEngine(
    { provider, threads, ...budgetsFor(provider, given) },
    (workerData) => new Worker(script, { workerData }),
  );
}

type Budgets = Required<Pick<EngineOptions, 'memoryBudget' | 'memoryLimit'>>;

/** What is not given is planned by the memory of the device. */
function budgetsFor(provider: Provider, given: Partial<Budgets>): Budgets {
  const { memoryBudget, memoryLimit } = given;
  if (memoryBudget !== undefined && memoryLimit !== undefined) return { memoryBudget, memoryLimit };
  const planned = gpuBudgets(provider === 'cpu' ? undefined : gpuMemory());
  return {
    memoryBudget: memoryBudget ?? planned.memoryBudget,
    memoryLimit: memoryLimit ?? planned.memoryLimit,
  };
}

/**
 * onnxruntime on one core in its own process, for operators that may crash, hang or run out of memory. When the
 * process ends, all calls are rejected with ProcessEnded.
 */
export function createExpendableEngine(limits: Limits): Engine {
  const options = {
    provider: 'cpu',
    threads: 1,
    memoryBudget: defaultMemoryBudget,
    memoryLimit: defaultMemoryLimit,
  } as const;
  return startEngine(options, (workerData) => startExpendableWorker(script, { workerData, limits }));
}

const script = new URL('./onnxRuntimeWorker.js', import.meta.url);

function startEngine(
  { provider, threads, memoryBudget, memoryLimit }: Required<OnnxRuntimeOptions>,
  start: (workerData: WorkerData) => WorkerPort,
): Engine {
  switchOffTelemetry();
  return createWorkerEngine<OnnxRuntimeModel>({
    name: `onnxruntime ${version} ${provider}`,
    runtime: 'onnxruntime',
    threads,
    accelerator: accelerators[provider],
    worker: start({ provider, trial: trial() }),
    prepare: (graph) => rewrite(graph, passesFor[provider]),
    model: (graph, batch) => ({ bytes: writeOnnx(graph, { batch }), threads }),
    fixesBatch: true,
    batchSize: (graph) => planBatch(graph, { budget: memoryBudget, ...(provider === 'cpu' ? {} : gpuBatch) }),
    memoryLimit,
  });
}
