/** An engine on TensorFlow.js: the native library where it is installed, else plain JavaScript; in a worker thread. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { failAt } from '../error.js';
import type { Engine, EngineOptions } from './engine.js';
import { defaultMemoryBudget, defaultMemoryLimit, planBatch } from './memory.js';
import { planRun } from './tensorFlow/plan.js';
import type { WorkerData } from './tensorFlow/worker.js';
import {
  type TensorFlowPackage,
  tensorFlowAvailability,
  tensorFlowPackages,
  type UsablePackage,
} from './tensorFlowAvailability.js';
import { checkThreads, createWorkerEngine } from './workerEngine.js';

/** Plain TensorFlow.js has always one thread. */
export interface TensorFlowOptions extends EngineOptions {
  /** The package (default: the first usable of tfjs-node-gpu, tfjs-node and tfjs). */
  readonly package?: TensorFlowPackage;
  /** The project whose packages are tried first, before landlens's own (default: the working directory). */
  readonly folder?: string;
}

/** The native library makes its threads once for all engines of the process. */
let nativeThreads: number | undefined;

function fixNativeThreads(threads: number): void {
  if (nativeThreads !== undefined && nativeThreads !== threads) {
    throw failAt('threads')(
      'TensorFlow has its threads already, and they are those of the whole process',
      String(nativeThreads),
      String(threads),
    );
  }
  nativeThreads = threads;
  // Read by libtensorflow when it is loaded. Of its log only warnings are of interest.
  process.env.TF_NUM_INTRAOP_THREADS = String(threads);
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
}

function choose(wanted: TensorFlowPackage | undefined, folder: string | undefined): UsablePackage {
  const found = tensorFlowAvailability(folder).filter(({ name }) => wanted === undefined || name === wanted);
  const usable = found.find((one) => 'path' in one);
  if (usable !== undefined) return usable;
  const todo = 'Install one of them in your project; plain @tensorflow/tfjs runs anywhere, slowly.';
  const problems = found.flatMap((one) => ('problem' in one ? `${one.name}: ${one.problem}` : [])).join('; ');
  throw failAt('engine tensorflow', todo)(
    'TensorFlow.js cannot be used here',
    `one of ${tensorFlowPackages.join(', ')}`,
    problems || String(wanted),
  );
}

/**
 * Starts the engine, which computes in float32 and holds integers in 32 bits. Call `dispose` when done; an idle
 * engine does not keep the process alive.
 * @throws InputError if no package of TensorFlow.js is installed
 */
export function createTensorFlowEngine({
  threads = availableParallelism(),
  memoryBudget = defaultMemoryBudget,
  memoryLimit = defaultMemoryLimit,
  package: wanted,
  folder,
}: TensorFlowOptions = {}): Engine {
  checkThreads(threads);
  const { name, version, backend, path } = choose(wanted, folder);
  const native = backend === 'tensorflow';
  if (native) fixNativeThreads(threads);
  const workerData: WorkerData = { name, path };
  return createWorkerEngine({
    name: `${name.replace('@tensorflow/', '')} ${version} ${backend}`,
    runtime: 'tensorflow',
    threads: native ? threads : 1,
    ...(name === '@tensorflow/tfjs-node-gpu' && { accelerator: 'CUDA' }),
    worker: new Worker(new URL('./tensorFlow/worker.js', import.meta.url), { workerData }),
    model: planRun,
    // A value may lie in memory twice, its channels first and last.
    batchSize: (graph) => planBatch(graph, { budget: memoryBudget / 2 }),
    memoryLimit,
  });
}
