/** Switches off onnxruntime's telemetry, which it otherwise sends on Linux and macOS as soon as it is loaded. */
import { isMainThread } from 'node:worker_threads';
import { failAt } from '../error.js';

const variable = 'ORT_DISABLE_TELEMETRY';

/**
 * Call it before the library is loaded, which reads the variable from the environment of the process. Only the main
 * thread can set it: in other threads `process.env` is a copy.
 * @throws InputError in another thread if the variable is not set
 */
export function switchOffTelemetry(): void {
  if (isMainThread) process.env[variable] = '1';
  else if (process.env[variable] !== '1') {
    const todo = `Set process.env.${variable} = '1' in the main thread before this thread starts, or ${variable}=1 where the process is started.`;
    throw failAt('engine', todo)(
      'onnxruntime would send telemetry, which only the main thread can switch off',
      `${variable}=1 in the environment`,
      process.env[variable] ?? 'nothing',
    );
  }
}
