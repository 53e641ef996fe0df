/** What a run stands on: the peer's Python packages, and the code that is measured. */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from 'landlens/error';
import { runProgram } from '../tools/jupyter.js';

const isWindows = process.platform === 'win32';

/**
 * The Python of `.venv-bench`, made where it is missing or of other requirements. torch comes first and alone: see
 * requirements.txt.
 * @param report is told what takes long
 * @throws InputError where Python or pip fails
 */
export async function preparePython(root: string, report: (line: string) => void): Promise<string> {
  const folder = join(root, '.venv-bench');
  const python = join(folder, isWindows ? 'Scripts/python.exe' : 'bin/python');
  const requirements = join(root, 'bench/requirements.txt');
  const wanted = await readFile(requirements, 'utf8');
  const stamp = join(folder, 'installed.txt');
  if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted) return python;
  report('Installing PyTorch and Captum into .venv-bench (once, a minute or two, 1.3 GB)');
  await rm(folder, { recursive: true, force: true });
  const torch = wanted.split('\n').find((line) => line.startsWith('torch==')) ?? 'torch';
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  const steps: readonly (readonly [string, readonly string[]])[] = [
    [isWindows ? 'python' : 'python3', ['-m', 'venv', folder]],
    [python, [...pip, torch]],
    [python, [...pip, '-r', requirements]],
    [python, ['-c', 'import captum, sklearn, scipy, torch']],
  ];
  for (const [command, args] of steps) {
    const { status, output } = await runProgram(command, args);
    if (status === 0) continue;
    throw new InputError({
      what: `the peer could not be installed: ${output.trim().split('\n').at(-1)?.slice(0, 300) ?? ''}`,
      where: [command, ...args].join(' '),
      todo: 'It needs Python 3.11 or later with venv, and PyPI; then run the same command again.',
    });
  }
  // Written last: an installation that was interrupted begins anew.
  await writeFile(stamp, wanted);
  return python;
}

/** A digest of the compiled library and the benchmark: measurements of other code are not continued. */
export async function codeDigest(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of ['lib/dist', 'bench']) {
    const names = await readdir(join(root, folder), { recursive: true });
    for (const name of names
      .filter((path) => /\.(js|ts|py|txt)$/.test(path) && !path.endsWith('.d.ts'))
      .sort()) {
      hash.update(name).update(await readFile(join(root, folder, name)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
