/** `npm run lab`: opens JupyterLab with the TypeScript kernel of this project. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { runCommand } from '../command/commandLine.js';
import { findJupyter, registerKernel, runProgram } from './jupyter.js';
import { repositoryRoot, requireRepository } from './places.js';

runCommand(async (argv) => {
  requireRepository('npm run lab');
  const { command, source } = await findJupyter(repositoryRoot, { report: (line) => console.error(line) });
  const environment = await registerKernel(repositoryRoot);
  const hasLab = (await runProgram(command, ['lab', '--version'])).status === 0;
  console.error(`Jupyter ${source}${hasLab ? '' : '; it has no JupyterLab, so the classic notebook opens'}`);
  // Jupyter refuses to serve as root unless told to, as in a container.
  const asRoot = process.getuid?.() === 0 ? ['--allow-root'] : [];
  // JupyterLab would ask PyPI for a newer version at every start.
  const program = hasLab
    ? ['lab', '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate']
    : ['notebook'];
  const args = [...program, ...asRoot, ...argv, join(repositoryRoot, 'notebooks')];
  const server = spawn(command, args, { env: environment, stdio: 'inherit' });
  // Ctrl+C is Jupyter's to answer: it asks whether kernels shall be ended.
  process.on('SIGINT', () => undefined);
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.on('close', (code) => resolve(code ?? 0));
  });
});
