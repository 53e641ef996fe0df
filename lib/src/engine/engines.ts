/** The engines by name. */
import { fork } from 'node:child_process';
import { failAt } from '../error.js';
import type { Engine, EngineOptions } from './engine.js';
import { loaders } from './expendableWorker.js';
import { createEngine } from './onnxRuntime.js';
import { createTensorFlowEngine } from './tensorFlow.js';
import { tensorFlowAvailability } from './tensorFlowAvailability.js';

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
 * Starts an engine; there is no fallback to another one.
 * @throws InputError if it cannot be used here, with what is missing and what to do
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

/**
 * The engine of this name.
 * @throws InputError if there is none
 */
export function parseEngine(name: string, where = '--engine'): EngineName {
  const found = engineNames.find((known) => known === name);
  if (found !== undefined) return found;
  throw failAt(where)('not the name of an engine', engineNames.join(' or '), `"${name}"`);
}

export interface EngineAvailability {
  readonly name: EngineName;
  /** The runtime's name and version, if it can be used. */
  readonly usable?: string;
  /** Why it cannot be used, or why a faster form of it cannot. */
  readonly problems: readonly string[];
}

/** Starts every engine once, each in its own process: which can be used here, and why the others cannot. */
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
