/** The default engine: onnxruntime on the CPU, in a worker thread. */

import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { writeOnnx } from '../graph/onnx/write.js';
import { forBlockedLayout } from '../graph/rewrite/blockedLayout.js';
import type { Engine } from './engine.js';
import { planBatch } from './memory.js';
import type { OnnxRuntimeModel } from './onnxRuntimeWorker.js';
import { checkThreads, createWorkerEngine } from './workerEngine.js';

export interface OnnxRuntimeOptions {
  /** Threads of one operator; all cores by default. */
  readonly threads?: number;
  /** Bytes that the intermediate values of one run may take. */
  readonly memoryBudget?: number;
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
  memoryBudget = 2 ** 30,
}: OnnxRuntimeOptions = {}): Engine {
  checkThreads(threads);
  return createWorkerEngine<OnnxRuntimeModel>({
    name: `onnxruntime ${runtimeVersion()} cpu`,
    runtime: 'onnxruntime',
    threads,
    worker: new Worker(new URL('./onnxRuntimeWorker.js', import.meta.url)),
    prepare: forBlockedLayout,
    model: (graph, batch) => ({ bytes: writeOnnx(graph, { batch }), threads }),
    fixesBatch: true,
    batchSize: (graph) => planBatch(graph, { budget: memoryBudget }),
  });
}
