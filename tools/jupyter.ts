/** Finds Jupyter, or installs it inside the project, and registers the notebooks' kernel there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { access, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { InputError } from '../lib/src/error.js';
import { writeFileAtomic } from '../lib/src/io/file.js';

export interface Jupyter {
  /** The `jupyter` program. */
  readonly command: string;
  /** Where it was found, in words. */
  readonly source: string;
  /** Version of nbconvert. */
  readonly version: string;
}

export interface CommandResult {
  /** Exit status; 127 where the program does not exist. */
  readonly status: number;
  readonly output: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** Ends the program, and its children, when it is aborted. */
  readonly signal?: AbortSignal;
  /** Seconds that it is given to end by itself before it is asked again, and in the end killed. Default: 20. */
  readonly patience?: number;
}

const isWindows = process.platform === 'win32';

/** Runs a program to its end and keeps the last 64 KB of what it printed. */
export function runProgram(
  command: string,
  args: readonly string[],
  { cwd, environment = process.env, signal, patience = 20 }: RunOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    // In a group of its own, so that a terminal's Ctrl+C reaches it once, from here: a second one would cut short the
    // first one's work, which is to end the kernel.
    const child = spawn(command, args, {
      ...{ cwd, env: environment, detached: !isWindows },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-65536);
    };
    let timers: NodeJS.Timeout[] = [];
    const after = (seconds: number, work: () => void): void => {
      timers.push(setTimeout(work, 1000 * seconds));
    };
    const end = (result: CommandResult): void => {
      signal?.removeEventListener('abort', stop);
      for (const timer of timers) clearTimeout(timer);
      resolve(result);
    };
    const stop = (): void => {
      child.kill('SIGINT');
      // nbconvert may miss it between two cells.
      after(patience, () => child.kill('SIGINT'));
      after(2 * patience, () => killGroup(child));
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    child.on('error', (error) => end({ status: 127, output: error.message }));
    child.on('exit', (code) => {
      const status = code ?? 130;
      for (const timer of timers) clearTimeout(timer);
      timers = [];
      // A kernel that outlives its notebook may keep the pipes open.
      after(patience, () => {
        child.stdout.destroy();
        child.stderr.destroy();
        end({ status, output });
      });
      child.on('close', () => end({ status, output }));
    });
  });
}

/** Kills a program with its children. */
function killGroup(child: ChildProcess): void {
  if (isWindows || child.pid === undefined) child.kill('SIGKILL');
  else process.kill(-child.pid, 'SIGKILL');
}

/** Where the project keeps its own Python packages. */
function environmentOf(root: string): { readonly folder: string; readonly bin: string } {
  const folder = join(root, '.venv');
  return { folder, bin: join(folder, isWindows ? 'Scripts' : 'bin') };
}

/** nbconvert's version where the program works and is recent enough, else undefined. */
async function versionOf(command: string): Promise<string | undefined> {
  const { status, output } = await runProgram(command, ['nbconvert', '--version']);
  const [version, major] = /(\d+)\.\d+(?:\.\d+)?/.exec(output) ?? [];
  return status === 0 && Number(major) >= 6 ? version : undefined;
}

async function found(command: string, source: string): Promise<Jupyter | undefined> {
  const version = await versionOf(command);
  return version === undefined ? undefined : { command, source, version };
}

/**
 * Jupyter on the PATH, else in the project's `.venv`; where both lack it, it is installed: from PyPI into `.venv`, else
 * from Debian's packages where apt and root are at hand. InputError, in one sentence, where nothing works.
 * @param report is told what is being installed, which takes a minute
 */
export async function findJupyter(
  root: string,
  {
    report = () => undefined,
    install = true,
  }: {
    readonly report?: (line: string) => void;
    readonly install?: boolean;
  } = {},
): Promise<Jupyter> {
  const { folder, bin } = environmentOf(root);
  const local = join(bin, 'jupyter');
  const present = (await found('jupyter', 'on the PATH')) ?? (await found(local, 'in .venv'));
  if (present !== undefined) return present;
  const reasons: string[] = ['no working jupyter on the PATH or in .venv'];
  if (install) {
    report('Jupyter was not found; installing it into .venv (a minute, 320 MB)');
    reasons.push(await installFromPyPi(root, folder, bin));
    const fromPyPi = await found(local, 'in .venv');
    if (fromPyPi !== undefined) return fromPyPi;
    if (process.platform === 'linux' && process.getuid?.() === 0) {
      report('That did not work; installing Debian’s packages');
      reasons.push(await installFromDebian());
      const fromDebian = await found('jupyter', 'from Debian’s packages');
      if (fromDebian !== undefined) return fromDebian;
    }
  }
  throw new InputError({
    what: `Jupyter is missing: ${reasons.filter((reason) => reason !== '').join('; ')}`,
    where: 'notebooks',
    todo: 'Install Python 3.9 or later with venv, or run pip install -r notebooks/requirements.txt so that "jupyter" is on the PATH; everything else works without it (npm run reproduce -- --no-notebooks).',
  });
}

const lastLine = (output: string): string => output.trim().split('\n').at(-1)?.slice(0, 200) ?? '';

/** Why it failed, or nothing. A folder that it made and could not fill is removed. */
async function installFromPyPi(root: string, folder: string, bin: string): Promise<string> {
  const isOurs = !(await exists(folder));
  const python = join(bin, 'python');
  const steps: readonly (readonly [string, readonly string[]])[] = [
    [isWindows ? 'python' : 'python3', ['-m', 'venv', folder]],
    [python, ['-m', 'pip', 'install', '--quiet', '-r', join(root, 'notebooks/requirements.txt')]],
  ];
  for (const [command, args] of steps) {
    const { status, output } = await runProgram(command, args);
    if (status === 0) continue;
    if (isOurs) await rm(folder, { recursive: true, force: true });
    return `${command === python ? 'pip' : command} failed (${lastLine(output)})`;
  }
  return '';
}

async function installFromDebian(): Promise<string> {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const packages = ['jupyter-nbconvert', 'jupyter-client', 'jupyter-notebook'];
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  for (const args of [['update', '-qq'], install]) {
    const { status, output } = await runProgram('apt-get', args, { environment });
    if (status !== 0) return `apt-get failed (${lastLine(output)})`;
  }
  return '';
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Registers the kernel `tslab` (TypeScript, this Node.js, this checkout) in `.jupyter` and returns the environment in
 * which Jupyter finds it. Nothing is written outside the project.
 */
export async function registerKernel(root: string): Promise<NodeJS.ProcessEnv> {
  const folder = join(root, '.jupyter');
  const program = join(root, 'node_modules/tslab/bin/tslab');
  if (!(await exists(program))) {
    throw new InputError({
      what: 'the TypeScript kernel is not installed',
      where: 'node_modules/tslab',
      todo: 'Run npm ci.',
    });
  }
  const kernel = {
    argv: [process.execPath, program, 'kernel', '--config-path', '{connection_file}'],
    display_name: 'TypeScript',
    language: 'typescript',
  };
  await writeFileAtomic(join(folder, 'kernels/tslab/kernel.json'), `${JSON.stringify(kernel, null, 2)}\n`);
  const path = [folder, ...(process.env.JUPYTER_PATH?.split(delimiter) ?? [])].join(delimiter);
  return { ...process.env, JUPYTER_PATH: path };
}
