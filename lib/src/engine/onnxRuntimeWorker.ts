/** The thread that onnxruntime runs in. */
import { workerData } from 'node:worker_threads';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf } from '../error.js';
import { startFailure } from './onnxRuntimeFailure.js';
import type { Provider } from './onnxRuntimeProviders.js';
import { type Runtime, serve } from './workerThread.js';

export interface WorkerData {
  readonly provider: Provider;
  /** An ONNX model that computes y from x, of shape [1, 2]. */
  readonly trial: Uint8Array;
}

export interface OnnxRuntimeModel {
  readonly bytes: Uint8Array;
  readonly threads: number;
}

type SessionConfig = Readonly<Record<string, string>>;

const { provider, trial }: WorkerData = workerData;

/** Kept for as long as the thread: with a provider's last session its device would be closed. */
let tried: InferenceSession;

async function start(): Promise<Runtime<OnnxRuntimeModel, Tensor>> {
  const { env, InferenceSession, Tensor } = await import('onnxruntime-node');
  // What fails is thrown; onnxruntime need not log it as well.
  env.logLevel = 'fatal';

  const create = ({ bytes, threads }: OnnxRuntimeModel, config: SessionConfig): Promise<InferenceSession> =>
    InferenceSession.create(bytes, {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 4,
      // A plan for the memory of later runs is kept beside what the first run took: twice as much, and no faster.
      enableMemPattern: false,
      // Gradients hold many numbers below 1e-38, with which processors are slow. A thread that waits for work after the
      // last operator takes a core from the next session for some 50 ms.
      extra: { session: { set_denormal_as_zero: '1', force_spinning_stop: '1', ...config } },
    });

  /** WebGPU leaves operators that it lacks to the CPU, and that is said once; CUDA does so by design with shapes. */
  let mayUseCpu = provider !== 'webgpu';
  async function createChecked(model: OnnxRuntimeModel): Promise<InferenceSession> {
    if (mayUseCpu) return create(model, {});
    try {
      return await create(model, { disable_cpu_ep_fallback: '1' });
    } catch (thrown) {
      if (!/fallback to CPU EP has been explicitly disabled/.test(messageOf(thrown))) throw thrown;
      mayUseCpu = true;
      process.emitWarning(
        'a part of this network runs on the CPU, as onnxruntime has not all of its operators for WebGPU. The values are the same; it takes longer.',
      );
      return create(model, {});
    }
  }

  tried = await create({ bytes: trial, threads: 1 }, {});
  await tried.run({ x: new Tensor('float32', [1, 2], [1, 2]) });
  return {
    async compile(model) {
      const session = await createChecked(model);
      return { run: (feeds) => session.run(feeds), release: () => session.release() };
    },
    upload: ({ data, shape }) => new Tensor('float32', data, [...shape]),
    download(name, { data, type, dims }) {
      if (!(data instanceof Float32Array)) throw new Error(`output ${name} is ${type}, expected float32`);
      return { data, shape: [...dims] };
    },
    // Its memory goes with the last reference: `dispose` is for tensors outside of main memory.
    free() {},
  };
}

serve(() =>
  start().catch((thrown) => {
    throw startFailure(provider, messageOf(thrown));
  }),
);
