/**
 * The process of landlens' own side: one JSON message a line on stdin, one answer a line on stdout, as peer/main.py.
 *
 *   open    loads a network and the arrays            choose  the same, and {target}: a class worth explaining
 *   run     {task, keep?}: {seconds, start, peak}     forget  frees what earlier tasks compiled
 *   peak    the best rate of a matrix product, GFLOP/s
 */
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Engine } from 'landlens/engine/engine';
import { defaultEngine, openEngine, parseEngine } from 'landlens/engine/engines';
import { versionsOf } from 'landlens/engine/versions';
import { createGraph } from 'landlens/graph/graph';
import { floats, input } from 'landlens/graph/node';
import { matMul } from 'landlens/graph/operators/matMul';
import { zeros } from 'landlens/tensor';
import { chooseTarget, type OurSubject, openSubject, type Prepared, prepareTask } from './oursTasks.js';
import { serve } from './side.js';
import type { OpenMessage, RunMessage, Timing } from './task.js';
import { readTensors, writeTensors } from './tensorFile.js';

type Message =
  | OpenMessage
  | RunMessage
  | (Omit<OpenMessage, 'command'> & { readonly command: 'choose' })
  | { readonly command: 'peak' | 'forget' };

/** A figure of /proc/self/status in bytes; 0 where there is none. */
async function processStatus(key: string): Promise<number> {
  const text = await readFile('/proc/self/status', 'utf8').catch(() => '');
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
}

/** Lets the greatest size of the process begin anew, where the system can (Linux). */
async function resetPeak(): Promise<void> {
  globalThis.gc?.();
  await writeFile('/proc/self/clear_refs', '5').catch(() => undefined);
}

/** Several products in a row, so that what is fed costs nothing beside them. */
async function matrixPeak(engine: Engine): Promise<{ readonly gflops: number; readonly size: number }> {
  const length = 4;
  let best = { gflops: 0, size: 0 };
  for (const size of [512, 1024, 2048]) {
    const values = Float32Array.from({ length: size * size }, (_, i) => ((i % 7) - 3) / size);
    let product = input('a', ['N', size]);
    for (let i = 0; i < length; i++) product = matMul(product, floats(values, [size, size]));
    const program = await engine.compile(createGraph({ product }));
    const a = zeros([size, size]);
    a.data.set(values);
    await program.run({ a });
    for (let i = 0; i < (2048 / size) * 4; i++) {
      const since = performance.now();
      await program.run({ a });
      const gflops = (length * 2 * size ** 3) / ((performance.now() - since) * 1e6);
      if (gflops > best.gflops) best = { gflops, size };
    }
    await program.dispose();
  }
  return best;
}

// ours.ts [THREADS [ENGINE]]
const [threads, engineName = defaultEngine] = process.argv.slice(2);
const engine = await openEngine(parseEngine(engineName, 'engine'), {
  threads: Number(threads) || availableParallelism(),
});
let subject: OurSubject | undefined;
let prepared: { readonly key: string; readonly task: Prepared } | undefined;

async function open(message: OpenMessage): Promise<OurSubject> {
  const [arrays, weights] = [await readTensors(message.arrays), await readTensors(message.weights)];
  subject = openSubject(message, engine, arrays, weights);
  return subject;
}

/** Frees what the tasks before compiled, so that memory is the next one's own. */
async function forget(): Promise<void> {
  await prepared?.task.dispose?.();
  await subject?.classifier.dispose();
  prepared = undefined;
}

async function runTask({ task, keep }: RunMessage): Promise<Timing> {
  if (subject === undefined) throw new Error('nothing is open');
  const key = JSON.stringify(task);
  if (prepared?.key !== key) {
    await prepared?.task.dispose?.();
    prepared = { key, task: prepareTask(subject, task) };
  }
  await resetPeak();
  const start = await processStatus('VmRSS');
  const since = performance.now();
  const result = await prepared.task.run();
  const seconds = (performance.now() - since) / 1000;
  const peak = await processStatus('VmHWM');
  const { evaluations } = result;
  const timing = { seconds, start, peak, ...(evaluations !== undefined && { evaluations }) };
  if (keep === undefined) return timing;
  const { entries } = await writeTensors(keep, new Map([['result', result]]));
  return { ...timing, result: entries[0] };
}

const { landlens, node, engine: engineVersion } = versionsOf(engine);
await serve(
  { versions: { landlens, node, engine: engineVersion }, threads: engine.threads },
  async (given) => {
    const message = given as Message;
    switch (message.command) {
      case 'open':
        await open(message);
        return {};
      case 'choose':
        return { target: await chooseTarget(await open({ ...message, command: 'open' })) };
      case 'run':
        return runTask(message);
      case 'forget':
        await forget();
        return {};
      case 'peak':
        return matrixPeak(engine);
    }
  },
);
await engine.dispose();
