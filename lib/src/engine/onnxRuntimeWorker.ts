/** The thread that onnxruntime runs in. */
import * as ort from 'onnxruntime-node';
import { serve } from './workerThread.js';

export interface OnnxRuntimeModel {
  readonly bytes: Uint8Array;
  readonly threads: number;
}

serve<OnnxRuntimeModel, ort.Tensor>({
  async compile({ bytes, threads }) {
    const session = await ort.InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      // A plan for the memory of later runs is kept beside what the first run took: twice as much, and no faster.
      enableMemPattern: false,
      // Gradients hold many numbers below 1e-38, with which processors are slow.
      extra: { session: { set_denormal_as_zero: '1' } },
    });
    return { run: (feeds) => session.run(feeds), release: () => session.release() };
  },
  upload: ({ data, shape }) => new ort.Tensor('float32', data, [...shape]),
  download(name, { data, type, dims }) {
    if (!(data instanceof Float32Array)) throw new Error(`output ${name} is ${type}, expected float32`);
    return { data, shape: [...dims] };
  },
  // Its memory goes with the last reference: `dispose` is for tensors outside of main memory.
  free() {},
});
