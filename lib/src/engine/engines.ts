/** The engines by name. */
import { fork } from 'node:child_process';
import { InputError } from '../error.js';
import type { Engine } from './engine.js';
import { loaders } from './expendableWorker.js';
import { createEngine } from './onnxRuntime.js';
import { createTensorFlowEngine } from './tensorFlow.js';
import { tensorFlowAvailability } from './tensorFlowAvailability.js';

export interface EngineOptions {
  /** Threads of one operator on the processor; all cores by default. */
  readonly threads?: number;
  /** Bytes that the intermediate values of one run may take, weights not counted; 384 MiB by default. */
  readonly memoryBudget?: number;
}

export const engineNames = ['cpu', 'webgpu', 'cuda', 'tensorflow'] as const;
export type EngineName = (typeof engineNames)[number];

const engines: Readonly<Record<EngineName, (options: EngineOptions) => Engine>> = {
  cpu: (options) => createEngine({ ...options, provider: 'cpu' }),
  webgpu: (options) => createEngine({ ...options, provider: 'webgpu' }),
  cuda: (options) => createEngine({ ...options, provider: 'cuda' }),
  tensorflow: createTensorFlowEngine,
};

export const defaultEngine: EngineName = 'cpu';

/**
 * Starts an engine. Nothing takes the place of one that cannot be used.
 * @throws InputError with what is missing and what to do
 */
export async function openEngine(
  name: EngineName = defaultEngine,
  options: EngineOptions = {},
): Promise<Engine> {
  const engine = engines[parseEngine(name, 'engine')](options);
  try {
    await engine.start();
    return engine;
  } catch (thrown) {
    await engine.dispose();
    throw thrown;
  }
}

/** The engine of that name; InputError where there is none. */
export function parseEngine(name: string, where = '--engine'): EngineName {
  const found = engineNames.find((known) => known === name);
  if (found !== undefined) return found;
  throw new InputError({
    what: 'not the name of an engine',
    where,
    expected: engineNames.join(' or '),
    got: `"${name}"`,
  });
}

export interface EngineAvailability {
  readonly name: EngineName;
  /** The runtime's name and version where it is usable. */
  readonly usable?: string;
  /** Why it is not, or why a better form of it is not. */
  readonly problems: readonly string[];
}

/** Starts every engine once, in a process of its own: which are usable here, and why the others are not. */
export async function listEngines(): Promise<readonly EngineAvailability[]> {
  const found: EngineAvailability[] = [];
  for (const name of engineNames) {
    const { problems, ...rest } = await tryEngine(name);
    found.push({ ...rest, problems: [...problems, ...(name === 'tensorflow' ? tensorFlowProblems() : [])] });
  }
  return found;
}

function tryEngine(name: EngineName): Promise<EngineAvailability> {
  const child = fork(new URL('./engineTrial.js', import.meta.url), [name], {
    execArgv: loaders(process.execArgv),
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  return new Promise((resolve) => {
    child.once('message', (found: EngineAvailability) => resolve(found));
    child.once('exit', (code, signal) =>
      resolve({ name, problems: [`it ends its process (${signal ?? code}).`] }),
    );
  });
}

const tensorFlowProblems = (): readonly string[] =>
  tensorFlowAvailability().flatMap((one) => ('problem' in one ? [`${one.name} ${one.problem}`] : []));
