/** The thread that TensorFlow.js runs in. */
import { createRequire } from 'node:module';
import { workerData } from 'node:worker_threads';
import { failAt, messageOf } from '../../error.js';
import { serve } from '../workerThread.js';
import type { TensorFlow } from './kernel.js';
import { createTensorFlowRuntime } from './runtime.js';

export interface WorkerData {
  /** Of the package, for messages. */
  readonly name: string;
  /** The file that `require` loads. */
  readonly path: string;
}

const { name, path }: WorkerData = workerData;

function load(): TensorFlow {
  try {
    return createRequire(import.meta.url)(path);
  } catch (thrown) {
    const todo =
      'Install it anew, or remove it: then the next of the packages is taken. See docs/engines.md.';
    throw failAt('engine tensorflow', todo)(`${name} cannot be loaded: ${messageOf(thrown)}`);
  }
}

serve(async () => {
  const tf = load();
  // Without advice on the console to install another package.
  tf.env().set('PROD', true);
  await tf.ready();
  return createTensorFlowRuntime(tf);
});
