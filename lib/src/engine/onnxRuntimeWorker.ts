/** The thread that onnxruntime runs in: its calls block, and a notebook kernel must stay responsive. */
import { parentPort } from 'node:worker_threads';
import * as ort from 'onnxruntime-node';
import { messageOf } from '../error.js';
import type { Reply, Request, WireTensor } from './onnxRuntimeProtocol.js';

interface Session {
  readonly session: ort.InferenceSession;
  /** {output: input} of values that stay here between runs. */
  readonly loops: Readonly<Record<string, string>>;
  /** By input name; replaced at every run. */
  readonly state: Map<string, ort.Tensor>;
}

const sessions = new Map<number, Session>();

const toOrt = ({ data, shape }: WireTensor): ort.Tensor => new ort.Tensor('float32', data, [...shape]);

function toWire(name: string, tensor: ort.Tensor): WireTensor {
  const { data } = tensor;
  if (!(data instanceof Float32Array)) throw new Error(`output ${name} is ${tensor.type}, expected float32`);
  return { data, shape: [...tensor.dims] };
}

function sessionOf(id: number): Session {
  const found = sessions.get(id);
  if (found === undefined) throw new Error('this program was disposed of');
  return found;
}

async function handle(request: Request): Promise<Reply['result']> {
  switch (request.kind) {
    case 'compile': {
      const session = await ort.InferenceSession.create(request.model, {
        executionProviders: ['cpu'],
        intraOpNumThreads: request.threads,
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
      });
      sessions.set(request.program, { session, loops: request.loops, state: new Map() });
      return {};
    }
    case 'run': {
      const { session, loops, state } = sessionOf(request.program);
      const feeds: Record<string, ort.Tensor> = Object.fromEntries(state);
      for (const [name, tensor] of Object.entries(request.feeds)) feeds[name] = toOrt(tensor);
      const outputs = await session.run(feeds);
      const result: Record<string, WireTensor> = {};
      for (const [name, tensor] of Object.entries(outputs)) {
        if (loops[name] !== undefined) state.set(loops[name], tensor);
        else result[name] = toWire(name, tensor);
      }
      return result;
    }
    case 'writeState': {
      const { state } = sessionOf(request.program);
      for (const [name, tensor] of Object.entries(request.values)) state.set(name, toOrt(tensor));
      return {};
    }
    case 'readState': {
      const { state } = sessionOf(request.program);
      return Object.fromEntries([...state].map(([name, tensor]) => [name, toWire(name, tensor)]));
    }
    case 'dispose': {
      const { session } = sessionOf(request.program);
      sessions.delete(request.program);
      await session.release();
      return {};
    }
  }
}

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker thread only');
let queue: Promise<void> = Promise.resolve();
port.on('message', (request: Request) => {
  queue = queue.then(async () => {
    try {
      const result = await handle(request);
      port.postMessage({ id: request.id, result } satisfies Reply);
    } catch (thrown) {
      port.postMessage({ id: request.id, error: messageOf(thrown) } satisfies Reply);
    }
  });
});
